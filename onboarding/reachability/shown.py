"""What a decision is taken on, of who can talk to whom: the lines, the findings, who else.

`queries.request_picture` makes it of what is known now, `kept.py` of what was kept with a decision.
Pages print both the same way, and `marks` tells them apart.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json
from onboarding.domain.risk import Risk
from onboarding.reachability.lint.finding import Finding
from onboarding.reachability.neighbourhood import Answer, Change, Line, Party

MARK = 12
# Of a picture with more, the marks beyond are told as one.
MOST_MARKS = 150
LONGEST_TOKEN = (MOST_MARKS + 1) * (MARK + 1)


@dataclass(frozen=True)
class ShownLine:
    """One line, and whether it opens only what every namespace gets."""

    line: Line
    is_baseline: bool = False

    @property
    def moves(self) -> bool:
        """Tell whether the request opens, closes or changes something beyond the baseline."""
        return self.line.change is not Change.SAME and not self.is_baseline

    @property
    def mark(self) -> str:
        """Return what it says, shortly. Whether a pod runs yet is no part of it."""
        line = self.line
        return _mark(
            "line",
            line.way.value,
            line.change.value,
            _party(line.ours),
            _party(line.peer),
            _answer(line.before),
            _answer(line.answer),
        )


@dataclass(frozen=True)
class ShownFinding:
    """A finding, and whether the request brings it.

    `beyond` are the namespaces it is about where it is about paths to some of them only.
    """

    finding: Finding
    is_new: bool = False
    beyond: frozenset[str] | None = None

    @property
    def mark(self) -> str:
        """Return what it says, shortly."""
        one = self.finding
        place = str(one.rule or one.policy or "")
        return _mark("finding", one.code.id, one.severity.value, place, one.message)


@dataclass(frozen=True)
class Shown:
    """Everything the page of a request says of who can talk to whom.

    `gaining` and `losing` are other namespaces, those of the baseline's paths left out. `left_off`
    lines were too many to be kept.
    """

    namespace: str
    lines: tuple[ShownLine, ...]
    findings: tuple[ShownFinding, ...]
    gaining: tuple[str, ...]
    losing: tuple[str, ...]
    risk: Risk
    risk_reasons: tuple[str, ...]
    seen_at: datetime | None
    trouble: str
    foreign: tuple[str, ...]
    left_off: int = 0

    @property
    def is_new(self) -> bool:
        """Tell whether there was no such namespace before."""
        return all(one.line.before is None for one in self.lines)

    @property
    def is_end(self) -> bool:
        """Tell whether there would be no such namespace any more."""
        return all(one.line.answer == Answer() for one in self.lines)

    @property
    def marks(self) -> frozenset[str]:
        """Return what the word of an approver rests on, a mark for each thing that is said.

        Lines that stay and the baseline are left out: they move with every namespace that others
        make, and nobody decides on them. So is when the cluster was looked at.
        """
        every = {
            *(one.mark for one in self.lines if one.moves),
            *(one.mark for one in self.findings if one.is_new or self.is_new),
            *(_mark("gains", name) for name in self.gaining),
            *(_mark("loses", name) for name in self.losing),
            *(_mark("unknown", words) for words in self.foreign),
            _mark("risk", self.risk.value, self.seen_at is not None),
        }
        told = sorted(every)
        rest = {_mark("rest", *told[MOST_MARKS:])} if len(told) > MOST_MARKS else set()
        return frozenset({*told[:MOST_MARKS], *rest})

    @property
    def token(self) -> str:
        """Return the marks as a form carries them."""
        return ".".join(sorted(self.marks))


def marks_in(token: str) -> frozenset[str]:
    """Return the marks that a form brought back."""
    return frozenset(token.split("."))


def _mark(*parts: Json) -> str:
    return sha256(canonical([*parts])).hexdigest()[:MARK]


def _party(party: Party) -> Json:
    return [
        party.kind.value,
        [*party.namespaces],
        [[key, value] for key, value in party.labels],
        [str(span) for span in party.spans],
        party.is_whole,
    ]


def _answer(answer: Answer | None) -> Json:
    if answer is None:
        return None
    opened: list[Json] = [
        [[protocol.value, first, last] for protocol, first, last in opening.ports]
        for opening in answer.as_one
    ]
    return [answer.certainty.value, opened]
