"""Which processes live, by their heartbeats, and which of them should and do not."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from onboarding.domain.processes import BEATS_MISSED, ProcessKind
from onboarding.models import Heartbeat


@dataclass(frozen=True)
class LoopTruth:
    """One loop of a process: when it last came round, and whether that is too long ago."""

    name: str
    at: datetime
    hangs: bool


@dataclass(frozen=True)
class ProcessTruth:
    """One process. `is_silent`: it has not been heard of for so long that it cannot be alive.

    `is_replaced`: another of its kind began after it fell silent, so nothing is missing.
    """

    kind: ProcessKind
    instance: str
    release: str
    started_at: datetime
    seen_at: datetime
    loops: tuple[LoopTruth, ...]
    is_silent: bool
    is_replaced: bool

    @property
    def hanging(self) -> tuple[LoopTruth, ...]:
        """Return the loops that do not come round, of a process that says it lives."""
        return () if self.is_silent else tuple(loop for loop in self.loops if loop.hangs)


def processes(*, now: datetime) -> list[ProcessTruth]:
    """Return every process that was heard of lately, by kind. One statement."""
    rows = [*Heartbeat.objects.order_by("kind", "instance")]
    return [_judge(row, rows, now) for row in rows]


def needed_kinds() -> frozenset[ProcessKind]:
    """Return the kinds of which one has to live. Without a queue the sweeper does all the work."""
    queued = {ProcessKind.WORKER, ProcessKind.BEAT} if settings.REDIS_URL else set()
    return frozenset({ProcessKind.SWEEPER, *queued})


def missing_kinds(known: Collection[ProcessTruth]) -> Iterator[tuple[ProcessKind, datetime | None]]:
    """Yield each needed kind of which none lives, and when one was last heard of."""
    for kind in sorted(needed_kinds()):
        of_kind = [one for one in known if one.kind is kind]
        if all(one.is_silent for one in of_kind):
            yield kind, max((one.seen_at for one in of_kind), default=None)


def _judge(row: Heartbeat, rows: list[Heartbeat], now: datetime) -> ProcessTruth:
    loops = tuple(
        _loop(name, turn["at"], turn["within"], row.seen_at)
        for name, turn in sorted(row.turns.items())
    )
    return ProcessTruth(
        kind=ProcessKind(row.kind),
        instance=row.instance,
        release=row.release,
        started_at=row.started_at,
        seen_at=row.seen_at,
        loops=loops,
        is_silent=now - row.seen_at > timedelta(seconds=BEATS_MISSED * settings.HEARTBEAT_SECONDS),
        is_replaced=any(one.kind == row.kind and one.started_at > row.seen_at for one in rows),
    )


def _loop(name: str, at: str, within: float, seen_at: datetime) -> LoopTruth:
    turned_at = datetime.fromisoformat(at)
    return LoopTruth(name, turned_at, hangs=seen_at - turned_at > timedelta(seconds=within))
