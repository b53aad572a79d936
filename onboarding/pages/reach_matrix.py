"""One namespace's neighbourhood as the rows of a matrix, with the findings pinned to their cells.

The request form asks "who reaches whom" per group of pods, the decision page "what was, what will
be" per line. Both are made from the same lines; nothing is judged here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.plan.baseline import is_baseline
from onboarding.queries.connectivity import Connectivity
from onboarding.queries.request_picture import across_production
from onboarding.reachability.lint import Finding, Severity
from onboarding.reachability.lint.environments import MIXED_ENVIRONMENTS
from onboarding.reachability.model import Certainty
from onboarding.reachability.neighbourhood import (
    Answer,
    Change,
    Line,
    Neighbourhood,
    Party,
    PartyKind,
    Way,
)

_SAID_ONCE = frozenset({Certainty.CERTAIN, Certainty.INCOMPLETE})
_LARGE = frozenset({PartyKind.NAMESPACES, PartyKind.ADDRESSES, PartyKind.NODES})


@dataclass(frozen=True)
class Flag:
    """A finding with its place in the list. `is_new` tells that the request brings it.

    `beyond` are the namespaces it is about where it is about paths to some of them only.
    """

    finding: Finding
    number: int
    is_new: bool = False
    beyond: frozenset[str] | None = None
    is_unseen: bool = False  # it was not on the page that came back

    @property
    def element_id(self) -> str:
        """Return the id of its list item."""
        return f"finding-{self.number}"

    @property
    def tone(self) -> str:
        """Return the tone of its picture."""
        tones = {Severity.ERROR: "danger", Severity.WARNING: "warn", Severity.INFO: "run"}
        return tones[self.finding.severity]

    @property
    def word(self) -> str:
        """Return how much it matters, in a word."""
        words = {
            Severity.ERROR: _("Serious"),
            Severity.WARNING: _("Warning"),
            Severity.INFO: _("Note"),
        }
        return words[self.finding.severity]

    def is_about(self, line: Line) -> bool:
        """Tell whether the finding is about what opens a line."""
        rules = {rule for opening in line.answer.openings for rule in opening.rules}
        if self.beyond is not None:
            return bool(line.answer.openings) and not self.beyond.isdisjoint(line.peer.namespaces)
        if self.finding.rule:
            return self.finding.rule in rules
        return self.finding.policy in {rule.policy for rule in rules}


@dataclass(frozen=True)
class Cell:
    """One answer of the matrix and the findings about the rules that open it."""

    answer: Answer
    change: Change
    flags: tuple[Flag, ...]

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing gets through and nothing is to be said of it alone.

        What is not known is said once for all that is shut: often it is so for everybody.
        """
        is_shut = self.answer.is_blocked and self.answer.certainty in _SAID_ONCE
        return is_shut and self.change is Change.SAME and not self.flags


@dataclass(frozen=True)
class Row:
    """One party, seen from a group. None where no line speaks of that way."""

    peer: Party
    is_group: bool
    inward: Cell | None
    outward: Cell | None

    @property
    def is_quiet(self) -> bool:
        """Tell whether both ways are closed and stay so."""
        return all(cell is None or cell.is_quiet for cell in (self.inward, self.outward))

    @property
    def is_baseline(self) -> bool:
        """Tell whether only what every namespace gets opens it, whatever the other end says."""
        templates = {
            rule.policy.template
            for cell in (self.inward, self.outward)
            for opening in (cell.answer.openings if cell else ())
            for rule in opening.rules
            if rule.policy.namespace not in self.peer.namespaces
        }
        return bool(templates) and all(is_baseline(template) for template in templates)

    @property
    def is_complete(self) -> bool:
        """Return whether everything that decides it is known."""
        cells = [cell for cell in (self.inward, self.outward) if cell]
        return all(cell.answer.certainty is not Certainty.INCOMPLETE for cell in cells)


@dataclass(frozen=True)
class Group:
    """Pods of the namespace that answer alike. `closed` are parties shut off both ways.

    `closed_certainty` is that of the least certain of them.
    """

    ours: Party
    rows: tuple[Row, ...]
    closed: tuple[Party, ...]
    closed_certainty: Certainty = Certainty.CERTAIN

    @property
    def closed_told(self) -> tuple[Party, ...]:
        """Return the closed parties that are large; a list of every small one helps nobody."""
        return tuple(party for party in self.closed if party.kind in _LARGE)


@dataclass(frozen=True)
class ComparedLine:
    """A line of the matrix before → after. `shows_ours` tells that own pods answer differently."""

    line: Line
    flags: tuple[Flag, ...]
    shows_ours: bool
    is_unseen: bool = False  # it was not on the page that came back


@dataclass(frozen=True)
class Section:
    """The lines of one way."""

    way: Way
    lines: tuple[ComparedLine, ...]


