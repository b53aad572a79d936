"""Migrations never change once they are noted: `python -m devtools.migrations` says which did.

A database was made by what a migration said when it was applied, and nobody applies it again: one
that is edited makes databases that differ, without a word. So the SHA-256 of each is noted beside
them, in the form of sha256sum(1). `./dev note-migrations` adds those that are new, and no other.

A sum says nothing about what a migration calls. So it calls nothing of ours that may change:
what it needs stands in it.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from devtools.places import ROOT

FOLDER = ROOT / "onboarding" / "migrations"
SUMS = "SHA256SUMS"
# What Django itself writes into a migration: choices and defaults, by name.
BY_NAME = ("onboarding.models", "onboarding.domain")
# Noted before this was asked. That what it seals can be opened, test_sealed_seeds.py holds.
LIVES_WITH_IT = frozenset({"0021_sealed_second_factors.py"})
AS_NOTED = "a migration is not edited once it is noted: put it back, and say the rest in a new one"


def main() -> int:
    """Name what is not as it was noted."""
    complaints = [*check(FOLDER)]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def note_new() -> int:
    """Note the migrations that are new. Refuse while one that was noted differs."""
    changed = [*_changed(FOLDER)]
    for complaint in changed:
        print(complaint)
    if changed:
        return 1
    for name in note(FOLDER):
        print(f"noted {name}")
    return 0


def check(folder: Path) -> Iterator[str]:
    """Say what differs from its note, is gone, or was not noted yet."""
    yield from _changed(folder)
    for name in _new(folder):
        yield f"{folder.name}/{name} is not noted: ./dev note-migrations"
    yield from _what_may_change(folder)


def note(folder: Path) -> list[str]:
    """Add the sums of new migrations; return their names. What is noted stays as it is."""
    added = {name: sum_of(folder / name) for name in _new(folder)}
    lines = sorted((noted(folder) | added).items())
    (folder / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in lines))
    return [*added]


def noted(folder: Path) -> dict[str, str]:
    """Return the sum of each migration that was noted, by its file's name."""
    path = folder / SUMS
    lines = path.read_text().splitlines() if path.exists() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _changed(folder: Path) -> Iterator[str]:
    for name, digest in noted(folder).items():
        if not (folder / name).exists():
            yield f"{folder.name}/{name} is gone; {AS_NOTED}"
        elif sum_of(folder / name) != digest:
            yield f"{folder.name}/{name} was changed; {AS_NOTED}"


def _what_may_change(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("[0-9]*.py")):
        for module in _ours(path) if path.name not in LIVES_WITH_IT else ():
            yield (
                f"{folder.name}/{path.name} imports {module}, which may change: "
                "what a migration does stands in it"
            )


def _ours(path: Path) -> Iterator[str]:
    """Yield what a migration imports of the product, but for what Django writes there."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                imported = [one.name for one in names]
            case ast.ImportFrom(module=str(module), level=0):
                imported = [module]
            case ast.ImportFrom():
                imported = [f"onboarding.{node.module or 'migrations'}"]
            case _:
                continue
        yield from (
            one
            for one in imported
            if one.partition(".")[0] in {"onboarding", "portal"} and not one.startswith(BY_NAME)
        )


def _new(folder: Path) -> list[str]:
    there = sorted(path.name for path in folder.glob("[0-9]*.py"))
    return [name for name in there if name not in noted(folder)]


if __name__ == "__main__":
    sys.exit(main())
