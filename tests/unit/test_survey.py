"""A question over many namespaces says what the answers pair by pair come to, and no more."""

from random import Random

import pytest

from onboarding.reachability.answering import Asking, ReportOptions
from onboarding.reachability.asking import Asked, Query, read_port
from onboarding.reachability.members import BadQuestion
from onboarding.reachability.model import Certainty, Direction, ForeignPolicy, Protocol, World
from onboarding.reachability.reading import Loaded
from onboarding.reachability.survey import Reach, survey
from tests.support.estates import REAL, pod, policy
from tests.support.random_worlds import WorldMaker

QUESTIONS = [
    Query(destination="internet", port=read_port("443")),
    Query(destination="internet"),
    Query(source="internet", port=read_port("80")),
    Query(destination="203.0.113.5", port=read_port("53/UDP")),
    Query(destination="10.1.0.99"),
    Query(destination="north", port=read_port("8080")),
    Query(source="south/app=web", port=read_port("80")),
    Query(source="north"),
]


def put(world: World, query: Query) -> Asked:
    return Asking(Loaded(world, ()), ReportOptions(query, assumes_pods=True)).asked


def pair_by_pair(asked: Asked, by: Direction) -> dict[str, Reach]:
    """The plain way: every answer of the command line, by the namespace of one end."""
    found: dict[str, set[tuple[bool, bool]]] = {}
    for answer in asked.answers():
        record = answer.record
        place = record.source if by is Direction.EGRESS else record.destination
        name = asked.estate.endpoints[place].namespace
        is_certain = record.verdict.certainty is Certainty.CERTAIN
        found.setdefault(name, set()).add((record.verdict.allowed, is_certain))
    return {name: _together(said) for name, said in found.items() if name}


def _together(said: set[tuple[bool, bool]]) -> Reach:
    if (True, True) in said:
        return Reach.CAN
    return Reach.UNSURE if any(not certain for _, certain in said) else Reach.CANNOT


@pytest.mark.parametrize("seed", range(40))
def test_sets_say_what_the_pairs_say(seed: int) -> None:
    chance = Random(seed)
    foreign = (ForeignPolicy("CiliumNetworkPolicy", "south"),) if seed % 4 == 0 else ()
    world = REAL.world(WorldMaker(chance).world(), foreign=foreign)
    for query in QUESTIONS:
        by = Direction.INGRESS if query.source else Direction.EGRESS
        try:
            asked = put(world, query)
        except BadQuestion:
            continue  # this world has no such namespace
        said = survey(asked, sorted(world.namespaces), by=by, most=10_000)
        assert {name: one.reach for name, one in said.answers.items()} == pair_by_pair(asked, by)


def test_the_rules_of_both_ends_are_told_and_the_ports() -> None:
    out = policy("north/out", podSelector={}, policyTypes=["Egress"], egress=[_to(443), _to(8443)])
    asked = put(_world(pod("north/a"), out), Query(destination="internet"))
    answer = survey(asked, ["north"], by=Direction.EGRESS, most=10).answers["north"]
    assert [str(rule) for rule in answer.rules] == ["north/out egress[0]", "north/out egress[1]"]
    assert {(first, last) for _, first, last in answer.ports} == {(443, 443), (8443, 8443)}


def test_what_rules_of_others_cut_is_one_range_where_nothing_is_closed() -> None:
    out = policy("north/out", podSelector={}, policyTypes=["Egress"], egress=[_to(443), _to(8443)])
    asked = put(_world(pod("north/a"), pod("south/a"), out), Query(destination="internet"))
    answer = survey(asked, ["south"], by=Direction.EGRESS, most=10).answers["south"]
    assert {(first, last) for _, first, last in answer.ports} == {(1, 65535)}
    assert len(answer.ports) == len(Protocol)


def test_the_pods_that_can_are_told_from_those_that_cannot() -> None:
    chosen = {"matchLabels": {"app": "web"}}
    closed = policy("north/closed", podSelector={}, policyTypes=["Egress"])
    out = policy("north/out", podSelector=chosen, policyTypes=["Egress"], egress=[_to(443)])
    pods = (pod("north/a", {"app": "web"}), pod("north/b", {"app": "db"}))
    asked = put(_world(*pods, closed, out), Query(destination="8.8.8.8", port=read_port("443")))
    answer = survey(asked, ["north"], by=Direction.EGRESS, most=10).answers["north"]
    assert [one.endpoint.labels for one in answer.pods] == [{"app": "web"}]
    assert {"app": "db"} in [one.endpoint.labels for one in answer.rest]


def test_what_is_too_much_is_named_and_not_answered() -> None:
    world = _world(pod("north/a"), pod("south/a"))
    asked = put(world, Query(destination="8.8.8.8", port=read_port("443")))
    said = survey(asked, ["north", "south"], by=Direction.EGRESS, most=1)
    assert (sorted(said.answers), said.left_out) == (["north"], ("south",))


def test_private_and_own_addresses_are_not_the_internet() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/8"}}
    rule = {"to": [block, {"ipBlock": {"cidr": "169.254.0.0/16"}}]}
    out = policy("north/out", podSelector={}, policyTypes=["Egress"], egress=[rule])
    asked = put(_world(pod("north/a"), out), Query(destination="internet"))
    said = survey(asked, ["north"], by=Direction.EGRESS, most=10)
    assert said.answers["north"].reach is Reach.CANNOT


def test_labels_that_no_policy_names_make_no_difference() -> None:
    world = _world(pod("north/a", {"owner": "x"}), pod("north/b", {"owner": "y"}))
    wanted = [put(world, Query(source=f"north/owner={one}")) for one in ("x", "y", "z")]
    assert len({frozenset(asked.sources) for asked in wanted}) == 1


def test_a_pod_with_labels_that_nobody_has_is_assumed() -> None:
    chosen = {"matchLabels": {"app": "web"}}
    rule = policy("north/in", podSelector=chosen, policyTypes=["Ingress"])
    world = _world(pod("north/a", {"app": "db"}), rule)
    [members] = put(world, Query(source="north/app=other")).sources.values()
    assert [one.kind for one in members] == ["assumed"]


def _world(*manifests: dict[str, object]) -> World:
    named = {str(one["metadata"]["namespace"]) for one in manifests}  # type: ignore[index]
    return REAL.world(
        [{"kind": "Namespace", "metadata": {"name": one}} for one in named] + [*manifests]
    )


def _to(port: int) -> dict[str, object]:
    return {
        "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}],
        "ports": [{"protocol": "TCP", "port": port}],
    }
