"""Hints: best effort and bounded. A dead or frozen queue never hurts an approval (G4)."""

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from celery import current_app

from onboarding.demo.scenario import ask
from onboarding.models import ManagedNamespace
from onboarding.services import hints
from onboarding.services.reconcile import reconcile
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import approve_all, make_due, spec_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


class Capture(Protocol):
    """Collects what would run after the commit, and runs it."""

    def __call__(self, *, execute: bool = False) -> AbstractContextManager[list[Any]]: ...


@pytest.fixture(autouse=True)
def closed_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_closed_again_at", 0.0)


@pytest.fixture
def queue(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point the portal at a queue."""

    def at(address: str) -> None:
        settings.REDIS_URL = address
        monkeypatch.setitem(current_app.conf, "broker_url", address)
        monkeypatch.setitem(current_app.conf, "broker_write_url", address)

    return at


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[str]:
    """A queue that takes connections and never says a word."""
    path = tmp_path / "frozen.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(16)
        yield f"redis+socket://{path}"


def seconds_of_a_hint(capture: Capture) -> float:
    began = time.monotonic()
    with capture(execute=True):
        hints.hint(1)
    return time.monotonic() - began


def test_without_a_queue_nothing_is_sent(
    django_capture_on_commit_callbacks: Capture, queue: Any
) -> None:
    queue("")
    with django_capture_on_commit_callbacks() as callbacks:
        hints.hint(1)
    assert callbacks == []


def test_a_hint_waits_for_the_commit(
    django_capture_on_commit_callbacks: Capture, queue: Any, frozen: str
) -> None:
    queue(frozen)
    with django_capture_on_commit_callbacks() as callbacks:
        hints.hint(1)
    assert len(callbacks) == 1


def test_g04_a_missing_queue_never_raises_and_costs_no_time(
    django_capture_on_commit_callbacks: Capture, queue: Any, tmp_path: Path
) -> None:
    queue(f"redis+socket://{tmp_path}/nothing.sock")
    assert seconds_of_a_hint(django_capture_on_commit_callbacks) < 2


def test_g04_a_frozen_queue_never_raises_and_is_waited_for_once(
    django_capture_on_commit_callbacks: Capture, queue: Any, frozen: str
) -> None:
    queue(frozen)
    assert seconds_of_a_hint(django_capture_on_commit_callbacks) < 2
    assert hints._closed_again_at > time.monotonic()
    assert seconds_of_a_hint(django_capture_on_commit_callbacks) < 0.1


def test_the_breaker_closes_again_after_its_time(
    django_capture_on_commit_callbacks: Capture,
    queue: Any,
    frozen: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue(frozen)
    monkeypatch.setattr(hints, "_closed_again_at", time.monotonic() - 0.001)
    assert seconds_of_a_hint(django_capture_on_commit_callbacks) >= 0.1
    assert hints._closed_again_at > time.monotonic() + hints.BREAKER_SECONDS / 2


def test_g04_an_approval_with_a_dead_queue_takes_effect_all_the_same(
    django_capture_on_commit_callbacks: Capture,
    queue: Any,
    frozen: str,
    fake: FakeCluster,
    now: datetime,
) -> None:
    queue(frozen)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        request = approve_all(ask(spec_of(), now=now), now=now)
    assert len(callbacks) == 1
    assert request.state == "approved"
    namespace = ManagedNamespace.objects.get()
    make_due(namespace)
    assert reconcile("sweeper", clock=lambda: now)
    namespace.refresh_from_db()
    assert namespace.state == "ready"


def test_a_hint_carries_an_id_and_nothing_else(
    django_capture_on_commit_callbacks: Capture, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue("memory://")
    with django_capture_on_commit_callbacks(execute=True):
        hints.hint(41)
    with current_app.connection_for_write() as connection:
        message = connection.SimpleQueue("people").get(timeout=2)
    assert message.headers["task"] == "onboarding.reconcile"
    assert message.payload[:2] == [[41], {}]
    message.ack()
