"""Tests here touch no database, so `./dev test` runs them once, whichever databases there are."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a test that asks for a database: the other one would never see it."""
    asks = {"db", "transactional_db", "django_db_setup"} & {*getattr(item, "fixturenames", ())}
    if asks or item.get_closest_marker("django_db"):
        raise pytest.UsageError(f"{item.nodeid} asks for a database: it belongs elsewhere")
