"""Two revisions side by side: a sentence on what differs, then the lines, unchanged ones folded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby, zip_longest

from onboarding.models import ManagedNamespace, Revision
from onboarding.plan.model import load_plan
from onboarding.plan.render_yaml import render_documents
from onboarding.queries.revision_words import Told, approved_of, moves_of, told_of
from onboarding.templatetags.code_listings import Row

# Lines that stay the same and are shown on each side of a change.
CONTEXT = 3


class NoSuchRevision(ValueError):
    """A revision to compare is not one of the namespace's."""


@dataclass(frozen=True)
class Stretch:
    """Some lines side by side. `number` counts the changes from 1; 0: nothing changes, folded."""

    rows: list[Row]
    number: int = 0
    following: int = 0


@dataclass(frozen=True)
class RevisionComparison:
    """Two revisions: what the step from one to the other does, and the lines of their YAML."""

    left: Revision
    right: Revision
    told: list[Told]
    stretches: list[Stretch]
    is_equal: bool

    @property
    def changes(self) -> int:
        """Return how many places differ."""
        return max((one.number for one in self.stretches), default=0)


def build_comparison(namespace: ManagedNamespace, left: str, right: str) -> RevisionComparison:
    """Return two revisions side by side. Raise NoSuchRevision for a number that is none."""
    pair = _revision(namespace, left), _revision(namespace, right)
    older, newer = (approved_of(row) for row in pair)
    texts = [render_documents(load_plan(row.plan).manifests()) for row in pair]
    before, after = (text.splitlines() for text in texts)
    moved = moves_of(namespace.name, [older, newer])[1]
    return RevisionComparison(
        left=pair[0],
        right=pair[1],
        told=told_of(older, newer, [replace(move, lasting=None) for move in moved]),
        stretches=fold_rows(diff_rows(before, after)),
        is_equal=before == after,
    )


def diff_rows(before: list[str], after: list[str]) -> list[Row]:
    """Return every line of two texts side by side; a line without a partner faces a gap."""
    rows: list[Row] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, low, high, other_low, other_high in matcher.get_opcodes():
        lefts = list(enumerate(before[low:high], start=low + 1))
        rights = list(enumerate(after[other_low:other_high], start=other_low + 1))
        for left, right in zip_longest(lefts, rights):
            rows.append(_row(left, right, is_equal=tag == "equal"))
    return rows


def fold_rows(rows: list[Row]) -> list[Stretch]:
    """Return the rows in stretches: each change with its context, and what lies between, folded."""
    shown = set[int]()
    for place, row in enumerate(rows):
        if not _is_same(row):
            shown.update(range(place - CONTEXT, place + CONTEXT + 1))
    pieces = [
        (is_shown, [rows[place] for place in places])
        for is_shown, places in groupby(range(len(rows)), key=lambda place: place in shown)
    ]
    return list(_numbered(pieces))


def _numbered(pieces: list[tuple[bool, list[Row]]]) -> Iterator[Stretch]:
    total, number = sum(is_shown for is_shown, _rows in pieces), 0
    for is_shown, rows in pieces:
        number += is_shown
        yield Stretch(rows, number, number % total + 1) if is_shown else Stretch(rows)


def _is_same(row: Row) -> bool:
    return row[2] == "same" and row[5] == "same"


def _row(left: tuple[int, str] | None, right: tuple[int, str] | None, *, is_equal: bool) -> Row:
    left_no, left_text = left or (None, "")
    right_no, right_text = right or (None, "")
    left_tag = "gap" if left is None else "same" if is_equal else "del"
    right_tag = "gap" if right is None else "same" if is_equal else "add"
    return (left_no, left_text, left_tag, right_no, right_text, right_tag)


def _revision(namespace: ManagedNamespace, number: str) -> Revision:
    found = None
    if number.isdecimal() and len(number) < 9:
        found = namespace.revisions.filter(number=int(number)).first()
    if found is None:
        raise NoSuchRevision(
            f"{namespace.name} has no revision {number[:20] or '(none given)'}. "
            "Choose two of those in the list."
        )
    return found
