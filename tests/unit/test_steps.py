"""What each approved step opens and closes is exactly what another evaluator says differs."""

import ipaddress
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, exposed
from onboarding.domain.objects import branch
from onboarding.domain.spec import NamespaceSpec, Scope
from onboarding.plan.model import Plan
from onboarding.queries.connectivity import policies_of
from onboarding.reachability.endpoints import Endpoint
from onboarding.reachability.model import Protocol
from onboarding.reachability.neighbourhood import Way
from onboarding.reachability.policies import read_policy
from onboarding.reachability.steps import ApprovedState, Lasting, Move, Steps, steps
from tests.support.estates import Tree, namespace, pod, policy
from tests.support.plain_evaluator import End, PlainEvaluator
from tests.support.random_worlds import Ingredients, WorldMaker
from tests.support.requests import NAME, plan_of, spec_of

PORTS = tuple(
    (protocol.value, number)
    for protocol in Protocol
    for number in (1, 52, 53, 54, 79, 80, 443, 444, 7000, 8080, 8081, 9090, 65535)
)
NARROW = spec_of()
WIDER = spec_of(openings=(exposed("ingress-nginx", "web", (8080, 9090)),))


def state_of(plan: Plan) -> ApprovedState:
    [home] = [one.manifest for one in plan.objects if one.key.kind == "Namespace"]
    labels = {key: str(value) for key, value in branch(home, "metadata", "labels").items()}
    return ApprovedState(labels, policies_of(plan))


def steps_of(*specs: NamespaceSpec | None) -> Steps:
    return steps(NAME, [state_of(plan_of(spec)) if spec else None for spec in specs])


def random_spec(chance: Random) -> NamespaceSpec:
    component, ports = chance.choice(["web", "api"]), chance.sample([80, 8080, 9090], 2)
    exposure = exposed("ingress-nginx", component, tuple(sorted(ports[: chance.randint(1, 2)])))
    return spec_of(
        scope=chance.choice([*Scope]),
        openings=(
            *chance.choice([(), (exposure,)]),
            *chance.choice([(), (INTERNET,), (ANYTHING,)]),
        ),
        project=chance.choice(["payments", "shop"]),
    )


def end_of(endpoint: Endpoint, place: int) -> End:
    if endpoint.pods:
        one = endpoint.pods[0]
        return pod(f"{one.namespace}/p{place}", one.labels, addresses=["10.250.0.1"])
    span = endpoint.spans[0]
    return str((ipaddress.IPv4Address if span.version == 4 else ipaddress.IPv6Address)(span.first))


def questions(found: Steps, own: str) -> Iterator[tuple[int, int]]:
    """Every (sender, receiver) that policies of the namespace say something about."""
    for source, sender in enumerate(found.endpoints):
        for target, taker in enumerate(found.endpoints):
            is_own = own in (sender.namespace, taker.namespace)
            if is_own and (source != target or sender.count > 1):
                yield source, target


def said(moves: Sequence[Move], own: tuple[bool, bool], pair: tuple[int, int], port: object) -> int:
    """What the moves say of one question: 1 opened, -1 closed, 0 nothing; never both."""
    source, target = pair
    way = Way.INSIDE if all(own) else Way.OUTWARD if own[0] else Way.INWARD
    near, far = (target, source) if way is Way.INWARD else (source, target)
    hits = [
        1 if move.opens else -1
        for move in moves
        if move.way is way
        and move.ours.members >> near & 1
        and move.peer_members >> far & 1
        and any((kind, first <= port[1] <= last) == (port[0], True)  # type: ignore[index]
                for kind, first, last in move.ports)
    ]  # fmt: skip
    assert len(hits) <= 1
    return sum(hits)


def check(found: Steps, own: str, manifests: Sequence[list[Tree] | None]) -> None:
    """Ask the plain evaluator about every step, pair and port."""
    ends = [end_of(endpoint, place) for place, endpoint in enumerate(found.endpoints)]
    plain = [PlainEvaluator(tuple(one)) if one else None for one in manifests]
    for moves, before, after in zip(found.moves, [None, *plain], plain, strict=False):
        for source, target in questions(found, own):
            asked = ends[source], ends[target]
            owned = tuple(found.endpoints[end].namespace == own for end in (source, target))
            for port in PORTS:
                was, is_now = (bool(one and one.allows(*asked, port)) for one in (before, after))
                told = said(moves, (owned[0], owned[1]), (source, target), port)
                assert told == is_now - was, (asked, port)


