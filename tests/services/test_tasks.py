"""What a message on the queue makes a worker do: a little, and what people wait for first."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from celery import signals
from celery.utils.dispatch import Signal
from celery.worker import WorkController
from django.db.models import F

from onboarding import tasks
from onboarding.models import ManagedNamespace
from onboarding.services.heartbeats import Saying
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import make_due, spec_of, wanted

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def rows(fake: FakeCluster, now: datetime) -> list[ManagedNamespace]:
    """Three that people wait for, and a chore."""
    rows = [wanted(spec_of(f"shop-{n}", openings=()), now=now) for n in range(4)]
    for row in rows:
        make_due(row)
    ManagedNamespace.objects.filter(pk=rows[3].pk).update(observed_generation=F("generation"))
    return rows


def states() -> list[str]:
    return [*ManagedNamespace.objects.order_by("name").values_list("state", flat=True)]


def test_after_what_the_hint_names_comes_what_else_people_wait_for(
    rows: list[ManagedNamespace],
) -> None:
    tasks.reconcile(rows[1].pk)
    assert states() == ["ready", "ready", "ready", "wanted"]


def test_a_hint_that_is_not_due_costs_nothing_more(rows: list[ManagedNamespace]) -> None:
    ManagedNamespace.objects.filter(pk=rows[1].pk).update(next_at=None)
    tasks.reconcile(rows[1].pk)
    assert states() == ["wanted"] * 4


def test_a_sweep_does_chores_too(rows: list[ManagedNamespace]) -> None:
    tasks.sweep()
    assert states() == ["ready"] * 4


def test_a_sweep_that_has_lasted_long_begins_nothing_more(
    rows: list[ManagedNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster that hangs would keep the thread, and the next sweep comes anyway."""
    seconds = iter([0.0, 1.0, tasks.LONGEST_SWEEP_SECONDS + 1])
    monkeypatch.setattr(tasks, "monotonic", lambda: next(seconds))
    tasks.sweep()
    assert states().count("ready") == 1


def test_a_task_is_waited_for_as_long_as_it_lasts(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(tasks, "PULSE", tasks.Pulse())
    monkeypatch.setattr(tasks, "_numbers", iter([7]))
    tasks.task_begins(tasks.sweep, task_id="forged\0")
    tasks.PULSE.turns("onboarding.sweep 7", again_within=-1)
    assert tasks.PULSE.late() == ["onboarding.sweep 7"]
    assert [*tasks.PULSE.told(now)] == ["onboarding.sweep 7"]
    tasks.task_ended(task_id="forged\0")
    assert tasks.PULSE.late() == []


@pytest.mark.parametrize(("exitcode", "is_missed"), [(None, False), (0, False), (1, True)])
def test_a_worker_that_ends_by_mistake_says_no_goodbye(
    monkeypatch: pytest.MonkeyPatch, exitcode: int | None, is_missed: bool
) -> None:
    said: list[str] = []
    for word in ("start", "fall_silent", "say_goodbye"):
        monkeypatch.setattr(Saying, word, lambda _self, word=word: said.append(word))
    monkeypatch.setattr(signals, "worker_shutdown", Signal())
    monkeypatch.setattr(tasks, "worker_shutdown", signals.worker_shutdown)
    tasks.say_alive()
    worker = object.__new__(WorkController)  # as it is when its loop has ended
    worker.blueprint = SimpleNamespace(state=None)
    worker.stop(exitcode=exitcode)
    assert said == ["start", "fall_silent" if is_missed else "say_goodbye"]


def test_a_worker_lives_before_it_has_found_the_queue() -> None:
    heard = [receiver() for _, receiver in signals.worker_init.receivers]
    assert heard.index(tasks.prepare_worker) < heard.index(tasks.say_alive)
