"""The database of an earlier release becomes this one's by `manage.py migrate`, with every row."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from onboarding.queries.triggers import MAKERS, required_triggers
from tests.support.released import GROWS, RELEASES, Released, Rows, released


@dataclass(frozen=True)
class Upgraded:
    """A database after the upgrade, and what its tables held before."""

    database: Released
    before: Rows


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.stem)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    with released(request.param, tmp_path_factory.mktemp("upgrade")) as database:
        before = database.rows()
        database.manage("migrate", "--verbosity", "0")
        yield Upgraded(database, before)


def test_every_row_of_an_earlier_release_is_kept(upgraded: Upgraded) -> None:
    after = upgraded.database.rows()
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
    database = upgraded.database
    wanted = required_triggers(database.vendor, [*MAKERS])
    assert database.triggers() == {trigger.name for trigger in wanted}
    database.manage("migrate", "--check")
    assert "no issues" in database.manage("check", "--database", "default")


def test_no_row_of_the_upgraded_database_names_one_that_is_not_there(upgraded: Upgraded) -> None:
    if upgraded.database.vendor == "sqlite":  # PostgreSQL has no row that does
        with closing(sqlite3.connect(upgraded.database.address)) as file:
            assert file.execute("PRAGMA foreign_key_check").fetchall() == []
