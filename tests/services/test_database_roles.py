"""Who the portal is to its database: PostgreSQL refuses the application's role all else.

SQLite has no roles: whoever writes the file writes history. The tests say so where they run on it.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from devtools.check import PRODUCTION
from devtools.postgres import APPLICATION, SUPERUSER
from onboarding import checks
from onboarding.models import Event, Request
from onboarding.queries.application_grants import GRANTS
from onboarding.queries.database_role import powers_beyond
from onboarding.services import application_role
from onboarding.services.application_role import (
    RoleTooStrong,
    grant_application_role,
    watch_database_role,
)
from tests.support.database_roles import as_owner
from tests.support.requests import wanted

ROOT = Path(__file__).parents[2]
ON_POSTGRESQL = "postgresql"
RECORD = (
    "onboarding_event",
    "onboarding_revision",
    "onboarding_requestauthor",
    "onboarding_approvalkey",
    "onboarding_approvalkeyword",
    "onboarding_decisionsignature",
    "onboarding_decisionpicture",
)
NEVER_DELETED = ("request", "decision", "managednamespace", "deviation", "clusterclosure", "run")
REFUSED = (
    *(f"UPDATE {table} SET id = id" for table in RECORD),
    *(f"DELETE FROM {table}" for table in RECORD),
    *(f"TRUNCATE {table} CASCADE" for table in RECORD),
    *(f"DELETE FROM onboarding_{table}" for table in NEVER_DELETED),
    *(f"TRUNCATE onboarding_{table} CASCADE" for table in NEVER_DELETED),
    "UPDATE onboarding_decision SET vote = 'approve'",
    "UPDATE onboarding_decision SET person_id = 1, voided_at = now()",
    "UPDATE onboarding_requestlane SET lane = 'platform'",
    "UPDATE onboarding_clusterclosure SET reason = ''",
    "UPDATE onboarding_refresh SET reason = ''",
    "UPDATE onboarding_installation SET identity = ''",
    "UPDATE django_migrations SET name = ''",
    "INSERT INTO auth_group (name) VALUES ('x')",
    "ALTER TABLE onboarding_event DISABLE TRIGGER ALL",
    "ALTER TABLE onboarding_event DISABLE TRIGGER USER",
    "ALTER TABLE onboarding_event ADD COLUMN x integer",
    "DROP TRIGGER onboarding_event_append_only ON onboarding_event",
    "DROP TABLE onboarding_event CASCADE",
    "CREATE TRIGGER x BEFORE INSERT ON onboarding_event EXECUTE FUNCTION bulkhead_append_only()",
    "CREATE RULE x AS ON INSERT TO onboarding_event DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION bulkhead_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN'",
    "ALTER FUNCTION bulkhead_append_only() RENAME TO x",
    "SET session_replication_role = replica",
    f"SET ROLE {SUPERUSER}",
    f"SET SESSION AUTHORIZATION {SUPERUSER}",
    f"ALTER ROLE {APPLICATION} SUPERUSER",
    f"GRANT {SUPERUSER} TO {APPLICATION}",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY onboarding_event TO '/tmp/events'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT setval('onboarding_event_id_seq', 1)",
    "CREATE TABLE x ()",
    "CREATE TEMPORARY TABLE x ()",
    "CREATE FUNCTION x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA x",
    "CREATE DATABASE x",
    "CREATE ROLE x",
)


def login(role: str, database: str = "") -> psycopg.Connection[Any]:
    """A connection of its own, as that role; to the test database if no other is named."""
    given = connection.settings_dict
    name = database or given["NAME"]
    return psycopg.connect(
        host=given["HOST"], dbname=name, user=role, autocommit=True, connect_timeout=10
    )


def answer_to(statement: str, line: psycopg.Connection[Any]) -> str:
    try:
        line.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return "refused"
    except psycopg.Error as error:
        return str(error)
    return "done"


@pytest.mark.usefixtures("db")
def test_m15_a_login_as_the_application_is_refused_what_rewrites_history_and_sqlite_cannot() -> (
    None
):
    if connection.vendor == ON_POSTGRESQL:
        with login(APPLICATION) as line:
            answers = {one: answer_to(one, line) for one in REFUSED}
        assert {one: said for one, said in answers.items() if said != "refused"} == {}
    else:  # docs/administration.md says so
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER onboarding_event_no_update")


@pytest.mark.usefixtures("cast", "cluster")
def test_m15_one_event_is_rewritten_on_sqlite_only(now: datetime) -> None:
    wanted(now=now)
    forge = "UPDATE onboarding_event SET actor = 'Nobody'"
    if connection.vendor == ON_POSTGRESQL:
        for way in ("ALTER TABLE onboarding_event DISABLE TRIGGER ALL", forge):
            with pytest.raises(DatabaseError, match=r"must be owner|permission denied"):
                statement(way)
    else:
        statement("DROP TRIGGER onboarding_event_no_update")
        statement(forge)
    assert Event.objects.filter(actor="Nobody").exists() is (connection.vendor == "sqlite")


def statement(words: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(words)


@pytest.mark.usefixtures("cast", "cluster")
@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE onboarding_request SET plan = spec",
        "UPDATE onboarding_request SET state = 'pending', last_event_id = 1",
        "UPDATE onboarding_decision SET voided_at = decided_at",
        "DELETE FROM onboarding_requestlane",
        (
            "INSERT INTO onboarding_requestlane (request_id, lane, reasons) "
            "SELECT id, 'security', '[]' FROM onboarding_request"
        ),
        "UPDATE onboarding_managednamespace SET name = 'x'",
        "UPDATE onboarding_managednamespace SET state = 'ready', last_event_id = 1",
    ],
)
def test_m14_what_the_application_may_write_is_final_once_it_was_approved(
    forgery: str, now: datetime
) -> None:
    wanted(now=now)
    before = [*Request.objects.values()]
    with pytest.raises(DatabaseError):
        statement(forgery)
    assert [*Request.objects.values()] == before


@pytest.mark.usefixtures("db")
def test_the_tests_themselves_work_as_the_application() -> None:
    if connection.vendor == ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (APPLICATION,)
        with login(APPLICATION) as line:
            row = line.execute("SELECT session_user, current_user").fetchone()
        assert row == (APPLICATION, APPLICATION)
    else:
        assert grant_application_role(APPLICATION) is None  # and nothing happens


@pytest.mark.usefixtures("db")
def test_each_table_says_what_the_application_may_do_with_it() -> None:
    assert {*connection.introspection.table_names()} == {*GRANTS}


STRONGER = {
    f"GRANT UPDATE (actor) ON onboarding_event TO {APPLICATION}": "has to in onboarding_event",
    f"GRANT DELETE ON onboarding_revision TO {APPLICATION}": "has to in onboarding_revision",
    f"GRANT TRIGGER ON onboarding_event TO {APPLICATION}": "has to in onboarding_event",
    f"GRANT UPDATE (vote) ON onboarding_decision TO {APPLICATION}": "in onboarding_decision",
    f"GRANT INSERT ON onboarding_earlierapproval TO {APPLICATION}": "in onboarding_earlierapproval",
    f"GRANT DELETE ON onboarding_approvalkeyword TO {APPLICATION}": "in onboarding_approvalkeyword",
    "GRANT TEMP ON DATABASE {database} TO PUBLIC": "temporary ones included",
    f"GRANT CREATE ON SCHEMA public TO {APPLICATION}": "may make tables",
    f"ALTER TABLE cache OWNER TO {APPLICATION}": "owns tables",
    f"GRANT pg_execute_server_program TO {APPLICATION}": "files or programs",
    f"ALTER ROLE {APPLICATION} CREATEROLE": "may make roles",
    f"ALTER ROLE {APPLICATION} SUPERUSER": "is a superuser",
}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("made_by", STRONGER)
def test_what_a_role_may_beyond_its_work_is_named(made_by: str) -> None:
    assert powers_beyond(connection, APPLICATION) == []
    if connection.vendor == ON_POSTGRESQL:
        with as_owner():
            statement(made_by.replace("{database}", f'"{connection.settings_dict["NAME"]}"'))
            assert STRONGER[made_by] in "; ".join(powers_beyond(connection, APPLICATION))


@pytest.mark.usefixtures("db")
def test_nothing_temporary_stands_before_the_tables_that_guards_read() -> None:
    if connection.vendor == ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT proname FROM pg_proc WHERE proname LIKE 'bulkhead%' AND "
                "coalesce(array_to_string(proconfig, ' '), '') NOT LIKE 'search_path=%, pg_temp'"
            )
            assert cursor.fetchall() == []


@pytest.mark.usefixtures("db")
def test_granting_anew_takes_back_what_somebody_gave() -> None:
    if connection.vendor == ON_POSTGRESQL:
        with as_owner():
            statement(f"GRANT UPDATE ON onboarding_event TO {APPLICATION}, PUBLIC")
            statement("GRANT CREATE ON SCHEMA public TO PUBLIC")
            grant_application_role(APPLICATION, password="a new one")
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT rolpassword FROM pg_authid WHERE rolname = %s", [APPLICATION]
                )
                assert str(cursor.fetchone()).startswith("('SCRAM-SHA-256$")
    assert powers_beyond(connection, APPLICATION) == []


@pytest.mark.usefixtures("db")
def test_the_owner_is_not_taken_for_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    if connection.vendor == ON_POSTGRESQL:
        with (
            pytest.raises(CommandError, match="is a superuser; it"),
            transaction.atomic(),
            as_owner(),
        ):
            call_command("grant_application_role", SUPERUSER)
    else:
        call_command("grant_application_role", SUPERUSER)
        assert "SQLite has no roles" in capsys.readouterr().out


@pytest.fixture
def new_connection(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[BaseDatabaseWrapper]:
    """The first connection of a process in production, whose role may too much."""
    settings.HTTPS = True
    fresh = connections.create_connection("default")
    if connection.vendor == "sqlite":  # one in memory is never closed
        fresh.settings_dict = {**fresh.settings_dict, "NAME": str(tmp_path / "db.sqlite3")}
    monkeypatch.setattr(application_role, "connection", fresh)
    monkeypatch.setattr(application_role, "powers_beyond", lambda _one: ["is a superuser"])
    yield fresh
    connection_created.disconnect(application_role._judge)
    fresh.close()


def test_m15_no_process_starts_with_a_role_that_can_rewrite_history(
    new_connection: BaseDatabaseWrapper,
) -> None:
    with pytest.raises(RoleTooStrong, match="database role is a superuser"):
        watch_database_role()
    with pytest.raises(RoleTooStrong):
        new_connection.ensure_connection()


def test_m15_a_database_that_answers_later_is_asked_then(
    new_connection: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise OperationalError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(new_connection, "connect", down)
        watch_database_role()
    for _again in range(2):
        with pytest.raises(RoleTooStrong):
            new_connection.ensure_connection()


def test_a_role_that_may_nothing_more_is_asked_once(
    new_connection: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(application_role, "powers_beyond", lambda _one: asked.append(1))
    watch_database_role()
    new_connection.close()
    new_connection.ensure_connection()
    assert len(asked) == 1


def test_m15_the_check_of_a_deployment_names_what_the_role_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "powers_beyond", lambda _one: ["owns tables"])
    [found] = checks.check_database_role(None)
    assert (found.id, found.msg) == ("bulkhead.E002", "The portal's database role owns tables.")


def test_the_check_says_that_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_one: BaseDatabaseWrapper) -> list[str]:
        raise OperationalError("no answer")

    monkeypatch.setattr(checks, "powers_beyond", down)
    [found] = checks.check_database_role(None)
    assert "is unknown: no answer" in found.msg
    assert not found.is_serious()


def in_production(url: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """What a process said and how it ended, with settings as in production."""
    ours = ("BULKHEAD_", "DJANGO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, *argv],
        env=kept | PRODUCTION | {"BULKHEAD_DATABASE_URL": url, "BULKHEAD_REDIS_URL": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def url_of(role: str, database: str) -> str:
    if connection.vendor != ON_POSTGRESQL:
        return "sqlite://:memory:"
    return f"postgres://{role}@/{connection.settings_dict['HOST']}/{database}"


START = {
    "check": ("manage.py", "check", "--deploy"),
    "web": ("-c", "import portal.wsgi"),
    "sweeper": ("manage.py", "reconcile"),
}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("process", START)
@pytest.mark.parametrize("role", [SUPERUSER, APPLICATION])
def test_m15_a_real_process_starts_as_the_application_only(process: str, role: str) -> None:
    ended = in_production(url_of(role, connection.settings_dict["NAME"]), *START[process])
    is_too_strong = role == SUPERUSER and connection.vendor == ON_POSTGRESQL
    assert ("database role is a superuser" in ended.stderr) is is_too_strong, ended.stderr
    if process != "sweeper":  # an empty database in memory ends it in any case
        assert (ended.returncode != 0) is is_too_strong, ended.stderr


@pytest.fixture
def by_the_book(db: None) -> Iterator[str]:
    """The name of an owner and of its database, by the SQL of docs/administration.md; or none."""
    book = (ROOT / "docs/administration.md").read_text()
    script = book.partition("```sql\n")[2].partition("```")[0]
    name = f"book_{uuid.uuid4().hex[:8]}"
    if connection.vendor != ON_POSTGRESQL:
        assert "**SQLite** has no roles" in book
        yield ""
        return
    as_admin, _, inside = script.replace("bulkhead", name).partition(f"\\connect {name}\n")
    with login(SUPERUSER) as admin:
        for line in as_admin.strip().splitlines():
            admin.execute(line.encode())
        with login(SUPERUSER, name) as within:
            within.execute(inside.encode())
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        admin.execute(f"DROP ROLE {name}, {name}_app".encode())


def test_m15_an_owner_made_by_the_book_migrates_and_grants(by_the_book: str) -> None:
    owner, application = url_of(by_the_book, by_the_book), f"{by_the_book}_app"
    steps = ("migrate", "createcachetable", f"grant_application_role {application}")
    for command in steps if by_the_book else ():
        ended = in_production(owner, "manage.py", *command.split())
        assert ended.returncode == 0, ended.stderr
    if by_the_book:
        ended = in_production(url_of(application, by_the_book), *START["check"])
        assert ended.returncode == 0, ended.stderr
