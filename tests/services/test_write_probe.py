"""The probe of /readyz: bounded, alone, and not more often than it has to be."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.db import OperationalError, connection

from onboarding.models import WriteProbe
from onboarding.queries.database_trouble import Trouble
from onboarding.queries.health import Storing
from onboarding.services import write_probe
from onboarding.services.write_probe import NotStored, Probe, store_something
from tests.support.real_database import at_once

SECONDS = 20


@dataclass
class Store:
    """A database that is asked and does what the test says."""

    fails: Exception | None = None
    word: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def __call__(self) -> None:
        self.asked += 1
        assert self.word.wait(SECONDS)
        if self.fails:
            raise self.fails


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.word.set()


def test_whoever_asks_meanwhile_shares_one_probe(store: Store) -> None:
    probe = Probe(store)
    threading.Timer(0.1, store.word.set).start()
    assert at_once([probe.check] * 8) == [None] * 8
    assert store.asked == 1


def test_who_asks_again_at_once_gets_the_last_answer(store: Store) -> None:
    probe = Probe(store)
    store.word.set()
    probe.check()
    probe.check()
    assert store.asked == 1


def test_an_answer_grows_old(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_probe, "FRESH_SECONDS", 0.0)
    probe = Probe(store)
    store.word.set()
    probe.check()
    store.fails = RuntimeError("a table is missing")
    with pytest.raises(NotStored) as refused:
        probe.check()
    assert refused.value.trouble is None


def test_a_database_that_never_answers_is_not_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_probe, "ANSWER_SECONDS", 0.2)
    probe, began = Probe(store), time.monotonic()
    for _ in range(20):
        with pytest.raises(NotStored) as late:
            probe.check()
    assert time.monotonic() - began < 20 * 0.2  # who comes later waits no longer than the first
    assert (late.value.trouble, store.asked) == (Trouble.GONE, 1)


def test_after_an_outage_silence_means_nothing_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_probe, "FRESH_SECONDS", 0.0)
    probe, right = Probe(store), time.monotonic
    store.word.set()
    assert probe.find_storing() == Storing()
    store.fails = OperationalError("disk I/O error")
    assert probe.find_storing() == Storing("unforeseen", is_heard=False)
    store.fails = None
    assert probe.find_storing() == Storing(is_heard=False)
    monkeypatch.setattr("time.monotonic", lambda: right() + 31)
    assert probe.find_storing() == Storing()


@pytest.mark.django_db(transaction=True)
def test_a_process_leaves_one_row_however_often_it_asks() -> None:
    for _ in range(2):
        assert at_once([store_something]) == [None]
    assert WriteProbe.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_rows_of_processes_that_ended_are_forgotten() -> None:
    WriteProbe.objects.create(process="ended:1", stored_at="2026-01-01T00:00:00Z")
    assert at_once([store_something]) == [None]
    assert not WriteProbe.objects.filter(process="ended:1").exists()


@pytest.mark.django_db
def test_its_impatience_is_its_own() -> None:
    options = dict(connection.settings_dict["OPTIONS"])
    assert write_probe._impatient(connection.settings_dict)["OPTIONS"] != options
    assert connection.settings_dict["OPTIONS"] == options
