"""What several files of pages start from."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.core.cache import cache
from django.core.management import call_command

from onboarding.models import User
from onboarding.queries.health import Storing
from onboarding.services.write_probe import PROBE
from onboarding.views import metrics
from tests.web.account_pages import at_accounts

__all__ = ["at_accounts", "fresh_limits", "read_at_once", "storing"]


@pytest.fixture(autouse=True)
def storing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Storing]:
    """The database stores, unless a test says otherwise of "it"; nothing was read before."""
    told = {"it": Storing()}
    monkeypatch.setattr(PROBE, "find_storing", lambda: told["it"])
    monkeypatch.setattr(metrics, "kept", metrics.Kept())
    return told


@pytest.fixture
def read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """/metrics reads with the connection of the test, which another thread has not."""

    def at_once(work: Callable[[], None]) -> Thread:
        work()
        over = Thread()
        over.start()
        return over

    monkeypatch.setattr(metrics, "start_thread", at_once)


@pytest.fixture
def fresh_limits(cast: dict[str, User]) -> None:
    """Count tries from nought."""
    call_command("createcachetable")
    cache.clear()
