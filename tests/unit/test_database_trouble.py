"""What an error says of the database: trouble of its own, or a mistake of ours."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, OperationalError
from psycopg import errors

from onboarding.queries.database_trouble import Trouble, trouble_behind, was_refused


def raised(cause: Exception) -> Exception:
    """As Django raises what a driver has raised."""
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (errors.LockNotAvailable(), Trouble.LOCKED),
        (errors.DeadlockDetected(), Trouble.LOCKED),
        (errors.QueryCanceled(), Trouble.SLOW),
        (errors.ReadOnlySqlTransaction(), Trouble.READ_ONLY),
        (errors.DiskFull(), Trouble.FULL),
        (errors.IoError(), Trouble.DISK),
        (errors.TooManyConnections(), Trouble.CROWDED),
        (errors.AdminShutdown(), Trouble.GONE),
        (errors.CannotConnectNow(), Trouble.GONE),
        (errors.IdleInTransactionSessionTimeout(), Trouble.GONE),
        (psycopg.OperationalError("FATAL: too many connections for role"), Trouble.CROWDED),
        (psycopg.OperationalError("connection refused"), Trouble.GONE),
        (errors.UndefinedColumn(), None),
        (errors.UniqueViolation(), None),
        (errors.InFailedSqlTransaction(), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_postgresql_says(error: Exception, trouble: Trouble | None) -> None:
    assert trouble_behind(raised(error)) is trouble


def locked(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sqlite3.connect(path, timeout=0).execute("INSERT INTO a VALUES (1)")


def full(path: Path) -> None:
    with closing(sqlite3.connect(path)) as own:
        own.execute("PRAGMA max_page_count = 3")
        own.execute("INSERT INTO a VALUES (?)", ["x" * 100_000])


def read_only(path: Path) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as own:
        own.execute("INSERT INTO a VALUES (1)")


def missing(path: Path) -> None:
    with closing(sqlite3.connect(path)) as own:
        own.execute("INSERT INTO b VALUES (1)")


@pytest.mark.parametrize(
    ("act", "trouble"),
    [
        (locked, Trouble.LOCKED),
        (full, Trouble.FULL),
        (read_only, Trouble.READ_ONLY),
        (missing, None),
    ],
)
def test_what_sqlite_says(
    tmp_path: Path, act: Callable[[Path], None], trouble: Trouble | None
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite3")) as own:
        own.execute("CREATE TABLE a (text)")
    with pytest.raises(sqlite3.Error) as failed:
        act(tmp_path / "a.sqlite3")
    assert trouble_behind(raised(failed.value)) is trouble


def test_what_was_raised_on_the_way_out_does_not_hide_it() -> None:
    with pytest.raises(DatabaseError) as failed:
        with suppressed_by_another():
            raise raised(errors.LockNotAvailable())
    assert trouble_behind(failed.value) is Trouble.LOCKED


@contextmanager
def suppressed_by_another() -> Iterator[None]:
    """As Django's sessions do."""
    try:
        yield
    except DatabaseError:
        raise DatabaseError("the session was not stored")  # noqa: B904  # as it does


def test_what_has_no_database_in_it_is_none_of_its_trouble() -> None:
    assert trouble_behind(ValueError("too many connections")) is None
    assert trouble_behind(None) is None


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (errors.LockNotAvailable(), True),
        (errors.ReadOnlySqlTransaction(), True),
        (errors.DiskFull(), True),
        (errors.AdminShutdown(), False),
        (errors.IoError(), False),
        (psycopg.OperationalError("server closed the connection unexpectedly"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_who_was_told_no_knows_that_nothing_happened(error: Exception, refused: bool) -> None:
    assert was_refused(raised(error)) is refused
