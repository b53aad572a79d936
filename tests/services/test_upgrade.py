"""The database of an earlier release becomes this one's by `manage.py migrate`, with every row.

`tests/data/releases` holds dumps of SQLite databases with the demo's story in them, each named
after the newest migration that it has applied: what `Connection.iterdump` says of a release's own.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onboarding.queries.triggers import MAKERS, required_triggers

ROOT = Path(__file__).parents[2]
RELEASES = sorted((ROOT / "tests" / "data" / "releases").glob("*.sql"))
# What `migrate` itself adds to: its own record, and what Django knows of models.
GROWS = {"django_migrations", "auth_permission", "django_content_type"}
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Upgraded:
    """A database file after the upgrade, and what its tables held before."""

    path: Path
    before: Rows


def manage(path: Path, *arguments: str) -> str:
    """Run manage.py on a database, as whoever upgrades does; return what it printed."""
    told = {"BULKHEAD_DEMO": "1", "BULKHEAD_DATABASE_URL": f"sqlite:///{path}"}
    answer = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=os.environ | told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    return answer.stdout


def rows_of(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            table: [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY rowid")]
            for (table,) in tables.fetchall()
        }


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.stem)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    path = tmp_path_factory.mktemp("upgrade") / "db.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(request.param.read_text())
    before = rows_of(path)
    manage(path, "migrate", "--verbosity", "0")
    return Upgraded(path, before)


def test_every_row_of_an_earlier_release_is_kept(upgraded: Upgraded) -> None:
    after = rows_of(upgraded.path)
    assert len(upgraded.before["onboarding_event"]) > 10
    for table in upgraded.before.keys() - GROWS - {"sqlite_sequence"}:
        now = [
            {name: row[name] for name in row if name in known}
            for known, row in zip(upgraded.before[table], after[table], strict=True)
        ]
        assert now == upgraded.before[table], table


def test_the_upgraded_database_has_every_trigger_and_needs_no_other_migration(
    upgraded: Upgraded,
) -> None:
    with closing(sqlite3.connect(upgraded.path)) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert {name for (name,) in found} == {
        trigger.name for trigger in required_triggers("sqlite", [*MAKERS])
    }
    manage(upgraded.path, "migrate", "--check")
    assert "no issues" in manage(upgraded.path, "check", "--database", "default")