def world_around(found: Steps, own: str, **labels: str) -> list[Tree]:
    others = (namespace(name, **known) for name, known in found.others.items())
    return [namespace(own, **labels), *others]


@pytest.mark.parametrize("seed", range(25))
def test_the_moves_of_plans_are_what_differs(seed: int) -> None:
    chance = Random(seed)
    specs = [chance.choice([random_spec(chance), random_spec(chance), None]) for _ in range(4)]
    plans = [plan_of(spec) if spec else None for spec in specs]
    found = steps_of(*specs)
    manifests = [
        [*world_around(found, NAME), *plan.manifests()] if plan else None for plan in plans
    ]
    check(found, NAME, manifests)


@pytest.mark.parametrize("seed", range(40))
def test_the_moves_of_any_policies_are_what_differs(seed: int) -> None:
    """Selectors that no assumed pod could satisfy still say nothing wrong of those assumed."""
    having = Ingredients(policies=3)
    worlds = [WorldMaker(Random(seed * 100 + number), having).world() for number in range(3)]
    own = [[*policies_within(world)] for world in worlds]
    states = [ApprovedState({"team": "red"}, tuple(map(read_policy, world))) for world in own]
    found = steps("north", states)
    around = world_around(found, "north", team="red")
    check(found, "north", [[*around, *world] for world in own])


def policies_within(world: list[Tree]) -> Iterator[Tree]:
    """The policies as if of the namespace that is looked at; assumed pods are in no block."""
    for number, one in enumerate(world):
        if one["kind"] == "NetworkPolicy" and "ipBlock" not in str(one):
            yield policy(f"north/policy{number}", **one["spec"])


def test_the_first_step_opens_what_the_namespace_begins_with() -> None:
    [moves] = steps_of(NARROW).moves
    assert all(move.opens for move in moves)
    assert {(move.way, move.ports) for move in moves if move.way is not Way.INSIDE} == {
        (Way.INWARD, ((Protocol.TCP, 8080, 8080),)),
        (Way.OUTWARD, ((Protocol.TCP, 53, 53), (Protocol.UDP, 53, 53))),
    }


def test_one_more_port_is_one_move() -> None:
    [move] = steps_of(NARROW, WIDER).moves[1]
    assert (move.opens, move.way, move.ports) == (True, Way.INWARD, ((Protocol.TCP, 9090, 9090),))
    assert dict(move.ours.labels) == {"app": "web", "project": "payments"}
    assert [peer.namespaces for peer in move.peers] == [("ingress-nginx",)]


def test_a_step_that_changes_no_policy_moves_nothing() -> None:
    assert steps_of(NARROW, spec_of(size="large")).moves[1] == ()


def test_what_ends_closes_everything_and_what_comes_back_opens_it() -> None:
    first, end, again = steps_of(NARROW, None, NARROW).moves
    assert {move.opens for move in end} == {False}
    assert [(one.way, one.ports) for one in again] == [(one.way, one.ports) for one in first]


@pytest.mark.parametrize(
    ("later", "lasting"),
    [(NARROW, Lasting.WHOLE), (spec_of(openings=()), Lasting.NOT), (None, Lasting.NOT),
     (WIDER.changed(openings=(exposed("ingress-nginx", "web", (8080,)),)), Lasting.WHOLE)],
)  # fmt: skip
def test_what_was_opened_is_told_by_whether_it_still_is(
    later: NamespaceSpec | None, lasting: Lasting
) -> None:
    moves = steps_of(NARROW, WIDER, later).moves[0]
    assert {move.lasting for move in moves if move.way is Way.INWARD} == {lasting}


def test_half_of_what_was_opened_may_still_be() -> None:
    narrower = spec_of(openings=(exposed("ingress-nginx", "web", (9090,)),))
    moves = steps_of(WIDER, narrower).moves[0]
    assert {move.lasting for move in moves if move.way is Way.INWARD} == {Lasting.PART}


def test_what_was_never_there_has_no_moves() -> None:
    assert steps_of(None, None) == Steps((), {}, ((), ()))
