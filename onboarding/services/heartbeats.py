"""Heartbeats: every process says in the database that it lives, and when its loops last turned.

A thread of its own does it, so that no request and no run waits for it, nor it for them: a process
whose loops hang goes on saying so. Whatever fails is tried again when the next one is due; only a
database role that may too much ends it, and with it the process.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from onboarding.domain.processes import REMEMBERED, ProcessKind
from onboarding.models import Heartbeat
from onboarding.services.alive import Pulse
from onboarding.services.application_role import RoleTooStrong
from onboarding.services.host_clock import note_host_clock

Clock = Callable[[], datetime]
# There may be several; nobody can tell which of them sent a message.
BEAT_INSTANCE = "by its messages"
GOODBYE_SECONDS = 2.0
log = structlog.get_logger()


@dataclass(frozen=True)
class LivingProcess:
    """This process, as others shall know it."""

    kind: ProcessKind
    pulse: Pulse = field(default_factory=Pulse)
    instance: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    born: float = field(default_factory=time.monotonic)


def say_alive(process: LivingProcess, *, now: datetime, ahead: timedelta | None = None) -> None:
    """Write that the process lives, what its loops do, and how far its host's clock is ahead.

    One statement.
    """
    row = _row(process.kind, process.instance, now=now)
    row.started_at = now - timedelta(seconds=time.monotonic() - process.born)
    row.turns = process.pulse.told(now)
    row.ahead = ahead.total_seconds() if ahead is not None else None
    _write(row, "started_at")


def note_beat(*, now: datetime) -> None:
    """Write that beat lives: a worker has got a message that only beat sends, and a fresh one."""
    _write(_row(ProcessKind.BEAT, BEAT_INSTANCE, now=now))


def say_goodbye(process: LivingProcess, *, now: datetime) -> None:
    """Write that the process ends because it was told to: it is not missed at once, nor lost."""
    its = Heartbeat.objects.filter(kind=process.kind.value, instance=process.instance)
    its.update(ended_at=now, seen_at=now)


def forget_silent(*, now: datetime) -> int:
    """Remove the rows of processes that ended long ago, or by a wrong clock; return how many."""
    is_past, is_future = Q(seen_at__lt=now - REMEMBERED), Q(seen_at__gt=now + REMEMBERED)
    removed, _ = Heartbeat.objects.filter(is_past | is_future).delete()
    return removed


@contextmanager
def heard(process: LivingProcess, *, clock: Clock) -> Iterator[None]:
    """Have the process heard of for as long as this goes on.

    It says goodbye when it ends in order. One that ends by a mistake falls silent, and is missed.
    """
    saying = Saying(process, clock)
    saying.start()
    try:
        yield
    except BaseException:
        saying.fall_silent()
        raise
    saying.say_goodbye()


@dataclass(frozen=True)
class Saying:
    """A thread in which a process goes on saying that it lives. What ends it waits little."""

    process: LivingProcess
    clock: Clock
    stopping: Event = field(default_factory=Event)
    in_order: Event = field(default_factory=Event)
    threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the thread."""
        self.threads.append(Thread(target=self.go_on, name="heartbeat", daemon=True))
        self.threads[-1].start()

    def say_goodbye(self) -> None:
        """The process ends because it was told to."""
        self.in_order.set()
        self.fall_silent()

    def fall_silent(self) -> None:
        """The process ends, in order or not: it says no longer that it lives."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(GOODBYE_SECONDS)

    def go_on(self) -> None:
        """Say it until the process ends, then goodbye if it ends in order."""
        while not self.stopping.is_set():
            _try(lambda: say_alive(self.process, ahead=note_host_clock(), now=self.clock()))
            self.stopping.wait(settings.HEARTBEAT_SECONDS)
        if self.in_order.is_set():
            _try(lambda: say_goodbye(self.process, now=self.clock()))
        connection.close()


def _try(say: Callable[[], None]) -> None:
    """Say it, or wait for the next time: a heartbeat that ended unseen would be a false alarm."""
    try:
        say()
    except RoleTooStrong:
        log.critical("this process ends: its database role may too much", exc_info=True)
        os.kill(os.getpid(), signal.SIGTERM)
    except (DatabaseError, InterfaceError) as error:
        log.warning("the heartbeat could not be written", error=str(error))
        connection.close()
    except Exception:
        log.exception("the heartbeat could not be written; it is tried again")
        connection.close()


def _row(kind: ProcessKind, instance: str, *, now: datetime) -> Heartbeat:
    return Heartbeat(
        kind=kind.value,
        instance=instance[:100],
        release=settings.RELEASE[:60],
        started_at=now,
        seen_at=now,
    )


def _write(row: Heartbeat, *also: str) -> None:
    """Write the row anew. One of the same name that had ended has begun again."""
    Heartbeat.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["kind", "instance"],
        update_fields=["release", "seen_at", "turns", "ended_at", "ahead", *also],
    )
