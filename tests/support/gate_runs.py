"""A case of the gate → a folder and the arguments that ask about it."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.support.estates import Tree
from tests.support.gate_cases import GateCase


def written(folder: Path, objects: Sequence[Tree]) -> str:
    """Write objects to one file and return its path."""
    path = folder / "in.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    return str(path)


def arguments(case: GateCase) -> tuple[str, ...]:
    """Return what the command line is asked."""
    source, destination, port = case.question
    asked = ("--from", source, "--to", destination, "--port", port)
    return (*asked, "--expect", case.expected)
