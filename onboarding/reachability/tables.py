"""Answers as text for people: one question in full, or everybody in lines.

The counterpart of `export.py` for terminals. What is blocked is counted, never just missing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from onboarding.reachability.asking import Asked, QueryAnswer
from onboarding.reachability.changes import PairChange, PortSpan
from onboarding.reachability.lint import Finding
from onboarding.reachability.listing import some_of
from onboarding.reachability.model import (
    LAST_PORT,
    Certainty,
    ForeignPolicy,
    Protocol,
    Side,
    Verdict,
    World,
)
from onboarding.reachability.records import Record

_EVERYTHING = dict.fromkeys(Protocol, ((1, LAST_PORT),))
_WIDEST = 44


def summary(world: World) -> str:
    """Return how much the answer is made from."""
    counts = (
        (sum(pod.count for pod in world.pods), "pod"),
        (len(world.namespaces), "namespace"),
        (len(world.policies), "policy"),
        (len(world.nodes), "node"),
    )
    return ", ".join(counted(number, noun) for number, noun in counts if number) + "\n"


def counted(number: int, noun: str) -> str:
    """Return e.g. `1 policy` or `2 policies`."""
    if number == 1:
        return f"{number:,} {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def foreword(world: World, notes: Sequence[str]) -> Iterator[str]:
    """Yield what has to be known before the answers."""
    if world.foreign:
        yield (
            "INCOMPLETE: these are not understood here and could decide otherwise: "
            f"{some_of([_with_reach(foreign) for foreign in world.foreign])}\n"
        )
    yield from (f"note: {note}\n" for note in notes)


def _with_reach(foreign: ForeignPolicy) -> str:
    return f"{foreign} (for pods in {foreign.namespace})" if foreign.namespace else str(foreign)


def findings_text(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield lint, worst first."""
    if findings:
        yield "\nFindings\n"
    for finding in sorted(findings, key=lambda one: one.severity.rank):
        parts = (finding.severity.value, finding.code.id, finding.policy, finding.field)
        yield f"  {' '.join(str(part) for part in parts if part)}: {finding.message}\n"


def single(answer: QueryAnswer) -> Iterator[str]:
    """Yield one answer in full."""
    source, destination = answer.pairs[0]
    record, verdict = answer.record, answer.record.verdict
    word, may = ("ALLOWED", "can") if verdict.allowed else ("BLOCKED", "cannot")
    port = f"{record.protocol.value} {record.first}"
    yield f"{word}: {source.id} {may} reach {destination.id} on {port}\n"
    yield f"  why        {verdict.reason}\n"
    yield f"  certainty  {verdict.certainty.value}: {verdict.certainty.words}\n"
    if verdict.caveat:
        yield f"  but        {verdict.caveat}\n"
    yield f"  egress     {source.id}: {_side(verdict.egress)}\n"
    yield f"  ingress    {destination.id}: {_side(verdict.ingress)}\n"


def _side(side: Side) -> str:
    if side.exempt:
        return f"exempt ({side.exempt})"
    if not side.isolating:
        return "isolated by no policy, so everything may pass"
    isolating = ", ".join(map(str, side.isolating))
    if not side.allowing:
        return f"isolated by {isolating}; no rule allows this"
    return f"isolated by {isolating}; allowed by {', '.join(map(str, side.allowing))}"


