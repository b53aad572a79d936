"""One text of YAML or JSON → its documents as trees, read the way kubectl reads them.

First step of the command line: `files.py` finds the texts, `reading.py` makes a world of what is in
them. Read from parser events and without recursion, so neither depth nor aliases can blow it up.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.scalars import NotPlain, key_text, scalar

Lines: TypeAlias = dict[int, dict[str, int]]
MOST_DEPTH = 100
MOST_COPIED = 1_000_000
_TEMPLATE_HINT = "; this looks like a template: give what `helm template` or the like makes of it"


class BrokenText(ValueError):
    """The text is not YAML or JSON that kubectl would read. `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True)
class Document:
    """One document of a text; `line` is where it begins."""

    tree: Json
    line: int


def documents(text: str) -> list[Document]:
    """Return the documents of a text, empty ones left out. Raise BrokenText."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return list(_json_documents(text))
        except (ValueError, RecursionError):
            pass  # flow-style YAML looks the same, and the YAML reader words mistakes better
    return [document for document in _yaml_documents(text) if document.tree is not None]


def lines(text: str) -> Lines:
    """Return the line of each field, by its path, for each document by the line it begins at.

    Paths read like `spec.egress[0].to`. Reads the text a second time, so ask only to say where a
    mistake is. JSON that is not YAML has no lines.
    """
    found: Lines = {}
    try:
        for _ in _yaml_documents(text, found):
            pass
    except BrokenText:
        pass  # the documents before the broken place have theirs; else a document's own has to do
    return found


def _json_documents(text: str) -> Iterator[Document]:
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
    at, line, counted = _after_space(text, 0), 1, 0
    while at < len(text):
        line, counted = line + text.count("\n", counted, at), at
        tree, end = decoder.raw_decode(text, at)
        yield Document(tree, line)
        at = _after_space(text, end)


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _unique(pairs: list[tuple[str, Json]]) -> Manifest:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("a field is given twice")
    return tree


def _no_constant(word: str) -> Json:
    raise ValueError(f"{word} is not valid JSON")


@dataclass
class _Frame:
    """A mapping or list that is being read. `size` counts its values with aliases written out."""

    value: dict[str, Json] | list[Json]
    path: str
    anchor: str | None
    key: str | None = None
    size: int = 1
    merged: list[Json] = field(default_factory=list)

    def next_path(self) -> str:
        """Return the path of the value that comes next."""
        if isinstance(self.value, list):
            return f"{self.path}[{len(self.value)}]"
        return f"{self.path}.{self.key}" if self.path else str(self.key)


def _yaml_documents(text: str, found: Lines | None = None) -> Iterator[Document]:
    reader = _Reader(text, found)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            kind = type(event)
            if kind is yaml.DocumentStartEvent:
                reader.begin()
            elif kind is yaml.DocumentEndEvent:
                yield Document(reader.tree, reader.line)
            elif kind not in _OUTSIDE:
                reader.take(event)
    except yaml.YAMLError as error:
        raise _broken(error, text) from error


_OUTSIDE = (yaml.StreamStartEvent, yaml.StreamEndEvent)


def _broken(error: yaml.YAMLError, text: str) -> BrokenText:
    """Put the parser's complaint into one line."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = [getattr(error, "context", None), getattr(error, "problem", None)]
    words = ", ".join(part for part in said if part) or str(error).splitlines()[0]
    hint = _TEMPLATE_HINT if "{{" in text else ""
    return BrokenText(mark.line + 1 if mark else 1, f"this is not valid YAML: {words}{hint}")


class _Reader:
    """Builds one document at a time from parser events."""

    def __init__(self, text: str, lines: Lines | None) -> None:
        self._text = text
        self._lines = lines
        self.begin()

    def begin(self) -> None:
        """Start the next document."""
        self.tree: Json = None
        self.line = 0
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._copied = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the document. Raise BrokenText."""
        self.line = self.line or _line(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open([], event)
        else:
            self._close(event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        try:
            if frame and frame.key is None and isinstance(frame.value, dict):
                self._key(key_text(event), frame, event)
                return
            value = scalar(event)
        except NotPlain as error:
            raise BrokenText(_line(event), str(error)) from error
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, event)

    def _key(self, key: str, frame: _Frame, event: yaml.Event) -> None:
        if key in frame.value:
            path = f"{frame.path}.{key}" if frame.path else key
            raise BrokenText(_line(event), f"{path}: this field is given twice")
        frame.key = key
        self._note(frame.next_path(), event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise BrokenText(_line(event), f"*{event.anchor} stands for nothing that ends above it")
        value, size = self._anchors[event.anchor]
        self._copied += size
        if self._copied > MOST_COPIED:
            raise BrokenText(
                _line(event),
                f"aliases write out to more than {MOST_COPIED:,} values; that is the most",
            )
        self._place(value, event, size=size)

    def _open(self, value: dict[str, Json] | list[Json], event: yaml.CollectionStartEvent) -> None:
        parent = self._frames[-1] if self._frames else None
        if parent and parent.key is None and isinstance(parent.value, dict):
            hint = _TEMPLATE_HINT if "{{" in self._text else ""
            raise BrokenText(_line(event), f"a field's name must be text{hint}")
        if len(self._frames) == MOST_DEPTH:
            raise BrokenText(_line(event), f"nested deeper than {MOST_DEPTH} levels")
        path = parent.next_path() if parent else ""
        if not parent or isinstance(parent.value, list):
            self._note(path, event)
        self._frames.append(_Frame(value, path, event.anchor))

    def _close(self, event: yaml.Event) -> None:
        frame = self._frames.pop()
        if isinstance(frame.value, dict):
            for merged in reversed(frame.merged):
                frame.value = {**_merged(merged, event), **frame.value}
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.size)
        self._place(frame.value, event, size=frame.size, noted=True)

    def _place(self, value: Json, event: yaml.Event, *, size: int = 1, noted: bool = False) -> None:
        """Put a finished value where it belongs."""
        if not self._frames:
            self.tree = value
            return
        frame = self._frames[-1]
        frame.size += size
        if isinstance(frame.value, list):
            if not noted:
                self._note(frame.next_path(), event)
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key is None:
            raise BrokenText(_line(event), "a field's name must be text")
        if key == "<<":
            frame.merged.extend(value if isinstance(value, list) else [value])
        else:
            frame.value[key] = value

    def _note(self, path: str, event: yaml.Event) -> None:
        if self._lines is not None:
            self._lines.setdefault(self.line, {})[path] = _line(event)


def _merged(value: Json, event: yaml.Event) -> Manifest:
    if not isinstance(value, dict):
        raise BrokenText(_line(event), "<<: only fields can be merged in")
    return value


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
