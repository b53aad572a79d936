"""Databases of early commits are repaired; what a database lacks is named, and made again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.recorder import MigrationRecorder
from structlog.testing import capture_logs

from onboarding import checks
from onboarding.models import Cluster, Event, NamespaceObservation
from onboarding.queries.triggers import (
    MAKERS,
    REPAIRED_BY,
    DatabaseTrigger,
    lacking_triggers,
    required_triggers,
)
from onboarding.services.rename_migrations import RENAMED, rename_migrations
from onboarding.services.restore_triggers import (
    make_lacking_triggers,
    report_lacking_triggers,
)
from tests.support.database_roles import as_owner
from tests.support.earlier_database import (
    LACKED,
    apply_again,
    database_of_its_own,
    drop,
    run,
    schema_of,
)

REQUIRED = required_triggers(connection.vendor, [*MAKERS])
# Those of later migrations are made by these, and again by restore_triggers.
REPAIRED = required_triggers(connection.vendor, [one for one in MAKERS if one < REPAIRED_BY])


@pytest.fixture
def earlier(transactional_db: None, tmp_path: Path) -> Iterator[BaseDatabaseWrapper]:
    """With a row in the table that one of the commits made otherwise."""
    with database_of_its_own(tmp_path) as database:
        cluster = Cluster.objects.create(name="dev-eu", api_server="https://eu", ca_pem="")
        NamespaceObservation.objects.create(cluster=cluster, name="shop", digest="d", uid="u")
        yield database


@pytest.mark.parametrize("lacked", LACKED)
def test_a_database_of_an_early_commit_becomes_like_a_fresh_one(
    lacked: str, earlier: BaseDatabaseWrapper
) -> None:
    fresh = schema_of(earlier)
    statements = LACKED[lacked][earlier.vendor]
    run(earlier, *statements)
    assert (schema_of(earlier) != fresh) == bool(statements)
    apply_again(earlier, REPAIRED_BY)
    assert schema_of(earlier) == fresh
    apply_again(earlier, REPAIRED_BY)
    assert schema_of(earlier) == fresh


def test_the_repair_makes_whatever_trigger_is_missing(earlier: BaseDatabaseWrapper) -> None:
    fresh = schema_of(earlier)
    run(earlier, *map(drop, REPAIRED))
    apply_again(earlier, REPAIRED_BY)
    assert schema_of(earlier) == fresh


def test_the_repair_keeps_the_rows(earlier: BaseDatabaseWrapper) -> None:
    run(earlier, *LACKED["an observation had no uid"][earlier.vendor])
    apply_again(earlier, REPAIRED_BY)
    [row] = NamespaceObservation.objects.all()
    assert (row.name, row.digest, row.uid) == ("shop", "d", "")


def test_the_triggers_that_must_be_there_are_all_that_there_are(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if connection.vendor == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        assert sorted(name for (name,) in cursor.fetchall()) == sorted(
            trigger.name for trigger in REQUIRED
        )
    assert lacking_triggers(connection) == []


def test_on_a_right_database_nothing_is_made(earlier: BaseDatabaseWrapper) -> None:
    assert make_lacking_triggers(earlier) == []


@pytest.mark.parametrize("trigger", REQUIRED, ids=lambda trigger: trigger.name)
def test_a_trigger_that_is_missing_is_named_and_made_again(
    trigger: DatabaseTrigger, db: None
) -> None:
    with as_owner():
        run(connection, drop(trigger))
        [lacking] = lacking_triggers(connection)
        assert str(lacking) == f"trigger {trigger.name} on {trigger.table} is missing"
        assert make_lacking_triggers(connection) == [lacking]
    assert lacking_triggers(connection) == []


# A trigger that is there and does not do its work.
SPOILT = {
    "sqlite": {
        "is not as migrations make it": (
            "DROP TRIGGER onboarding_event_no_update",
            (
                "CREATE TRIGGER onboarding_event_no_update BEFORE UPDATE ON onboarding_event "
                "WHEN 1 = 0 BEGIN SELECT RAISE(ABORT, 'onboarding_event is append-only'); END"
            ),
        ),
    },
    "postgresql": {
        "is switched off": ("ALTER TABLE onboarding_request DISABLE TRIGGER request_is_closed",),
        "is not as migrations make it": (
            (
                "CREATE OR REPLACE FUNCTION bulkhead_request_is_closed() RETURNS trigger "
                "LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
            ),
        ),
        "on onboarding_request is not": (
            "DROP TRIGGER request_is_closed ON onboarding_request",
            (
                "CREATE TRIGGER request_is_closed AFTER UPDATE ON onboarding_request "
                "FOR EACH ROW EXECUTE FUNCTION bulkhead_request_is_closed()"
            ),
        ),
    },
}[connection.vendor]


@pytest.mark.parametrize("words", SPOILT)
def test_a_trigger_that_does_not_do_its_work_is_named_and_made_again(words: str, db: None) -> None:
    with as_owner():
        run(connection, *SPOILT[words])
        [lacking] = lacking_triggers(connection)
        assert words in str(lacking)
        make_lacking_triggers(connection)
    assert lacking_triggers(connection) == []


def test_the_check_of_a_database_names_what_it_lacks(db: None) -> None:
    with as_owner():
        run(connection, drop(REQUIRED[0]))
    [found] = checks.check_triggers(None, databases=["default"])
    assert (found.id, found.is_serious()) == ("bulkhead.E003", True)
    assert f"{REQUIRED[0].name} on {REQUIRED[0].table} is missing" in found.msg
    assert "restore_triggers" in str(found.hint)
    assert checks.check_triggers(None) == []


def test_a_database_that_is_still_to_be_repaired_can_be_migrated(db: None) -> None:
    """Because `migrate` runs the check first."""
    with as_owner():
        run(connection, drop(REQUIRED[0]))
        run(connection, f"DELETE FROM django_migrations WHERE name = '{REPAIRED_BY}'")
    assert checks.check_triggers(None, databases=["default"]) == []


def test_the_check_says_that_it_does_not_know_the_triggers(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_one: BaseDatabaseWrapper) -> list[str]:
        raise OperationalError("no answer")

    monkeypatch.setattr(checks, "lacking_triggers", down)
    [found] = checks.check_triggers(None, databases=["default"])
    assert "is unknown: no answer" in found.msg
    assert not found.is_serious()


def test_a_process_that_starts_says_in_the_log_what_is_lacking(db: None) -> None:
    with as_owner():
        run(connection, drop(REQUIRED[0]))
    with capture_logs() as lines:
        report_lacking_triggers()
    [line] = lines
    assert line["log_level"] == "error"
    assert REQUIRED[0].name in line["trigger"]


def test_the_owner_makes_them_again_and_history_says_so(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with as_owner():
        run(connection, drop(REQUIRED[0]))
        call_command("restore_triggers")
        call_command("restore_triggers")
    said = capsys.readouterr().out
    assert f"{REQUIRED[0].name} on {REQUIRED[0].table} is missing: made again" in said
    assert "The database lacks no trigger." in said
    [event] = Event.objects.filter(action="portal:database:triggers-restored")
    assert event.via == "console"
    assert REQUIRED[0].name.encode() in bytes(event.canonical)


def test_nobody_but_the_owner_makes_them_again(db: None) -> None:
    with as_owner():
        run(connection, drop(REQUIRED[0]))
    if connection.vendor == "sqlite":  # it has no owners
        call_command("restore_triggers")
        return
    with pytest.raises(CommandError, match="Only the owner"), transaction.atomic():
        call_command("restore_triggers")


def test_what_was_applied_under_an_old_name_is_known_by_todays(db: None) -> None:
    """Or Django applies it once more, or refuses the history of the database."""
    rows = MigrationRecorder(connection).migration_qs.filter(app="onboarding")
    names = sorted(rows.values_list("name", flat=True))
    with as_owner():
        for old, new in RENAMED.items():
            rows.filter(name=new).update(name=f"{old}?")
        for old in RENAMED:
            rows.filter(name=f"{old}?").update(name=old)
        call_command("migrate", verbosity=0)
        assert rename_migrations(connection) == []
    assert sorted(rows.values_list("name", flat=True)) == names


def test_asking_what_is_to_be_applied_writes_nothing(db: None) -> None:
    rows = MigrationRecorder(connection).migration_qs
    with as_owner():
        rows.filter(name="0008_people").update(name="0011_people")
        with pytest.raises(InconsistentMigrationHistory):
            call_command("migrate", "--plan", verbosity=0)
    assert rows.filter(name="0011_people").exists()
