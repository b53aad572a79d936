"""Who the tests are to the database: on PostgreSQL the application's role, like the portal itself.

The connection logs in as the owner, who made and migrated the test database, and then is the
application's role; so a test can be the owner for a moment, within its transaction. Real processes
and `tests/services/test_database_roles.py` log in as the application's role itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from django.db import connection
from django.test import TransactionTestCase

from devtools.postgres import APPLICATION
from onboarding.services.application_role import grant_application_role


def act_as_application(patch: pytest.MonkeyPatch) -> None:
    """Grant, and be the application's role from the next connection on, in every thread."""
    if connection.vendor != "postgresql":
        return
    grant_application_role(APPLICATION)
    connection.close()
    patch.setitem(connection.settings_dict["OPTIONS"], "assume_role", APPLICATION)
    patch.setattr(TransactionTestCase, "_fixture_teardown", _flushed_by_owner)


@contextmanager
def as_owner() -> Iterator[None]:
    """Be whom the tables belong to: SQLite knows nobody else."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APPLICATION}")


@contextmanager
def without_triggers() -> Iterator[None]:
    """Switch the guards off, as the server's superuser alone can: rows nobody may delete go too."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")


_flush = TransactionTestCase._fixture_teardown


def _flushed_by_owner(case: TransactionTestCase) -> None:
    """Empty the tables after a test that committed."""
    on_postgresql = connection.vendor == "postgresql"
    with as_owner(), without_triggers() if on_postgresql else nullcontext():
        _flush(case)