@dataclass
class Lines:
    """Writes a line per pair and reason, and counts what it does not show."""

    asked: Asked
    shows_blocked: bool = False
    _allowed: int = 0

    def text(self) -> Iterator[str]:
        """Yield the whole table, with its count at the end."""
        width = max((len(member.id) for member in self.asked.members()), default=0)
        width = min(max(width, len("from")), _WIDEST)
        yield f"\n{'FROM':<{width}}  {'TO':<{width}}  PORTS, AND WHY\n"
        answers = self.asked.answers() if self.shows_blocked else self.asked.likely()
        ends = (self._ends(answer) for answer in answers)
        for _, found in groupby(ends, key=lambda ends: ends[0]):
            yield from self._pairs([answer for _, answer in found], width)
        yield from self._closing()

    @staticmethod
    def _ends(answer: QueryAnswer) -> tuple[tuple[int, int, str], QueryAnswer]:
        """Return what answers of the same pairs have in common."""
        record = answer.record
        return (record.source, record.destination, answer.pairs[0][1].id), answer

    def _pairs(self, answers: list[QueryAnswer], width: int) -> Iterator[str]:
        records = [answer.record for answer in answers]
        pairs = answers[0].pairs
        if any(record.verdict.allowed for record in records):
            self._allowed += len(pairs)
        reasons = [*because(records, with_blocked=self.shows_blocked)]
        for source, destination in pairs:
            for reason in reasons:
                yield f"{source.id:<{width}}  {destination.id:<{width}}  {reason}\n"

    def _closing(self) -> Iterator[str]:
        blocked = self.asked.count_pairs() - self._allowed
        hint = "" if self.shows_blocked or not blocked else " (--all lists them)"
        yield (
            f"\n{counted(self._allowed, 'pair')} with something allowed, "
            f"{blocked:,} blocked on every port{hint}\n"
        )


def because(records: Iterable[Record], *, with_blocked: bool) -> Iterator[str]:
    """Yield, for one pair, a line for each verdict with all its ports."""
    grouped: dict[Verdict, dict[Protocol, list[tuple[int, int]]]] = {}
    for record in records:
        if not record.verdict.allowed and not with_blocked:
            continue
        ports = grouped.setdefault(record.verdict, {})
        ports.setdefault(record.protocol, []).append((record.first, record.last))
    for verdict, ports in grouped.items():
        word = "" if verdict.allowed else "blocked "
        yield f"{word}{ports_text(ports)}{doubt(verdict)}: {evidence(verdict)}"


def evidence(verdict: Verdict) -> str:
    """Return what decides, in few words: the rules that allow, or the sides that block."""
    if not verdict.allowed:
        return verdict.reason
    rules = (*verdict.egress.allowing, *verdict.ingress.allowing)
    if rules:
        return f"by {', '.join(map(str, rules))}"
    return "no policy isolates either end"


def doubt(verdict: Verdict) -> str:
    """Return the mark of a verdict that the specification does not settle, else ""."""
    return "" if verdict.certainty is Certainty.CERTAIN else f" [{verdict.certainty.value}]"


def ports_text(ports: dict[Protocol, list[tuple[int, int]]]) -> str:
    """Return e.g. `TCP 80, 8000-8080; UDP 53`, or `every port`."""
    if {protocol: tuple(ranges) for protocol, ranges in ports.items()} == _EVERYTHING:
        return "every port"
    return "; ".join(
        f"{protocol.value} {', '.join(_range(*one) for one in ranges)}"
        for protocol, ranges in ports.items()
    )


def _range(first: int, last: int) -> str:
    if (first, last) == (1, LAST_PORT):
        return "every port"
    return str(first) if first == last else f"{first}-{last}"


def change_lines(changes: Iterable[PairChange]) -> Iterator[str]:
    """Yield a line for each change of a pair, marked by a word, and the counts."""
    counts: Counter[str] = Counter()
    yield "\n"
    for _, alike in groupby(changes, key=_what_changed):
        spans = [*alike]
        change = spans[0]
        word = _word(change.span)
        counts[word] += 1
        ports: dict[Protocol, list[tuple[int, int]]] = {}
        for one in spans:
            ports.setdefault(one.span.protocol, []).append((one.span.first, one.span.last))
        said = change.span.after or change.span.before
        why = f"{doubt(said)}: {evidence(said)}" if said else ""
        yield (
            f"{word:<8} {change.source.id} -> {change.destination.id}  {ports_text(ports)}{why}\n"
        )
    told = ", ".join(f"{number:,} {word}" for word, number in sorted(counts.items()))
    yield f"\n{told or 'nothing differs'}\n"


def _what_changed(change: PairChange) -> tuple[str, str, Verdict | None, Verdict | None]:
    return change.source.id, change.destination.id, change.span.before, change.span.after


def _word(span: PortSpan) -> str:
    was, is_now = (bool(one and one.allowed) for one in (span.before, span.after))
    if was != is_now:
        return "opened" if is_now else "closed"
    if span.before is None or span.after is None:
        return "new" if span.after else "gone"
    return "settled" if span.after.certainty is Certainty.CERTAIN else "unsure"
