"""Heartbeats: every process says in the database that it lives, and when its loops last turned.

A thread of its own does it, so that no request and no run waits for it, nor it for them: a process
whose loops hang goes on saying so. What cannot be written is tried again when the next one is due.
"""

import os
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

from onboarding.domain.processes import REMEMBERED, ProcessKind
from onboarding.models import Heartbeat
from onboarding.services.alive import Pulse

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


def say_alive(process: LivingProcess, *, now: datetime) -> None:
    """Write that the process lives, and what its loops do. One statement."""
    lived = timedelta(seconds=time.monotonic() - process.born)
    _write(process.kind, process.instance, now - lived, now=now, turns=process.pulse.told(now))


def note_beat(*, now: datetime) -> None:
    """Write that beat lives: a worker has got a message that only beat sends, and a fresh one."""
    _write(ProcessKind.BEAT, BEAT_INSTANCE, now, now=now, turns={})


def say_goodbye(process: LivingProcess) -> None:
    """Take the row away: the process ends because it was told to."""
    Heartbeat.objects.filter(kind=process.kind.value, instance=process.instance).delete()


def forget_silent(*, now: datetime) -> int:
    """Remove the rows of processes that ended long ago without a word; return how many."""
    removed, _ = Heartbeat.objects.filter(seen_at__lt=now - REMEMBERED).delete()
    return removed


@contextmanager
def heard(process: LivingProcess, *, clock: Clock) -> Iterator[None]:
    """Have the process heard of for as long as this goes on.

    It says goodbye when it ends in order. One that ends by a mistake falls silent, and is missed.
    """
    stop = start_saying(process, clock=clock)
    yield
    stop()


def start_saying(process: LivingProcess, *, clock: Clock) -> Callable[[], None]:
    """Start the thread; return what ends it, which waits for a moment only."""
    stopping = Event()
    thread = Thread(
        target=_go_on_saying, args=(process, clock, stopping), name="heartbeat", daemon=True
    )
    thread.start()

    def stop() -> None:
        stopping.set()
        thread.join(GOODBYE_SECONDS)

    return stop


def _go_on_saying(process: LivingProcess, clock: Clock, stopping: Event) -> None:
    while not stopping.is_set():
        _try(lambda: say_alive(process, now=clock()))
        stopping.wait(settings.HEARTBEAT_SECONDS)
    _try(lambda: say_goodbye(process))
    connection.close()


def _try(say: Callable[[], None]) -> None:
    """Say it, or wait for the next time: a heartbeat must not end for what a database does."""
    try:
        say()
    except (DatabaseError, InterfaceError) as error:
        log.warning("the heartbeat could not be written", error=str(error))
        connection.close()


def _write(
    kind: ProcessKind, instance: str, started_at: datetime, *, now: datetime, turns: object
) -> None:
    row = Heartbeat(
        kind=kind.value,
        instance=instance[:100],
        release=settings.RELEASE[:60],
        started_at=started_at,
        seen_at=now,
        turns=turns,
    )
    follows = ["release", "seen_at", "turns"]
    Heartbeat.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["kind", "instance"],
        update_fields=follows if kind is ProcessKind.BEAT else ["started_at", *follows],
    )
