"""Processes say that they live, and what of them turns. Silence is for pages to judge."""

import os
import signal
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from onboarding.domain.processes import REMEMBERED, ProcessKind
from onboarding.models import Heartbeat
from onboarding.services import heartbeats
from onboarding.services.application_role import RoleTooStrong
from onboarding.services.heartbeats import (
    LivingProcess,
    Saying,
    forget_silent,
    heard,
    note_beat,
    say_alive,
    say_goodbye,
)

pytestmark = pytest.mark.django_db


def sweeper(**within: float) -> LivingProcess:
    process = LivingProcess(ProcessKind.SWEEPER, instance="host:7")
    for loop, seconds in within.items():
        process.pulse.turns(loop, again_within=seconds)
    return process


def test_a_process_has_one_row_however_often_it_says_that_it_lives(now: datetime) -> None:
    process = sweeper(observe=400)
    say_alive(process, now=now)
    say_alive(process, now=now + timedelta(seconds=10))
    row = Heartbeat.objects.get()
    assert (row.kind, row.instance) == ("sweeper", "host:7")
    assert row.seen_at == now + timedelta(seconds=10)
    assert timedelta() <= row.seen_at - row.started_at < timedelta(seconds=60)


def test_a_loop_that_does_not_come_round_keeps_its_time(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = sweeper(observe=400, chores=360)
    passed = heartbeats.time.monotonic() + 100
    monkeypatch.setattr(heartbeats.time, "monotonic", lambda: passed)
    process.pulse.turns("chores", again_within=360)
    say_alive(process, now=now)
    turns = Heartbeat.objects.get().turns
    assert turns["chores"] == {"at": now.isoformat(), "within": 360}
    assert datetime.fromisoformat(turns["observe"]["at"]) <= now - timedelta(seconds=100)


def test_who_ends_in_order_says_so_until_it_begins_again(now: datetime) -> None:
    say_alive(sweeper(), now=now)
    say_alive(LivingProcess(ProcessKind.WORKER, instance="host:7"), now=now)
    say_goodbye(sweeper(), now=now)
    assert [row.kind for row in Heartbeat.objects.filter(ended_at=now)] == ["sweeper"]
    say_alive(sweeper(), now=now)
    assert not Heartbeat.objects.exclude(ended_at=None).exists()


@pytest.mark.parametrize("ahead", [None, timedelta(hours=-1)])
def test_a_process_says_how_its_hosts_clock_goes(now: datetime, ahead: timedelta | None) -> None:
    say_alive(sweeper(), now=now, ahead=ahead)
    assert Heartbeat.objects.get().ahead == (ahead and -3600)


def test_a_message_of_beat_is_its_heartbeat(now: datetime) -> None:
    note_beat(now=now)
    note_beat(now=now + timedelta(seconds=10))
    row = Heartbeat.objects.get()
    assert (row.kind, row.started_at, row.seen_at) == ("beat", now, now + timedelta(seconds=10))


def test_who_was_silent_for_long_is_forgotten(now: datetime) -> None:
    say_alive(sweeper(), now=now)
    assert forget_silent(now=now + REMEMBERED) == 0
    assert forget_silent(now=now + REMEMBERED + timedelta(seconds=1)) == 1
    assert not Heartbeat.objects.exists()


def test_a_heartbeat_of_the_far_future_is_forgotten(now: datetime) -> None:
    say_alive(sweeper(), now=now + timedelta(days=2))
    assert forget_silent(now=now) == 1


class Once:
    """A clock that raises once, and ends the saying at its second look."""

    def __init__(self, error: Exception, now: datetime) -> None:
        self.error, self.now, self.asked = error, now, 0
        self.saying = Saying(sweeper(), self)

    def __call__(self) -> datetime:
        self.asked += 1
        if self.asked == 1:
            raise self.error
        self.saying.stopping.set()
        return self.now


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[int, int]]:
    """Which processes were told to end. The heartbeat is in the test's own thread."""
    told: list[tuple[int, int]] = []
    settings.HEARTBEAT_SECONDS = 0
    monkeypatch.setattr(heartbeats, "connection", type("Kept", (), {"close": lambda: None}))
    monkeypatch.setattr("os.kill", lambda pid, number: told.append((pid, number)))
    return told


@pytest.mark.parametrize("error", [OperationalError("gone"), ValueError("a mistake")])
def test_nothing_that_fails_ends_a_heartbeat(
    now: datetime, ended: list[tuple[int, int]], error: Exception
) -> None:
    clock = Once(error, now)
    clock.saying.go_on()
    assert Heartbeat.objects.get().seen_at == now
    assert not ended


def test_a_role_that_may_too_much_ends_the_process(
    now: datetime, ended: list[tuple[int, int]]
) -> None:
    Once(RoleTooStrong("it owns tables"), now).saying.go_on()
    assert ended == [(os.getpid(), signal.SIGTERM)]


@pytest.mark.parametrize(("divisor", "said"), [(1, "say_goodbye"), (0, "fall_silent")])
def test_only_who_ends_in_order_says_goodbye(
    monkeypatch: pytest.MonkeyPatch, now: datetime, divisor: int, said: str
) -> None:
    heard_of: list[str] = []
    for word in ("start", "fall_silent", "say_goodbye"):
        monkeypatch.setattr(Saying, word, lambda _self, word=word: heard_of.append(word))
    with suppress(ZeroDivisionError), heard(sweeper(), clock=lambda: now):
        1 / divisor
    assert heard_of == ["start", said]


def test_who_falls_silent_leaves_its_row_as_it_was(
    now: datetime, ended: list[tuple[int, int]]
) -> None:
    for end, ended_at in ((Saying.fall_silent, None), (Saying.say_goodbye, now)):
        say_alive(sweeper(), now=now)
        saying = Saying(sweeper(), lambda: now)
        end(saying)
        saying.go_on()
        assert Heartbeat.objects.get().ended_at == ended_at


def test_nobody_is_told_of_a_task_that_has_ended(now: datetime) -> None:
    process = sweeper(observe=632, task=600)
    process.pulse.ends("task")
    say_alive(process, now=now)
    assert Heartbeat.objects.get().turns.keys() == {"observe"}
