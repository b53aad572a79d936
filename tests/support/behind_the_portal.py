"""The database as its owner may write it: whatever triggers and roles refuse everybody else."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def without_guards() -> Iterator[None]:
    """Let everything inside be written as if there were no triggers, by the owner of the tables."""
    guards_off = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]
    with guards_off():
        yield


@contextmanager
def _sqlite() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    yield
    with connection.cursor() as cursor:
        for _name, sql in triggers:
            cursor.execute(sql)


@contextmanager
def _postgresql() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        acting, signed_in = cursor.fetchone()
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
        if acting != signed_in:
            cursor.execute(f'SET ROLE "{acting}"')
