"""The list of guards stays true: each seam is there once, and each noticing test exists."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.guard_mutants import MUTANTS, GuardMutant
from tests.support.mutation import target_of, unnoticed, without

ROOT = Path(__file__).parents[2]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_each_guard_can_be_taken_out_and_is_put_back(mutant: GuardMutant) -> None:
    function = target_of(mutant).function
    real = function.__code__
    with without(mutant):
        assert function.__code__ is not real
    assert function.__code__ is real


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_each_guard_has_its_test(mutant: GuardMutant) -> None:
    path, _, name = mutant.noticed_by.partition("::")
    assert name.rpartition("::")[2].partition("[")[0] in functions_of(ROOT / path)


def test_no_guard_is_listed_twice() -> None:
    assert len({mutant.guard for mutant in MUTANTS}) == len(MUTANTS)


def test_a_guard_that_names_parameters_its_test_does_not_have_is_told() -> None:
    named = replace(MUTANTS[0], noticed_by="tests/unit/test_x.py::test_one[that]")
    tests = {"tests/unit/test_x.py::test_one"}
    assert unnoticed([named], tests, ["tests"]) == [named.noticed_by]
    assert unnoticed([named], tests, []) == [named.noticed_by]
    assert unnoticed([named], {"tests/unit/test_x.py::test_two"}, ["tests"]) == []
    assert unnoticed([named], tests, ["tests/unit/test_x.py::test_one[other]"]) == []
