"""What worker and beat do while there is no queue, and what they leave to people."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from celery import current_app
from celery.signals import heartbeat_sent
from django.conf import settings

from onboarding.tasks import chore
from portal import patience
from portal.patience import LONGEST_PAUSE, PatientBeat, PatientConnection
from portal.seldom import PAUSE_SECONDS, Seldom

CHORES = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


class Clock:
    """A monotonic clock that is turned by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class GivenUp(Exception):
    """Nobody waits any longer."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    return clock


@pytest.fixture
def nothing(tmp_path: Path) -> str:
    """The address of a queue that does not run."""
    return f"redis+socket://{tmp_path}/nothing.sock"


def test_without_a_queue_beat_goes_on_and_says_so_once(
    nothing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(current_app.conf, "broker_write_url", nothing)
    monkeypatch.setattr(patience, "_unsent", Seldom("nobody takes it"))
    beat = PatientBeat(current_app)
    for entry in beat.get_schedule().values():
        beat.apply_entry(entry)
    assert beat.tick() > 0
    assert caplog.text.count("nobody takes it") == 1


def test_a_chore_is_sent_as_the_settings_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life of beat that lay for long would prove nothing: it expires."""
    monkeypatch.setitem(current_app.conf, "broker_write_url", "memory://as-the-settings-have-it")
    beat = PatientBeat(current_app)
    with current_app.connection_for_write() as connection:
        chores = connection.SimpleQueue("chores")
        chores.clear()
        beat.apply_entry(beat.get_schedule()["note-beat"])
        message = chores.get(block=False)
        message.ack()
    left = datetime.fromisoformat(message.headers["expires"]) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 2 * settings.HEARTBEAT_SECONDS


def test_a_worker_tries_again_for_ever_and_is_alive_meanwhile(
    nothing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    beats: list[object] = []

    def trouble(_error: Exception, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) > 200:
            raise GivenUp

    def count(**_signal: object) -> None:
        beats.append(_signal)

    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _seconds: None)
    heartbeat_sent.connect(count)
    with pytest.raises(GivenUp):
        PatientConnection(nothing).ensure_connection(
            trouble, settings.CELERY_BROKER_CONNECTION_MAX_RETRIES
        )
    assert max(pauses) == LONGEST_PAUSE
    assert len(beats) > sum(pauses[:-1])


def test_what_is_said_seldom_says_how_often_it_was_not(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    words = Seldom("it rains")
    assert [words.say(), words.say(), words.say()] == [True, False, False]
    clock.seconds += PAUSE_SECONDS
    assert words.say()
    assert "'unsaid': 2" in caplog.text


def test_b18_a_chore_is_done_once_at_a_time() -> None:
    began, ends, done = Event(), Event(), list[str]()

    def work() -> None:
        done.append("it")
        began.set()
        ends.wait(timeout=2)

    task = chore("tests.once_at_a_time")(work)
    thread = Thread(target=task)
    thread.start()
    began.wait(timeout=10)
    task()
    assert done == ["it"]
    ends.set()
    thread.join()
    task()
    assert done == ["it", "it"]


def test_b18_hints_come_by_a_queue_of_their_own() -> None:
    queues = {
        name: current_app.amqp.router.route({}, name)["queue"].name
        for name in {*CHORES, "onboarding.reconcile"}
    }
    assert queues == {**dict.fromkeys(CHORES, "chores"), "onboarding.reconcile": "people"}


def test_b18_whatever_comes_by_itself_leaves_threads_to_people() -> None:
    declared = {name for name in CHORES if hasattr(current_app.tasks[name].run, "__wrapped__")}
    assert declared == CHORES
    assert len(CHORES) + 2 <= settings.CELERY_WORKER_CONCURRENCY
