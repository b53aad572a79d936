"""Processes say that they live, and what of them turns. Silence is for pages to judge."""

from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError

from onboarding.domain.processes import REMEMBERED, ProcessKind
from onboarding.models import Heartbeat
from onboarding.services import heartbeats
from onboarding.services.heartbeats import (
    LivingProcess,
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


def test_who_ends_in_order_leaves_no_row(now: datetime) -> None:
    say_alive(sweeper(), now=now)
    say_alive(LivingProcess(ProcessKind.WORKER, instance="host:7"), now=now)
    say_goodbye(sweeper())
    assert [row.kind for row in Heartbeat.objects.all()] == ["worker"]


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


def test_a_database_that_does_not_answer_ends_no_heartbeat(
    now: datetime, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    stopping, asked = Event(), []

    def clock() -> datetime:
        asked.append(now)
        if len(asked) == 1:
            raise OperationalError("gone")
        stopping.set()
        return now

    said: list[ProcessKind] = []
    settings.HEARTBEAT_SECONDS = 0
    monkeypatch.setattr(heartbeats, "say_alive", lambda process, now: said.append(process.kind))
    monkeypatch.setattr(heartbeats, "connection", type("Closed", (), {"close": lambda: None}))
    heartbeats._go_on_saying(sweeper(), clock, stopping)
    assert said == [ProcessKind.SWEEPER]


@pytest.mark.parametrize("ends_in_order", [True, False])
def test_only_who_ends_in_order_says_goodbye(
    monkeypatch: pytest.MonkeyPatch, now: datetime, *, ends_in_order: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        heartbeats, "start_saying", lambda *_, clock: lambda: said.append("goodbye")
    )
    with suppress(ZeroDivisionError), heard(sweeper(), clock=lambda: now):
        1 / int(ends_in_order)
    assert said == ["goodbye"] * ends_in_order


def test_nobody_is_told_of_a_task_that_has_ended(now: datetime) -> None:
    process = sweeper(observe=632, task=600)
    process.pulse.ends("task")
    say_alive(process, now=now)
    assert Heartbeat.objects.get().turns.keys() == {"observe"}
