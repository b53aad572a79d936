"""The engine against network-config-analyzer 2.1.0, an independent reading of the same API.

Worlds are random within what it takes. Its reading of ipBlocks is one that the specification
leaves open, so the comparison asks our engine for that reading. Where it differs for any other
reason the case stands below with the reason, and the random worlds leave it out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from onboarding.reachability.compiled import Reading
from tests.differential.analyzer import Connections, ask_analyzer
from tests.support.estates import (
    Tree,
    class_of,
    estate_of,
    named_port,
    namespace,
    place_of,
    pod,
    policy,
    verdict,
)
from tests.support.plain_evaluator import PlainEvaluator
from tests.support.random_worlds import OUTSIDE, PORTS, Ingredients, WorldMaker, ends_of

SEEDS = range(400)
WHAT_IT_TAKES = Ingredients(
    hosts=False, loose_fields=False, empty_values=False, key_peers=False, shared_names=False
)


def differences(manifests: list[Tree], theirs: Connections) -> Iterator[tuple[Any, ...]]:
    """Every pair and port on which the two answer differently; addresses at either end too."""
    estate = estate_of(manifests)
    pods = [end for end in ends_of(manifests) if "/" in end]
    pairs = [(one, other) for one in pods for other in [*pods, *OUTSIDE] if one != other]
    pairs += [(outside, one) for one in pods for outside in OUTSIDE]
    places = {end: place_of(estate, end) for end in [*pods, *OUTSIDE]}
    for protocol, number in PORTS:
        rows = estate.rows(
            class_of(estate, f"{number}/{protocol}"), reading=Reading.BLOCKS_MISS_PODS
        )
        for source, destination in pairs:
            ours = bool(rows[places[source]] >> places[destination] & 1)
            if ours != theirs.allows(source, destination, (protocol, number)):
                yield source, destination, number, protocol, ours


def test_both_allow_the_same_on_every_pair_and_port_of_random_worlds() -> None:
    worlds = [WorldMaker(Random(seed), WHAT_IT_TAKES).world() for seed in SEEDS]
    answers = ask_analyzer(worlds)
    assert [one.refused for one in answers if one.refused] == []
    found = {
        seed: list(differences(world, theirs))
        for seed, world, theirs in zip(SEEDS, worlds, answers, strict=True)
    }
    assert {seed: differing for seed, differing in found.items() if differing} == {}


@dataclass(frozen=True)
class Disagreement:
    """One question the two answer differently, and why ours stands."""

    why: str
    policy: Tree
    source: str
    destination: str
    port: str
    ours: bool

    def __str__(self) -> str:
        return self.why


WORLD = [
    namespace("north", team="red"),
    namespace("south"),
    pod("north/web", {"app": "web"}, ports=[named_port("dns", 53, "UDP"), named_port("dns", 53)]),
    pod("north/api", {"app": "api"}, addresses=["10.1.0.7"]),
    pod("south/web", {"app": "web"}),
]
DISAGREEMENTS = [
    Disagreement(
        "it looks for a label's key in the policy's own namespace, whatever namespaces are named",
        policy("north/one", podSelector={}, policyTypes=["Ingress"], ingress=[{"from": [{
            "namespaceSelector": {},
            "podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
        }]}]),
        *("south/web", "north/web", "80/TCP"),
        ours=True,
    ),
    Disagreement(
        "it reads a label that a namespace does not have as one with an empty value",
        policy("north/one", podSelector={}, policyTypes=["Ingress"], ingress=[{"from": [{
            "namespaceSelector": {
                "matchExpressions": [{"key": "team", "operator": "In", "values": [""]}]
            },
        }]}]),
        *("south/web", "north/web", "80/TCP"),
        ours=False,
    ),
    Disagreement(
        "it keeps one port of each name, though one name may stand for a port of each protocol",
        policy("north/one", podSelector={}, policyTypes=["Ingress"], ingress=[{"ports": [
            {"protocol": "UDP", "port": "dns"},
        ]}]),
        *("south/web", "north/web", "53/UDP"),
        ours=True,
    ),
    Disagreement(
        "it isolates egress for an empty list of egress rules though policyTypes is missing",
        policy("north/one", podSelector={}, ingress=[{}], egress=[]),
        *("north/web", "south/web", "80/TCP"),
        ours=True,
    ),
    Disagreement(
        "it never matches a block to a pod, which the specification leaves to the plugin",
        policy("north/one", podSelector={}, policyTypes=["Ingress"], ingress=[{"from": [
            {"ipBlock": {"cidr": "10.0.0.0/8"}},
        ]}]),
        *("north/api", "north/web", "80/TCP"),
        ours=True,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", DISAGREEMENTS, ids=str)
def test_where_it_differs_the_plain_evaluator_says_what_we_say(case: Disagreement) -> None:
    manifests = [*WORLD, case.policy]
    number, protocol = case.port.split("/")
    ends, port = ends_of(manifests), (protocol, int(number))
    plain = PlainEvaluator(manifests).allows(ends[case.source], ends[case.destination], port)
    said = verdict(estate_of(manifests), case.source, case.destination, case.port)
    assert plain == said.allowed == case.ours
    [theirs] = ask_analyzer([manifests])
    assert theirs.allows(case.source, case.destination, port) != case.ours


REFUSED = {
    "policy types in the other order": {"podSelector": {}, "policyTypes": ["Egress", "Ingress"]},
    "no podSelector": {"policyTypes": ["Ingress"]},
    "rules of a direction not listed": {
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "egress": [],
    },
}


@pytest.mark.parametrize("spec", REFUSED.values(), ids=REFUSED)
def test_what_it_refuses_the_api_allows_and_so_do_we(spec: Tree) -> None:
    manifests = [*WORLD, policy("north/one", **spec)]
    [theirs] = ask_analyzer([manifests])
    assert theirs.refused
    assert not verdict(estate_of(manifests), "south/web", "north/web", "80/TCP").allowed


def test_a_difference_would_be_found() -> None:
    """The comparison itself: an answer to another world is not taken for agreement."""
    [open_world] = ask_analyzer([WORLD])
    closed = [*WORLD, policy("north/one", podSelector={}, policyTypes=["Ingress"])]
    assert list(differences(WORLD, open_world)) == []
    assert list(differences(closed, open_world)) != []
