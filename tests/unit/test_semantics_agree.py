"""Two evaluators that share no line agree on random worlds: on every pair, port and protocol."""

from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.reachability.sets import places
from tests.support.estates import REAL, Engine, Tree, class_of, estate_of, place_of
from tests.support.mutant_engine import mutant
from tests.support.plain_evaluator import PlainEvaluator
from tests.support.random_worlds import PORTS, WorldMaker, ends_of
from tests.unit.test_mutants import MUTANTS, Mutant

EXAMPLES = 150
SEEDS = range(150)


def disagreements(manifests: list[Tree], engine: Engine = REAL) -> list[tuple[Any, ...]]:
    """Every question that the engine's verdicts, its bits and the plain evaluator differ on."""
    plain, estate = PlainEvaluator(manifests), engine.build(manifests)
    ends = ends_of(manifests)
    at = {name: place_of(estate, name) for name in ends}
    found = []
    for protocol, number in PORTS:
        rows = estate.rows(class_of(estate, f"{number}/{protocol}"))
        for source, destination in questions(ends):
            expected = plain.allows(ends[source], ends[destination], (protocol, number))
            bits = bool(rows[at[source]] >> at[destination] & 1)
            question = at[source], at[destination], engine.model.Protocol(protocol), number
            said = estate.verdict(*question).allowed
            if not expected == bits == said:
                asked = (source, destination, number, protocol)
                found.append((*asked, {"plain": expected, "bits": bits, "verdict": said}))
    return found


def strays(manifests: list[Tree]) -> list[tuple[str, int]]:
    """Every namespace and port class whose own answer is not its part of the whole answer."""
    estate = estate_of(manifests)
    found = []
    for name, own in estate.layout.namespaces.items():
        for number, around in enumerate(estate.around(name)):
            rows = estate.rows(number)
            outward = {place: rows[place] for place in places(own)}
            inward = {place: senders_to(place, rows) for place in places(own)}
            if (around.outward, around.inward) != (outward, inward):
                found.append((name, number))
    return found


def senders_to(place: int, rows: list[int]) -> int:
    return sum(1 << sender for sender, row in enumerate(rows) if row >> place & 1)


def questions(ends: dict[str, Any]) -> list[tuple[str, str]]:
    """Ordered pairs of which at least one end is a pod: policies speak of nothing else."""
    return [
        (source, destination)
        for source in ends
        for destination in ends
        if source != destination and "/" in source + destination
    ]


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_the_engine_and_the_plain_evaluator_agree_wherever_hypothesis_looks(chance: Random) -> None:
    assert disagreements(WorldMaker(chance).world()) == []


def test_the_engine_and_the_plain_evaluator_agree_on_worlds_with_many_policies() -> None:
    worlds = (WorldMaker(Random(seed)).world() for seed in SEEDS)
    assert [found for world in worlds for found in disagreements(world)] == []


def test_one_namespaces_answer_is_its_part_of_the_whole() -> None:
    worlds = (WorldMaker(Random(seed)).world() for seed in SEEDS)
    assert [found for world in worlds for found in strays(world)] == []


def test_a_pairs_verdicts_are_those_of_its_port_classes() -> None:
    for seed in SEEDS:
        estate = estate_of(WorldMaker(Random(seed)).world())
        classes = [found.example for found in estate.port_classes]
        everybody = range(len(estate.endpoints))
        for source, destination in product(everybody, everybody):
            each = [estate.verdict(source, destination, *one) for one in classes]
            assert estate.verdicts(source, destination) == each, (seed, source, destination)


# One of each module that the engine answers from.
FAULTS = [
    one
    for one in MUTANTS
    if one.misreading
    in {
        "the broadcast address is not in the block",
        "a name is one number everywhere",
        "every node always gets in",
        "missing policyTypes always mean both",
        "NotIn wants the key",
    }
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_random_worlds_would_notice_a_fault(fault: Mutant) -> None:
    faulty = mutant(fault.module, fault.old, fault.new)
    worlds = (WorldMaker(Random(seed)).world() for seed in SEEDS)
    assert any(disagreements(world, faulty) for world in worlds)
