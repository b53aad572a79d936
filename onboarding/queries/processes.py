"""Which processes live, by their heartbeats, and which of them should and do not."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from onboarding.domain.clocks import CLOCKS_AGREE
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

    `is_replaced`: another of its kind began after it fell silent, so nothing is missing. `ended_at`
    is when it ended in order: for as long as it may take to start another, none is missing either.
    `ahead` is by how much its host's clock is, where that is worth a word.
    """

    kind: ProcessKind
    instance: str
    release: str
    started_at: datetime
    seen_at: datetime
    loops: tuple[LoopTruth, ...]
    is_silent: bool
    is_replaced: bool
    ended_at: datetime | None = None
    ahead: timedelta = timedelta(0)

    @property
    def lives(self) -> bool:
        """Tell whether it says that it lives."""
        return not self.is_silent and self.ended_at is None

    @property
    def hanging(self) -> tuple[LoopTruth, ...]:
        """Return the loops that do not come round, of a process that says it lives."""
        return tuple(loop for loop in self.loops if loop.hangs) if self.lives else ()


def processes(*, now: datetime) -> list[ProcessTruth]:
    """Return every process that was heard of lately, by kind. One statement."""
    rows = [*Heartbeat.objects.order_by("kind", "instance")]
    return [_judge(row, rows, now) for row in rows]


def needed_kinds() -> frozenset[ProcessKind]:
    """Return the kinds of which one has to live. Without a queue the sweeper does all the work."""
    queued = {ProcessKind.WORKER, ProcessKind.BEAT} if settings.REDIS_URL else set()
    return frozenset({ProcessKind.SWEEPER, *queued})


def missing_kinds(known: Collection[ProcessTruth]) -> Iterator[tuple[ProcessKind, datetime | None]]:
    """Yield each needed kind of which none lives, and when one was last heard of.

    One that has just ended in order counts: it is started again, as a rule.
    """
    for kind in sorted(needed_kinds()):
        of_kind = [one for one in known if one.kind is kind]
        if all(one.is_silent for one in of_kind):
            yield kind, max((one.seen_at for one in of_kind), default=None)


def _judge(row: Heartbeat, rows: list[Heartbeat], now: datetime) -> ProcessTruth:
    loops = tuple(
        _loop(name, turn["at"], turn["within"], row.seen_at)
        for name, turn in sorted(row.turns.items())
    )
    ahead = timedelta(seconds=row.ahead or 0)
    return ProcessTruth(
        kind=ProcessKind(row.kind),
        instance=row.instance,
        release=row.release,
        started_at=row.started_at,
        seen_at=row.seen_at,
        loops=loops,
        # One of the future was written by a wrong clock, and says as little of now.
        is_silent=abs(now - row.seen_at) > longest_silence(),
        is_replaced=any(one.kind == row.kind and one.started_at > row.seen_at for one in rows),
        ended_at=row.ended_at,
        ahead=ahead if abs(ahead) > CLOCKS_AGREE else timedelta(0),
    )


def longest_silence() -> timedelta:
    """Return after how long a process that is not heard of does not live."""
    return timedelta(seconds=BEATS_MISSED * settings.HEARTBEAT_SECONDS)


def _loop(name: str, at: str, within: float, seen_at: datetime) -> LoopTruth:
    turned_at = datetime.fromisoformat(at)
    return LoopTruth(name, turned_at, hangs=seen_at - turned_at > timedelta(seconds=within))
