"""Folders, files and standard input → Kubernetes objects that know where they were written.

Second step of the command line, after `documents.py`: finds the texts, opens Lists, and gathers
every mistake of every file, because nothing is answered from half a folder.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from onboarding.domain.objects import Json, Manifest, text
from onboarding.reachability.documents import BrokenText, Document, Lines, documents, lines

ENDINGS = (".yaml", ".yml", ".json")
STANDARD_INPUT = "-"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
# Files that live beside manifests and change them, so reading what is beside them would mislead.
_RECIPES = {
    "kustomization.yaml": "give what `kubectl kustomize` makes of the folder",
    "kustomization.yml": "give what `kubectl kustomize` makes of the folder",
    "Chart.yaml": "give what `helm template` makes of the chart",
    "values.yaml": "give what `helm template` makes of the chart",
}


class BadInput(ValueError):
    """What was given cannot be answered from. `problems` has a line for each mistake."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Source:
    """One text and what people call it."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> Lines:
        """Return where each field of each document stands."""
        return lines(self.text)


@dataclass(frozen=True)
class LocatedObject:
    """An object, and where it was written: `path` leads to it inside its document."""

    manifest: Manifest
    source: Source
    document: Document
    path: str = ""

    def place(self, path: str = "") -> str:
        """Return e.g. `web.yaml:12`: the line of a field, or of the nearest one around it."""
        known = self.source.lines.get(self.document.line, {})
        wanted = ".".join(part for part in (self.path, path) if part)
        around = [one for one in known if _is_within(wanted, one)]
        line = known[max(around, key=len)] if around else self.document.line
        return f"{self.source.name}:{line}"

    def problem(self, path: str, words: str) -> str:
        """Return a mistake in one of its fields as a line for people."""
        return f"{self.place(path)}: {path}: {words}"


@dataclass
class Findings:
    """What reading came to: objects, what people should know, and what must be mended."""

    objects: list[LocatedObject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def find_objects(path: str) -> Findings:
    """Return every object in a folder, a file or standard input (`-`), with Lists opened."""
    findings = Findings()
    for source in _sources(path, findings):
        try:
            for document in documents(source.text):
                findings.objects.extend(_opened(source, document, findings))
        except BrokenText as error:
            hint = _RECIPES.get(Path(source.name).name)
            more = f" ({hint})" if hint else ""
            findings.problems.append(f"{source.name}:{error.line}: {error}{more}")
    return findings


def _is_within(path: str, outer: str) -> bool:
    if path == outer or not outer:
        return True
    return path.startswith(outer) and path[len(outer)] in ".["


def _sources(path: str, findings: Findings) -> Iterator[Source]:
    if path == STANDARD_INPUT:
        yield from _decoded("standard input", sys.stdin.buffer.read(), findings)
        return
    for file in _files(Path(path), findings):
        try:
            content = file.read_bytes()
        except OSError as error:
            findings.problems.append(f"{file}: cannot be read: {error.strerror}")
            continue
        yield from _decoded(str(file), content, findings)


def _decoded(name: str, content: bytes, findings: Findings) -> Iterator[Source]:
    """Take UTF-8, and UTF-16 where it says so: some shells write that."""
    encoding = "utf-16" if content.startswith(_WIDE) else "utf-8-sig"
    try:
        yield Source(name, content.decode(encoding))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        findings.problems.append(f"{name}:{line}: this is not UTF-8 text")


def _files(path: Path, findings: Findings) -> list[Path]:
    """Return the files to read, in order of their names. What is passed over gets a note."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        findings.problems.append(f"{path}: there is no such file or folder")
        return []
    every = sorted(_walk(path, findings))
    files = [file for file in every if file.suffix.lower() in ENDINGS]
    passed = len(every) - len(files)
    if passed:
        findings.notes.append(
            f"not read: {_count(passed, 'file')} with another ending than {_ENDINGS}"
        )
    if not files:
        findings.problems.append(f"{path}: holds no file that ends in {_ENDINGS}")
    return files


_ENDINGS = ", ".join(ENDINGS)


def _walk(folder: Path, findings: Findings) -> Iterator[Path]:
    """Yield the files below a folder; links are followed, each folder is entered once."""
    entered: set[str] = set()
    hidden = 0

    def refused(error: OSError) -> None:
        findings.problems.append(f"{error.filename}: cannot be read: {error.strerror}")

    for place, folders, names in os.walk(folder, followlinks=True, onerror=refused):
        if (real := os.path.realpath(place)) in entered:
            folders.clear()
            continue
        entered.add(real)
        hidden += sum(name.startswith(".") for name in (*folders, *names))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in names if not name.startswith("."))
    if hidden:
        findings.notes.append(f"not read: {_count(hidden, 'hidden file or folder')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun.replace(' or ', 's or ')}s"


def _opened(source: Source, document: Document, findings: Findings) -> Iterator[LocatedObject]:
    """Yield the objects of a document: itself, or what it lists, however deep."""
    waiting = [LocatedObject({}, source, document)], [document.tree]
    founds, trees = waiting
    while trees:
        found, tree = founds.pop(), trees.pop()
        if not isinstance(tree, dict):
            findings.problems.append(
                f"{found.place()}: {_path(found)}this is not a Kubernetes object"
            )
            continue
        listed = _listed(tree)
        if listed is None:
            yield from _checked(LocatedObject(tree, source, document, found.path), findings)
            continue
        prefix = f"{found.path}.items" if found.path else "items"
        for number in reversed(range(len(listed))):
            founds.append(LocatedObject({}, source, document, f"{prefix}[{number}]"))
            trees.append(listed[number])


def _path(found: LocatedObject) -> str:
    return f"{found.path}: " if found.path else ""


def _listed(tree: Manifest) -> list[Json] | None:
    """Return the items of a List, with kind and apiVersion where a typed one lets them out."""
    kind = text(tree, "kind")
    if not kind.endswith("List") or "items" not in tree or text(tree, "metadata", "name"):
        return None
    items = tree["items"] if isinstance(tree["items"], list) else []
    given: Manifest = {}
    if kind != "List":
        given = {"apiVersion": tree.get("apiVersion"), "kind": kind.removesuffix("List")}
    return [{**given, **item} if isinstance(item, dict) else item for item in items]


def _checked(found: LocatedObject, findings: Findings) -> Iterator[LocatedObject]:
    """Yield an object that says what it is; else note the problem."""
    manifest = found.manifest
    metadata = manifest.get("metadata")
    named = {
        "kind": manifest.get("kind"),
        "apiVersion": manifest.get("apiVersion"),
        "metadata.name": metadata.get("name") if isinstance(metadata, dict) else None,
    }
    for path, value in named.items():
        if not isinstance(value, str) or not value:
            findings.problems.append(found.problem(path, _missing(value, found)))
            return
    yield found


def _missing(value: Json, found: LocatedObject) -> str:
    if value not in (None, ""):
        return f"{value!r} is not text; put it in quotes"
    hint = _RECIPES.get(Path(found.source.name).name)
    return f"missing; every object needs it ({hint})" if hint else "missing; every object needs it"
