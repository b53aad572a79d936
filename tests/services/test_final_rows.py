"""What is final stays as it is: each trigger refuses its statement; without it, it passes.

As the owner of the tables, since on PostgreSQL the application's role is refused most of it before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.models import (
    Cluster,
    ClusterClosure,
    Deviation,
    Event,
    ManagedNamespace,
    Refresh,
    Request,
    Revision,
    User,
)
from onboarding.services.submit import save_draft, submit
from onboarding.services.take_over import take_over
from tests.support.database_roles import as_owner
from tests.support.requests import approve_all, send_back, spec_of, told_of, wish_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")
migration = import_module("onboarding.migrations.0019_final_rows")
reason = import_module("onboarding.migrations.0031_reason")
WORDS = {guard.name: guard.words for guard in migration.GUARDS} | {reason.NAME: reason.WORDS}
TABLES = {guard.name: guard.table for guard in migration.GUARDS} | {reason.NAME: reason.REQUEST}


@dataclass(frozen=True)
class World:
    """One row of each kind, by id; the last four are new events, each about one of them."""

    approved: int
    pending: int
    returned: int
    draft: int
    namespace: int
    lost: int
    revision: int
    deviation: int
    closing: int
    refresh: int
    cluster: int
    person: int
    of_pending: int
    of_returned: int
    of_namespace: int
    of_lost: int


@pytest.fixture
def world(cast: dict[str, User], cluster: Cluster, now: datetime) -> World:
    alice, pat = cast["alice"], cast["pat"]
    approved = approve_all(ask(spec_of("shop"), now=now), now=now)
    lost = approve_all(ask(spec_of("old"), now=now), now=now).namespace
    assert lost is not None
    ManagedNamespace.objects.filter(pk=lost.pk).update(
        state="lost", last_event=told_of(lost, now=now)
    )
    returned = send_back(ask(spec_of("back"), now=now), "pat", Lane.PLATFORM, now=now)
    pending = ask(spec_of("open"), now=now)
    approve(pending, "dana", Lane.NETWORK, now=now)
    namespace = ManagedNamespace.objects.get(name="shop")
    by, wish = acting("alice"), wish_of(spec_of("draft"))
    gone = Cluster.objects.create(name="gone", api_server="https://gone", ca_pem="", closed_at=now)
    return World(
        approved=approved.pk,
        pending=pending.pk,
        returned=returned.pk,
        draft=save_draft(wish, by=by, form_key="draft", now=now).pk,
        namespace=namespace.pk,
        lost=lost.pk,
        revision=Revision.objects.get(request=approved).pk,
        deviation=_acknowledged(namespace, alice, now),
        closing=_closing(gone, alice, pat, now),
        refresh=Refresh.objects.create(asked_by=alice, reason="r", form_key="r", created_at=now).pk,
        cluster=gone.pk,
        person=pat.pk,
        of_pending=told_of(pending, now=now).pk,
        of_returned=told_of(returned, now=now).pk,
        of_namespace=told_of(namespace, now=now).pk,
        of_lost=told_of(lost, now=now).pk,
    )


def _acknowledged(namespace: ManagedNamespace, person: User, now: datetime) -> int:
    row = Deviation.objects.create(
        namespace=namespace,
        kind="foreign",
        object_kind="Role",
        object_name="r",
        first_seen_at=now,
        seen_at=now,
        acknowledged_at=now,
        acknowledged_by=person,
        acknowledgement="Ours.",
        acknowledged_event=told_of(namespace, now=now),
    )
    return row.pk


def _closing(cluster: Cluster, asked_by: User, confirmed_by: User, now: datetime) -> int:
    row = ClusterClosure.objects.create(
        cluster=cluster, reason="It burnt.", asked_by=asked_by, asked_at=now
    )
    ClusterClosure.objects.filter(pk=row.pk).update(confirmed_by=confirmed_by, confirmed_at=now)
    return row.pk


def copy_of(table: str, pk: int, **forged: str) -> str:
    """A statement that adds a row like another one, with some columns forged."""
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    columns = [one.name for one in described if one.name != "id"]
    values = [forged.get(column, column) for column in columns]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {', '.join(values)} FROM {table} WHERE id = {pk}"
    )


def delete(table: str, pk: int) -> str:
    return f"DELETE FROM {table} WHERE id = {pk}"


REQUEST, LANE, DECISION = migration.REQUEST, migration.LANE, migration.DECISION
NAMESPACE, CLOSURE = migration.NAMESPACE, migration.CLOSURE
A_PLAN = """'{"objects": []}'"""
ATTEMPTS: dict[str, Callable[[World], str]] = {
    "request_begins_as_a_draft": lambda w: copy_of(
        REQUEST, w.approved, public_id="'x'", form_key="'x'"
    ),
    "request_is_closed": lambda w: f"UPDATE {REQUEST} SET closed_at = NULL WHERE id = {w.approved}",
    "request_stays_itself": lambda w: f"UPDATE {REQUEST} SET kind = 'adopt' WHERE id = {w.draft}",
    "request_asks_the_same": lambda w: (
        f"UPDATE {REQUEST} SET plan = {A_PLAN} WHERE id = {w.pending}"
    ),
    "request_keeps_its_reason": lambda w: f"UPDATE {REQUEST} SET why = 'x' WHERE id = {w.pending}",
    "request_form_stays": lambda w: f"UPDATE {REQUEST} SET form_key = 'x' WHERE id = {w.pending}",
    "request_is_taken_over": lambda w: (
        f"UPDATE {REQUEST} SET requester_id = {w.person} WHERE id = {w.draft}"
    ),
    "request_has_one_namespace": lambda w: (
        f"UPDATE {REQUEST} SET namespace_id = {w.namespace} WHERE id = {w.draft}"
    ),
    "request_is_decided_anew": lambda w: (
        f"UPDATE {REQUEST} SET state = 'pending', last_event_id = {w.of_returned} "
        f"WHERE id = {w.returned}"
    ),
    "request_event_is_its_own": lambda w: (
        f"UPDATE {REQUEST} SET state = 'approved', last_event_id = {w.of_namespace} "
        f"WHERE id = {w.pending}"
    ),
    "lane_is_not_added": lambda w: (
        f"INSERT INTO {LANE} (request_id, lane, reasons) VALUES ({w.pending}, 'security', '[]')"
    ),
    "lane_is_not_taken": lambda w: f"DELETE FROM {LANE} WHERE request_id = {w.pending}",
    "lane_does_not_change": lambda w: (
        f"UPDATE {LANE} SET reasons = '[1]' WHERE request_id = {w.draft}"
    ),
    "decision_is_of_a_pending_request": lambda w: (
        f"INSERT INTO {DECISION} (request_id, lane, vote, person_id, requester_id, digest, reason, "
        f"decided_at) SELECT id, 'security', 'approve', {w.person}, requester_id, digest, '', "
        f"created_at FROM {REQUEST} WHERE id = {w.approved}"
    ),
    "decision_is_only_voided": lambda w: (
        f"UPDATE {DECISION} SET digest = 'x' WHERE request_id = {w.pending}"
    ),
    "decision_of_a_closed_request": lambda w: (
        f"UPDATE {DECISION} SET voided_at = decided_at WHERE request_id = {w.approved}"
    ),
    "revision_is_its_request": lambda w: copy_of(
        migration.REVISION, w.revision, request_id=f"{w.pending}", number="7"
    ),
    "namespace_begins_wanted": lambda w: copy_of(
        NAMESPACE, w.namespace, public_id="'x'", name="'x'", state="'ready'"
    ),
    "namespace_stays_itself": lambda w: (
        f"UPDATE {NAMESPACE} SET name = 'x' WHERE id = {w.namespace}"
    ),
    "namespace_has_ended": lambda w: (
        f"UPDATE {NAMESPACE} SET state = 'ready', last_event_id = {w.of_lost} WHERE id = {w.lost}"
    ),
    "namespace_event_is_its_own": lambda w: (
        f"UPDATE {NAMESPACE} SET state = 'ready', last_event_id = {w.of_pending} "
        f"WHERE id = {w.namespace}"
    ),
    "deviation_is_acknowledged": lambda w: (
        f"UPDATE {migration.DEVIATION} SET acknowledgement = 'x' WHERE id = {w.deviation}"
    ),
    "closing_begins_unconfirmed": lambda w: copy_of(
        CLOSURE, w.closing, cluster_id=f"(SELECT id FROM {migration.CLUSTER} WHERE name='dev-eu')"
    ),
    "closing_is_final": lambda w: f"UPDATE {CLOSURE} SET reason = 'x' WHERE id = {w.closing}",
    "refresh_stays_itself": lambda w: (
        f"UPDATE {migration.REFRESH} SET reason = 'x' WHERE id = {w.refresh}"
    ),
    "cluster_stays_closed": lambda w: (
        f"UPDATE {migration.CLUSTER} SET closed_at = NULL WHERE id = {w.cluster}"
    ),
    f"{REQUEST}_is_kept": lambda w: delete(REQUEST, w.draft),
    f"{DECISION}_is_kept": lambda w: f"DELETE FROM {DECISION} WHERE request_id = {w.pending}",
    f"{NAMESPACE}_is_kept": lambda w: delete(NAMESPACE, w.namespace),
    f"{migration.DEVIATION}_is_kept": lambda w: delete(migration.DEVIATION, w.deviation),
    f"{CLOSURE}_is_kept": lambda w: delete(CLOSURE, w.closing),
    f"{migration.REFRESH}_is_kept": lambda w: delete(migration.REFRESH, w.refresh),
    f"{migration.CLUSTER}_is_kept": lambda w: delete(migration.CLUSTER, w.cluster),
}


def run(statement: str) -> str:
    """Run it as the owner, and take it back; return what the database said against it."""
    try:
        with transaction.atomic():
            with as_owner(), connection.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.rowcount != 0, "the attempt met no row"
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error)
    return ""


def drop(name: str) -> None:
    table = f" ON {TABLES[name]}" if connection.vendor == "postgresql" else ""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{table}")


def test_each_guard_has_its_attempt() -> None:
    assert set(ATTEMPTS) == set(WORDS)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_m14_each_guard_refuses_and_without_it_nobody_does(name: str, world: World) -> None:
    statement = ATTEMPTS[name](world)
    assert WORDS[name] in run(statement)
    drop(name)
    assert WORDS[name] not in run(statement)


def test_m14_an_older_event_moves_nothing(world: World, now: datetime) -> None:
    older = Event.objects.filter(object_kind="request", request__gt="").earliest("id").pk
    row = Request.objects.get(public_id=Event.objects.get(pk=older).object_id)
    assert row.last_event_id != older
    assert "moves with a new event" in run(
        f"UPDATE {REQUEST} SET state = 'pending', last_event_id = {older} "
        f"WHERE id = {world.pending}"
    )


def test_what_is_put_back_goes_on_with_the_event_of_its_deviation(
    world: World, now: datetime
) -> None:
    namespace = ManagedNamespace.objects.get(pk=world.namespace)
    seen = told_of(namespace, now=now, action="cluster:deviation:seen")
    between = told_of(namespace, now=now)
    move = f"UPDATE {NAMESPACE} SET last_event_id = {{}}, state = '{{}}' WHERE id = {namespace.pk}"
    ManagedNamespace.objects.filter(pk=namespace.pk).update(
        state="ready", last_event=told_of(namespace, now=now)
    )
    assert run(move.format(seen.pk, "drifted")) == ""
    assert "moves with a new event" in run(move.format(between.pk, "drifted"))
    assert "moves with a new event" in run(move.format(seen.pk, "gone"))


def test_a_request_that_is_taken_over_changes_hands(
    world: World, cast: dict[str, User], now: datetime
) -> None:
    User.objects.filter(username="alice").update(is_active=False)
    cast["bob"].memberships.update(role="lead")
    row = take_over(world.pending, by=acting("bob"), now=now)
    assert (row.requester, row.state) == (cast["bob"], "returned")
    assert submit(wish_of(spec_of("open")), by=acting("bob"), form_key="b", now=now, request=row)


def test_m14_on_sqlite_no_final_row_is_replaced(world: World) -> None:
    """INSERT OR REPLACE fires no trigger for what it deletes. PostgreSQL has no such statement."""
    for table, pk in {
        REQUEST: world.draft,
        NAMESPACE: world.namespace,
        migration.REVISION: world.revision,
    }.items():
        statement = copy_of(table, pk, state="'draft'" if table == REQUEST else "'wanted'")
        replaced = statement.replace("INSERT", "INSERT OR REPLACE", 1)
        said = run(replaced if connection.vendor == "sqlite" else statement)
        assert said, table


def test_m14_on_postgresql_no_final_table_is_emptied(world: World) -> None:
    """SQLite knows no TRUNCATE: there every attempt is a mistake of grammar."""
    for table in migration.NEVER_TRUNCATED:
        assert run(f"TRUNCATE {table} CASCADE"), table
