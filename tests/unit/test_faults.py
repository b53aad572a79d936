"""docs/faults.md names tests that there are, and no fault without one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAULTS = (ROOT / "docs" / "faults.md").read_text()
TEST = re.compile(r"`(\w+(?:/\w+)*\.py)::(test_\w+)`")
REFERS = "the first row of"


def faults() -> Iterator[tuple[str, str]]:
    """Each row of the tables: the fault, and what shows that it is survived."""
    for line in FAULTS.splitlines():
        if line.startswith("| ") and not line.startswith("| fault |"):
            fault, _, shown = (cell.strip() for cell in line.strip("|").split(" | "))
            yield fault, shown


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("fault", "shown"), [*faults()])
def test_each_fault_names_tests_that_there_are(fault: str, shown: str) -> None:
    named = TEST.findall(shown)
    assert named or shown.startswith(REFERS), fault
    for path, function in named:
        assert function in functions_of(ROOT / "tests" / path), f"{path} has no {function}"


def test_nothing_that_looks_like_a_test_is_left_out_of_it() -> None:
    assert len(re.findall(r"::", FAULTS)) == sum(len(TEST.findall(shown)) for _, shown in faults())


def test_every_test_of_a_killed_or_frozen_part_has_its_row() -> None:
    named = {function for _, shown in faults() for _, function in TEST.findall(shown)}
    path = ROOT / "tests" / "chaos" / "test_what_held.py"
    tests = {name for name in functions_of(path) if name.startswith("test_")}
    assert tests <= named
