"""The database of this test process, for a while of no use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import InternalError, OperationalError, connection, transaction
from psycopg import errors


@contextmanager
def refusing_writes() -> Iterator[None]:
    """Let it be read and refuse every write, as a standby does or one that is frozen on purpose."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA query_only = ON")
            try:
                yield
            finally:
                cursor.execute("PRAGMA query_only = OFF")
            return
        with transaction.atomic():
            cursor.execute("SET TRANSACTION READ ONLY")
            yield
            transaction.set_rollback(True)


def always(_sql: str) -> bool:
    return True


@contextmanager
def failing(
    error: psycopg.Error, when: Callable[[str], bool] = always, *, afterwards: bool = False
) -> Iterator[None]:
    """Fail statements as a driver does: before they are sent, or once they were carried out."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not when(sql):
            return execute(sql, *rest)
        if afterwards:
            execute(sql, *rest)
        kind = InternalError if isinstance(error, errors.InternalError) else OperationalError
        raise kind(str(error)) from error

    with connection.execute_wrapper(fail):
        yield


NO_ANSWER = psycopg.OperationalError("the database has not answered for 17 s")
IS_LOCKED = errors.LockNotAvailable("canceling statement due to lock timeout")