@dataclass(frozen=True)
class Comparison:
    """What a request does to the matrix: what moves, and what stays. Sections are never empty.

    `baseline` are lines of a new namespace that open only what every namespace gets.
    """

    moved: tuple[Section, ...]
    kept: tuple[Section, ...]
    is_new: bool
    is_end: bool
    baseline: tuple[Section, ...] = ()

    @property
    def moved_count(self) -> int:
        """Return how many lines open, close or change."""
        return sum(len(section.lines) for section in self.moved)

    @property
    def kept_count(self) -> int:
        """Return how many lines stay as they are."""
        return sum(len(section.lines) for section in self.kept)


def flags_of(picture: Connectivity) -> tuple[Flag, ...]:
    """Return the findings, numbered as the page lists them; all of a new namespace go unmarked."""
    has_past = any(line.before for line in picture.neighbourhood.lines)
    new = picture.introduced if has_past else ()
    across = across_production(picture)
    return tuple(
        Flag(
            finding,
            number,
            is_new=finding in new,
            beyond=across if finding.code is MIXED_ENVIRONMENTS else None,
        )
        for number, finding in enumerate(picture.findings, start=1)
    )


def build_groups(neighbourhood: Neighbourhood, flags: Sequence[Flag]) -> tuple[Group, ...]:
    """Return the matrix per group of the namespace's own pods."""
    groups = _own_groups(neighbourhood)
    others = {
        line.peer.members: line.peer for line in neighbourhood.lines if line.way is not Way.INSIDE
    }
    found = []
    for ours in groups:
        rows = [_row(neighbourhood, flags, ours, peer) for peer in (*groups, *others.values())]
        told = [row for row in rows if row.inward or row.outward]
        quiet = [row for row in told if row.is_quiet]
        is_complete = all(row.is_complete for row in quiet)
        found.append(
            Group(
                ours,
                rows=tuple(row for row in told if not row.is_quiet),
                closed=tuple(row.peer for row in quiet),
                closed_certainty=Certainty.CERTAIN if is_complete else Certainty.INCOMPLETE,
            )
        )
    return tuple(found)


def build_comparison(
    neighbourhood: Neighbourhood,
    flags: Sequence[Flag],
    *,
    baseline: Collection[Line] = (),
    unseen: Collection[Line] = (),
) -> Comparison:
    """Return the matrix before → after, split into what moves and what stays."""
    lines = neighbourhood.lines
    shows_ours = len({line.ours.members for line in lines}) > 1
    told = [
        ComparedLine(line, _about(line, flags), shows_ours, is_unseen=line in unseen)
        for line in lines
    ]
    moving = [one for one in told if one.line.change is not Change.SAME]
    return Comparison(
        moved=_sections(one for one in moving if one.line not in baseline),
        kept=_sections(one for one in told if one.line.change is Change.SAME),
        is_new=all(line.before is None for line in lines),
        is_end=all(line.answer == Answer() for line in lines),
        baseline=_sections(one for one in moving if one.line in baseline),
    )


def _sections(lines: Iterable[ComparedLine]) -> tuple[Section, ...]:
    every = list(lines)
    split = (Section(way, tuple(one for one in every if one.line.way is way)) for way in Way)
    return tuple(section for section in split if section.lines)


def _own_groups(neighbourhood: Neighbourhood) -> tuple[Party, ...]:
    """Return the parties the namespace's own pods fall into; a lone pod has no line inside."""
    inside = {line.peer.members: line.peer for line in neighbourhood.going(Way.INSIDE)}
    whole = {line.ours.members: line.ours for line in neighbourhood.lines}
    return tuple((inside or whole).values())


def _row(neighbourhood: Neighbourhood, flags: Sequence[Flag], ours: Party, peer: Party) -> Row:
    def cell(way: Way, near: Party, far: Party) -> Cell | None:
        for line in neighbourhood.going(way):
            if line.ours.members & near.members and line.peer.members == far.members:
                return Cell(line.answer, line.change, _about(line, flags))
        return None

    is_own = any(line.peer == peer for line in neighbourhood.going(Way.INSIDE))
    return Row(
        peer,
        is_group=peer.members == ours.members,
        inward=cell(Way.INSIDE, peer, ours) if is_own else cell(Way.INWARD, ours, peer),
        outward=cell(Way.INSIDE if is_own else Way.OUTWARD, ours, peer),
    )


def _about(line: Line, flags: Sequence[Flag]) -> tuple[Flag, ...]:
    """Return the findings about what opens a line, one per code."""
    found: dict[str, Flag] = {}
    for flag in flags:
        if flag.is_about(line):
            found.setdefault(flag.finding.code.id, flag)
    return tuple(found.values())
