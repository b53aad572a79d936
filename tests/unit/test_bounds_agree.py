"""The engine and the plain evaluator agree on what escapes a bound, for openings of any shape."""

from itertools import product
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.reachability.bounds import Bound, Escape, read_bound, smallest_escape
from onboarding.reachability.endpoints import Endpoint
from onboarding.reachability.every_kind import worlds_of_every_kind
from onboarding.reachability.model import Policy, World
from onboarding.reachability.policies import read_policy
from tests.support.estates import Tree, named_port, pod, policy
from tests.support.plain_bound import PlainComparison
from tests.support.plain_evaluator import End, Port

OWN = "north"
QUESTIONS = 60
LABELS: tuple[Tree, ...] = ({}, {"app": "web"}, {"app": "api"}, {"app": "web", "tier": "front"})
BLOCKS: tuple[Tree, ...] = (
    {"cidr": "0.0.0.0/0"},
    {"cidr": "203.0.113.0/24", "except": ["203.0.113.64/26"]},
    {"cidr": "2001:db8::/32"},
)
ENDS: tuple[Any, ...] = (
    *({"own": labels} for labels in LABELS),
    *({"namespace": "south", "pods": labels} for labels in LABELS[:3]),
    *(
        {"addresses": one["cidr"], **({"except": one["except"]} if "except" in one else {})}
        for one in BLOCKS
    ),
    {"addresses": ["203.0.113.0/26", "203.0.113.128/25"]},
    "anything",
)
BOUND_PORTS: tuple[Any, ...] = (
    "any",
    [{"protocol": "TCP", "low": 80, "high": 90}],
    [{"protocol": "TCP", "low": 80, "high": 80}, {"protocol": "UDP", "low": 1, "high": 65535}],
)
SELECTORS: tuple[Tree, ...] = (
    *({"matchLabels": labels} for labels in LABELS),
    {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]},
    {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
    {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
)
SPACES: tuple[Tree, ...] = (
    {},
    {"matchLabels": {"kubernetes.io/metadata.name": "south"}},
    {"matchLabels": {"team": "red"}},
    {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["red"]}]},
)
PORT_LISTS: tuple[list[Tree] | None, ...] = (
    None,
    [{"port": 80}],
    [{"protocol": "TCP", "port": 80, "endPort": 91}],
    [{"protocol": "UDP"}, {"port": "http"}],
)
QUESTIONED: tuple[Port, ...] = (
    *(("TCP", number) for number in (1, 79, 80, 81, 90, 91, 8080)),
    *(("UDP", 53), ("SCTP", 80)),
)
OUTSIDE = ("203.0.113.5", "203.0.113.70", "198.51.100.9", "10.0.0.1", "2001:db8::1", "fd00::1")


def drawn_policy(chance: Random) -> Tree:
    """A policy of the opening's namespace, seldom of another, in one or both directions."""
    spec: Tree = {
        "podSelector": chance.choice(SELECTORS),
        "policyTypes": chance.choice([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
    }
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if chance.random() < 0.6:
            spec[direction] = [drawn_rule(chance, side)]
    # Sometimes it takes the place of the fence.
    name = chance.choice(["opened", "opened", "opened", "deny-all"])
    return policy(f"{chance.choice([OWN, OWN, OWN, 'south'])}/{name}", **spec)


def drawn_rule(chance: Random, side: str) -> Tree:
    peers: list[Tree] = [
        {"podSelector": chance.choice(SELECTORS)},
        {"namespaceSelector": chance.choice(SPACES), "podSelector": chance.choice(SELECTORS)},
        {"ipBlock": chance.choice(BLOCKS)},
    ]
    rule: Tree = {side: chance.sample(peers, chance.choice([0, 1, 1, 2]))}
    ports = chance.choice(PORT_LISTS)
    return rule | ({"ports": ports} if ports else {})


def drawn_reach(chance: Random) -> Tree:
    near = [{"own": labels} for labels in chance.sample(LABELS, chance.choice([1, 1, 2]))]
    far = chance.sample(ENDS, chance.choice([1, 2, 3]))
    ends = chance.choice([(near, far), (far, near)])
    return {"from": ends[0], "to": ends[1], "ports": chance.choice(BOUND_PORTS)}


def fence() -> Policy:
    return read_policy(policy(f"{OWN}/deny-all", policyTypes=["Ingress", "Egress"]))


def engine_escape(opened: Tree, bound: Bound) -> Escape | None:
    return smallest_escape([fence()], [read_policy(opened)], bound)


def everything(opened: Tree, bound: Bound) -> list[World]:
    return [*worlds_of_every_kind([fence(), read_policy(opened), *bound.policies], OWN)]


def as_end(endpoint: Endpoint, world: World) -> End:
    """An endpoint of the engine as the plain evaluator knows it."""
    if not endpoint.pods:
        return endpoint.ranges[0].partition("-")[0].partition("/")[0]
    one = endpoint.pods[0]
    return pod(
        f"{one.namespace}/p",
        one.labels,
        addresses=one.addresses or world.pod_ranges,
        ports=[named_port(at.name, at.number, at.protocol) for at in one.ports],
    )


def without_addresses(end: End) -> End:
    """The same for a plugin whose blocks hold no pods."""
    return end if isinstance(end, str) else {**end, "status": {"podIPs": []}}


def escapes(plain: PlainComparison, source: End, destination: End, port: Port) -> bool:
    """Tell it of either reading."""
    return plain.escapes(source, destination, port) or plain.escapes(
        without_addresses(source), without_addresses(destination), port
    )


def some_ends(chance: Random) -> list[End]:
    """Pods that nobody chose for these policies, and addresses."""
    ports: list[Any] = [[], [named_port("http", 80)], [named_port("http", 8080)]]
    kinds = product(("north", "south", "east"), (*LABELS, {"tier": "back", "app": "db"}))
    pods = [
        pod(
            f"{name}/p{number}",
            labels,
            addresses=[f"{chance.choice(['203.0.113', '10.1.0'])}.{number + 1}"],
            ports=chance.choice(ports),
        )
        for number, (name, labels) in enumerate(kinds)
    ]
    return [*pods, *OUTSIDE]


def plain(world_labels: dict[str, dict[str, str]], opened: Tree, reach: Tree) -> PlainComparison:
    return PlainComparison(world_labels, OWN, [opened], reach)


@settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_what_escapes_by_the_engine_escapes_by_the_plain_evaluator_too(chance: Random) -> None:
    opened, reach = drawn_policy(chance), drawn_reach(chance)
    bound = read_bound(reach, OWN)
    found = engine_escape(opened, bound)
    if found:
        port = found.protocol.value, found.port
        assert any(
            escapes(
                plain(
                    {name: dict(labels) for name, labels in world.namespaces.items()}, opened, reach
                ),
                as_end(found.source, world),
                as_end(found.destination, world),
                port,
            )
            for world in everything(opened, bound)
        ), str(found)


@settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_what_escapes_by_the_plain_evaluator_is_found_by_the_engine(chance: Random) -> None:
    opened, reach = drawn_policy(chance), drawn_reach(chance)
    ends = some_ends(chance)
    spaces = {"north": {}, "south": chance.choice([{}, {"team": "red"}]), "east": {"team": "blue"}}
    asked = plain(spaces, opened, reach)
    questions = [
        (chance.choice(ends), chance.choice(ends), chance.choice(QUESTIONED))
        for _ in range(QUESTIONS)
    ]
    outside = [one for one in questions if one[0] is not one[1] and escapes(asked, *one)]
    assert not outside or engine_escape(opened, read_bound(reach, OWN))
