"""The database of an earlier release, of the kind that the tests run on, with all of its rows.

`tests/data/releases` holds dumps of SQLite databases with the demo's story in them, each named
after the newest migration that it has applied: what `Connection.iterdump` says of a release's own.
On PostgreSQL the migrations of that release make the tables, and the dump's rows are put into them.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection
from psycopg import sql

ROOT = Path(__file__).parents[2]
RELEASES = sorted((ROOT / "tests" / "data" / "releases").glob("*.sql"))
# What `migrate` itself adds to: its own record, and what Django knows of models.
GROWS = {"django_migrations", "auth_permission", "django_content_type"}
Rows = dict[str, list[dict[str, Any]]]
UP_TO = """
import sys
import django
django.setup()
from django.core.management import call_command
for one in sys.argv[1:]:
    call_command("migrate", *one.split(":"), verbosity=0)
call_command("createcachetable")
"""
TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


@dataclass(frozen=True)
class Released:
    """A database that `manage.py` is run on from outside, as whoever upgrades does.

    `address` is what the database's own client is told.
    """

    vendor: str
    url: str
    address: str

    def manage(self, *arguments: str) -> str:
        """Run manage.py; return what it printed."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> str:
        told = {"BULKHEAD_DEMO": "1", "BULKHEAD_DATABASE_URL": self.url}
        answer = subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | told | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr[-4000:]
        return answer.stdout

    def rows(self) -> Rows:
        """Every row of every table, in the order of their numbers."""
        if self.vendor == "sqlite":
            return rows_of_file(Path(self.address))
        with psycopg.connect(self.address) as database:
            return {name: _rows_of_table(database, name) for name in _tables(database)}

    def triggers(self) -> set[str]:
        """The names of all triggers."""
        if self.vendor == "sqlite":
            with closing(sqlite3.connect(self.address)) as database:
                return {name for (name,) in database.execute(TRIGGERS["sqlite"])}
        with psycopg.connect(self.address) as server:
            return {name for (name,) in server.execute(TRIGGERS["postgresql"])}


@contextmanager
def released(dump: Path, folder: Path) -> Iterator[Released]:
    """Yield the database of the release that the dump is of, on the kind that tests run on."""
    path = folder / "db.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump.read_text())
    if connection.vendor == "sqlite":
        yield Released("sqlite", f"sqlite:///{path}", str(path))
        return
    with _database_of_its_own() as one:
        earlier = rows_of_file(path)
        applied = {row["app"] for row in earlier["django_migrations"]} - {"onboarding"}
        one.python("-c", UP_TO, f"onboarding:{dump.stem}", *sorted(applied))
        _fill(one.address, earlier)
        yield one


def rows_of_file(path: Path) -> Rows:
    """Every row of every table of a SQLite database."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            table: [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY rowid")]
            for (table,) in tables.fetchall()
        }


@contextmanager
def _database_of_its_own() -> Iterator[Released]:
    user, folder = connection.settings_dict["USER"], connection.settings_dict["HOST"]
    name = f"released_{uuid4().hex[:12]}"
    address = f"host={folder} user={user} dbname="
    with psycopg.connect(f"{address}postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            url = f"postgres://{user}@/{folder}/{name}"
            yield Released("postgresql", url, f"{address}{name}")
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _fill(address: str, earlier: Rows) -> None:
    """Put the rows in, past the triggers, in place of what migrations put there."""
    with psycopg.connect(address) as database:
        database.execute("SET session_replication_role = replica")
        database.execute("SET TIME ZONE 'UTC'")
        for table in _tables(database) - {"django_migrations"}:
            database.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table)))
        for table, rows in earlier.items():
            if not table.startswith("sqlite_") and table != "django_migrations":
                _insert(database, table, rows)


def _insert(database: psycopg.Connection[Any], table: str, rows: list[dict[str, Any]]) -> None:
    name = sql.Identifier(table)
    kinds = dict(
        database.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s",
            [table],
        ).fetchall()
    )
    put = sql.SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)")
    for row in rows:
        values = {column: _as_json(kinds[column], value) for column, value in row.items()}
        database.execute(put.format(name), [json.dumps(values)])
    if "id" in kinds and rows:
        follow = "SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {}"
        database.execute(sql.SQL(follow).format(name), [table])


def _as_json(kind: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return json.loads(value) if kind == "jsonb" and value is not None else value


def _tables(database: psycopg.Connection[Any]) -> set[str]:
    found = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name for (name,) in found}


def _rows_of_table(database: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    ask = sql.SQL("SELECT to_jsonb(one) FROM {} AS one ORDER BY 1").format(sql.Identifier(table))
    return [row for (row,) in database.execute(ask)]
