"""What several files of pages start from."""

import pytest
from django.core.cache import cache
from django.core.management import call_command

from onboarding.models import User
from onboarding.queries.health import Storing
from onboarding.services.write_probe import PROBE
from tests.web.account_pages import at_accounts

__all__ = ["at_accounts", "fresh_limits", "storing"]


@pytest.fixture(autouse=True)
def storing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Storing]:
    """The database stores, unless a test says otherwise of "it": it cannot be tried meanwhile."""
    told = {"it": Storing()}
    monkeypatch.setattr(PROBE, "find_storing", lambda: told["it"])
    return told


@pytest.fixture
def fresh_limits(cast: dict[str, User]) -> None:
    """Count tries from nought."""
    call_command("createcachetable")
    cache.clear()
