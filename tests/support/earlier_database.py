"""A database as an early commit made it: what its migrations lacked is taken away again.

On SQLite a copy of the test database in a file, because there a table is rebuilt outside of
transactions only. On PostgreSQL the test database itself, by its owner, in a transaction that is
taken back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from onboarding.queries.triggers import DatabaseTrigger
from tests.support.database_roles import as_owner
from tests.support.real_database import committed

OBSERVED = "onboarding_namespaceobservation"
# What each of the commits lacked, in statements for each database.
LACKED = {
    "events and revisions could be replaced": {
        "sqlite": (
            "DROP TRIGGER onboarding_event_no_replace",
            "DROP TRIGGER onboarding_revision_no_replace",
        ),
        "postgresql": (),
    },
    "an observation had no uid": {
        "sqlite": (f"ALTER TABLE {OBSERVED} DROP COLUMN uid",),
        "postgresql": (f"ALTER TABLE {OBSERVED} DROP COLUMN uid",),
    },
    "triggers looked into temporary schemas first": {
        "sqlite": (),
        "postgresql": (
            "ALTER FUNCTION bulkhead_append_only() RESET ALL",
            "ALTER FUNCTION bulkhead_request_is_closed() RESET ALL",
        ),
    },
}
_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('trigger', 'index')",
    "postgresql": """
        SELECT tgname, pg_get_triggerdef(one.oid), prosrc, proconfig, tgenabled
        FROM pg_trigger AS one JOIN pg_proc AS called ON called.oid = tgfoid
        WHERE NOT tgisinternal
    """,
}


@contextmanager
def database_of_its_own(folder: Path) -> Iterator[BaseDatabaseWrapper]:
    """Yield the connection, as the owner of the tables, of a database that may be spoilt."""
    with committed(folder):
        if connection.vendor == "sqlite":
            yield connection
            return
        with transaction.atomic():
            with as_owner():
                # Or no table with new rows can be altered.
                run(connection, "SET CONSTRAINTS ALL IMMEDIATE")
                yield connection
            transaction.set_rollback(True)


def run(database: BaseDatabaseWrapper, *statements: str) -> None:
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def apply_again(database: BaseDatabaseWrapper, name: str) -> None:
    """Apply one migration of ours to a database that has applied it already."""
    run(database, f"DELETE FROM django_migrations WHERE name = '{name}'")
    MigrationExecutor(database).migrate([("onboarding", name)])


def schema_of(database: BaseDatabaseWrapper) -> set[tuple[str, ...]]:
    """Columns, constraints and triggers, whatever order columns are in."""
    found = set()
    with database.cursor() as cursor:
        introspect = database.introspection
        for table in introspect.table_names(cursor):
            for column in introspect.get_table_description(cursor, table):
                found.add((table, *map(str, (column.name, column.type_code, column.null_ok))))
                found.add((table, column.name, str(column.default), str(column.display_size)))
            constraints = introspect.get_constraints(cursor, table).values()
            found |= {(table, str(sorted(one.items(), key=str))) for one in constraints}
        cursor.execute(_TRIGGERS[database.vendor])
        found |= {tuple(map(str, row)) for row in cursor.fetchall()}
    return found


def drop(trigger: DatabaseTrigger) -> str:
    """The statement by which its owner drops it."""
    table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
    return f"DROP TRIGGER {trigger.name}{table}"
