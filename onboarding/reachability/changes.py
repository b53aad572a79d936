"""Two worlds that may differ in everything → what each pair of names gains or loses.

For `--diff` of the command line, where pods come and go as well as policies. Pages, which compare
one world under two sets of policies, use `folding.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

from onboarding.domain.objects import Manifest
from onboarding.reachability.asking import Asked, is_pair
from onboarding.reachability.compiled import Reading
from onboarding.reachability.export import verdict_fields
from onboarding.reachability.members import Chosen, Member
from onboarding.reachability.model import Protocol, Verdict
from onboarding.reachability.records import Record

# The places of the source and the destination in one world; None where one is not there.
_Pair: TypeAlias = tuple[int, int] | None


@dataclass(frozen=True)
class PortSpan:
    """Ports that changed alike. A side is None in the world that lacks one of the two."""

    protocol: Protocol
    first: int
    last: int
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True)
class PairChange:
    """What one pair of names gained or lost."""

    source: Member
    destination: Member
    span: PortSpan

    def to_json(self) -> Manifest:
        """Return it as JSON values."""
        span = self.span
        return {
            "from": self.source.id,
            "to": self.destination.id,
            "protocol": span.protocol.value,
            "port": span.first,
            "endPort": span.last,
            "before": verdict_fields(span.before) if span.before else None,
            "after": verdict_fields(span.after) if span.after else None,
        }


def changes(before: Asked, after: Asked) -> Iterator[PairChange]:
    """Yield what differs, by names in the order of the newer world.

    Only whether traffic passes and how certain that is count; another reason for the same answer
    is no change.
    """

    @cache
    def spans(old: _Pair, new: _Pair) -> list[PortSpan]:
        known = before.verdicts(*old) if old else []
        found = after.verdicts(*new) if new else []
        return [*_spans(known, found)]

    old_sources, new_sources = _by_id(before.sources), _by_id(after.sources)
    old_targets, new_targets = _by_id(before.destinations), _by_id(after.destinations)
    targets = {**new_targets, **old_targets}
    differing = _differing(before, after)
    for source, (_, sender) in {**new_sources, **old_sources}.items():
        for target, (_, receiver) in targets.items():
            if not is_pair(sender, receiver):
                continue
            old = _pair(old_sources.get(source), old_targets.get(target))
            new = _pair(new_sources.get(source), new_targets.get(target))
            if differing and old == new and new and not differing[new[0]] >> new[1] & 1:
                continue
            for span in spans(old, new):
                yield PairChange(sender, receiver, span)


def _differing(before: Asked, after: Asked) -> list[int]:
    """Return, for each endpoint, the bits of those it reaches otherwise than before.

    [] where the two worlds have different endpoints; then every pair has to be looked at. A verdict
    and its certainty follow from who reaches whom in every reading, and from what is incomplete.
    """
    if before.names() != after.names():
        return []
    old, new = before.estate, after.estate
    starts = {
        (protocol, first)
        for estate in (old, new)
        for protocol in Protocol
        for first, _, _ in estate.ports.ranges(protocol)
    }
    classes = {(old.ports.class_of(*port), new.ports.class_of(*port)) for port in starts}
    moved = old.incomplete ^ new.incomplete
    everybody = new.layout.everything
    differing = [moved | (everybody * (moved >> at & 1)) for at in range(len(new.endpoints))]
    for reading in dict.fromkeys((Reading.AS_READ, *old.readings, *new.readings)):
        for was, is_now in classes:
            both = zip(
                old.rows(was, reading=reading), new.rows(is_now, reading=reading), strict=True
            )
            differing = [bits | (a ^ b) for bits, (a, b) in zip(differing, both, strict=True)]
    return differing


def _by_id(chosen: Chosen) -> dict[str, tuple[int, Member]]:
    return {member.id: (place, member) for place, members in chosen.items() for member in members}


def _pair(source: tuple[int, Member] | None, target: tuple[int, Member] | None) -> _Pair:
    return (source[0], target[0]) if source and target else None


def _spans(before: list[Record], after: list[Record]) -> Iterator[PortSpan]:
    for protocol in Protocol:
        old = [record for record in before if record.protocol is protocol]
        new = [record for record in after if record.protocol is protocol]
        yield from _joined(_pieces(protocol, old, new))


def _pieces(protocol: Protocol, old: list[Record], new: list[Record]) -> Iterator[PortSpan]:
    """Cut both sides where either changes, and keep the pieces that differ."""
    both = (*old, *new)
    starts = sorted({one.first for one in both} | {one.last + 1 for one in both})
    for first, following in pairwise(starts):
        span = PortSpan(protocol, first, following - 1, _at(old, first), _at(new, first))
        if _said(span.before) != _said(span.after):
            yield span


def _at(records: list[Record], port: int) -> Verdict | None:
    return next((one.verdict for one in records if one.first <= port <= one.last), None)


def _said(verdict: Verdict | None) -> object:
    return (verdict.allowed, verdict.certainty) if verdict else None


def _joined(spans: Iterable[PortSpan]) -> Iterator[PortSpan]:
    """Join spans that touch and changed alike."""
    held: PortSpan | None = None
    for span in spans:
        if held and held.last + 1 == span.first and _sides(held) == _sides(span):
            held = PortSpan(span.protocol, held.first, span.last, span.before, span.after)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held


def _sides(span: PortSpan) -> tuple[Verdict | None, Verdict | None]:
    return span.before, span.after
