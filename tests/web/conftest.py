"""What several files of pages start from."""

import pytest
from django.core.cache import cache
from django.core.management import call_command

from onboarding.models import User
from tests.web.account_pages import at_accounts

__all__ = ["at_accounts", "fresh_limits"]


@pytest.fixture
def fresh_limits(cast: dict[str, User]) -> None:
    """Count tries from nought."""
    call_command("createcachetable")
    cache.clear()
