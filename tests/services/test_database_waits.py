"""Each kind of process says how long it waits, and every connection knows it."""

import copy

import pytest
from django.core.management import call_command
from django.db import connection, connections

from onboarding.services.database_waits import WORKER, Waits, bounded, web_waits
from onboarding.tasks import prepare_worker

ASKED = {
    "postgresql": (
        "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), "
        "current_setting('idle_in_transaction_session_timeout')"
    ),
    "sqlite": "PRAGMA busy_timeout",
}


def told(waits: Waits) -> tuple[object, ...]:
    """What the database says of a connection with these bounds."""
    own = connections.create_connection("default")
    own.settings_dict = copy.deepcopy(connection.settings_dict)
    own.settings_dict["OPTIONS"] |= bounded(waits)
    try:
        with own.cursor() as cursor:
            cursor.execute(ASKED[connection.vendor])
            return tuple(cursor.fetchone() or ())
    finally:
        own.close()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("waits", "answers"),
    [
        (web_waits(lock=3, statement=15), {"postgresql": ("3s", "15s", "30s"), "sqlite": (5000,)}),
        (WORKER, {"postgresql": ("20s", "2min", "1min"), "sqlite": (20_000,)}),
    ],
    ids=["web", "worker"],
)
def test_the_database_is_told_the_bounds(
    waits: Waits, answers: dict[str, tuple[object, ...]]
) -> None:
    assert told(waits) == answers[connection.vendor]


def test_people_are_kept_waiting_for_less_than_workers() -> None:
    web = web_waits(lock=3, statement=15)
    assert (web.lock, web.statement, web.idle) < (WORKER.lock, WORKER.statement, WORKER.idle)
    assert WORKER.lock < 60  # a lease


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The options of this process's connections, as they were again afterwards."""
    monkeypatch.setitem(
        connection.settings_dict, "OPTIONS", dict(connection.settings_dict["OPTIONS"])
    )
    found: dict[str, object] = connection.settings_dict["OPTIONS"]
    found.pop("timeout", None)
    return found


@pytest.mark.django_db
def test_a_worker_starts_with_bounds(options: dict[str, object]) -> None:
    prepare_worker()
    assert options.items() >= bounded(WORKER).items()


@pytest.mark.django_db
def test_the_sweeper_starts_with_bounds(options: dict[str, object]) -> None:
    call_command("reconcile")
    assert options.items() >= bounded(WORKER).items()
