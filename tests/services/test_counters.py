"""What counts tries to sign in is forgotten by time alone, and never silently lost."""

from collections.abc import Iterator

import pytest
import time_machine
from django.core.cache import caches
from django.core.management import call_command
from django.db import DatabaseError, connection

from onboarding.queries.database_trouble import Trouble, trouble_behind
from onboarding.services.counters import Counters
from tests.support.broken_database import refusing_writes

NOW = "2026-11-24T09:00:00Z"


@pytest.fixture
def counters(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counters]:
    """Counters that clear up above three rows, at a time that stands still."""
    call_command("createcachetable")
    cache = caches["default"]
    assert isinstance(cache, Counters)
    cache.clear()
    monkeypatch.setattr(cache, "_max_entries", 3)
    with time_machine.travel(NOW, tick=False):
        yield cache


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM cache")
        (count,) = cursor.fetchone()
    return int(count)


def test_no_flood_washes_a_living_count_away(counters: Counters) -> None:
    counters.set("a-lowest-key", [1.0], 300)
    for number in range(20):
        counters.set(f"flood-{number}", [1.0], 300)
    assert counters.get("a-lowest-key") == [1.0]
    assert rows() == 21


def test_what_has_expired_makes_room(counters: Counters) -> None:
    for number in range(20):
        counters.set(f"flood-{number}", [1.0], 60)
    counters.set("alive", [1.0], 300)
    with time_machine.travel("2026-11-24T09:02:00Z", tick=False):
        counters.set("new", [1.0], 60)
    assert rows() == 2
    assert counters.get("alive") == [1.0]


def test_what_is_there_is_added_again_only_when_it_has_expired(counters: Counters) -> None:
    assert counters.add("key", "first", 60)
    assert not counters.add("key", "second", 60)
    assert counters.get("key") == "first"
    with time_machine.travel("2026-11-24T09:02:00Z", tick=False):
        assert counters.add("key", "third", 60)
        assert counters.get("key") == "third"


@pytest.mark.parametrize("write", ["add", "set"])
def test_a_count_that_is_not_stored_is_the_databases_error(counters: Counters, write: str) -> None:
    with refusing_writes(), pytest.raises(DatabaseError) as refused:
        getattr(counters, write)("key", [1.0], 300)
    assert trouble_behind(refused.value) is Trouble.READ_ONLY
