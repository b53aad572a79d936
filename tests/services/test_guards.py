"""What the database itself refuses, whoever asks and by whatever way."""

from datetime import datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from onboarding.demo.scenario import acting, ask
from onboarding.models import Cluster, Event, ManagedNamespace, Request, Revision, Team
from onboarding.services.submit import submit
from tests.support.database_roles import as_owner
from tests.support.requests import approve_all, spec_of, told_of, wanted, wish_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def sql(statement: str, *values: object) -> None:
    """As the owner of the tables: what nobody was granted is refused before a guard is asked."""
    with transaction.atomic(), as_owner(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def namespace(now: datetime) -> ManagedNamespace:
    return wanted(now=now)


@pytest.mark.parametrize("table", ["onboarding_event", "onboarding_revision"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET id = id + 1000",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE id = (SELECT max(id) FROM {})",
    ],
)
def test_g27_rows_of_the_record_are_neither_changed_nor_deleted(
    table: str, statement: str, namespace: ManagedNamespace
) -> None:
    rows = {"onboarding_event": Event, "onboarding_revision": Revision}[table]
    before = [*rows.objects.order_by("id").values()]
    assert before
    with pytest.raises(DatabaseError, match=f"{table} is append-only"):
        sql(statement.format(table, table))
    assert [*rows.objects.order_by("id").values()] == before


@pytest.mark.parametrize(
    "column", ["at", "actor", "action", "canonical", "leaf", "note", "team", "namespace"]
)
def test_g27_no_column_of_an_event_is_rewritten(column: str, namespace: ManagedNamespace) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"UPDATE onboarding_event SET {column} = {column}")


def test_g27_the_orm_does_not_get_around_it(namespace: ManagedNamespace) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), as_owner():
        Event.objects.update(actor="Nobody")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), as_owner():
        Revision.objects.update(digest="x")


def test_g27_an_event_is_not_replaced_under_its_own_id(namespace: ManagedNamespace) -> None:
    event = Event.objects.latest("id")
    columns = (
        "id, at, recorded_at, actor_id, actor, via, action, object_kind, object_id, "
        "object_label, team, cluster, namespace, request, run, note, canonical, leaf"
    )
    forged = columns.replace("actor,", "'Nobody',", 1)
    values = f"({columns}) SELECT {forged} FROM onboarding_event WHERE id = %s"
    replace = {
        "sqlite": f"INSERT OR REPLACE INTO onboarding_event {values}",
        "postgresql": f"INSERT INTO onboarding_event {values} "
        "ON CONFLICT (id) DO UPDATE SET actor = 'Nobody'",
    }[connection.vendor]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(replace, event.pk)
    assert Event.objects.get(pk=event.pk).actor == event.actor


@pytest.mark.parametrize("table", ["onboarding_request", "onboarding_managednamespace"])
def test_g25_a_state_does_not_change_without_a_new_event(
    table: str, namespace: ManagedNamespace, now: datetime
) -> None:
    ask(spec_of("open"), now=now)
    pending = "WHERE state IN ('pending', 'wanted')"
    with pytest.raises(DatabaseError, match="a state changes with its event"):
        sql(f"UPDATE {table} SET state = 'blocked' {pending}")
    with pytest.raises(DatabaseError, match=r"with its event|with a new event"):
        sql(f"UPDATE {table} SET state = 'blocked', last_event_id = NULL {pending}")
    with pytest.raises(DatabaseError, match="a state changes with its event"):
        sql(f"UPDATE {table} SET state = 'blocked', last_event_id = last_event_id {pending}")


def test_g25_a_state_changes_together_with_its_event(
    namespace: ManagedNamespace, now: datetime
) -> None:
    event = told_of(namespace, now=now)
    ManagedNamespace.objects.update(state="blocked", last_event=event)
    ManagedNamespace.objects.update(state="blocked", message="Said again.")
    namespace.refresh_from_db()
    assert (namespace.state, namespace.last_event) == ("blocked", event)


@pytest.mark.parametrize("name", ["shop", "SHOP", "Shop"])
def test_g14_a_live_name_has_one_owner_on_a_cluster_in_any_spelling(
    name: str, cluster: Cluster, payments: Team, search: Team, now: datetime
) -> None:
    def own(team: Team, name: str) -> ManagedNamespace:
        with transaction.atomic():
            return ManagedNamespace.objects.create(
                cluster=cluster, name=name, team=team, created_at=now
            )

    first = own(payments, "shop")
    with pytest.raises(IntegrityError):
        own(search, name)
    event = told_of(first, now=now)
    ManagedNamespace.objects.filter(pk=first.pk).update(state="gone", last_event=event)
    assert own(search, name).pk


def test_a_name_has_one_open_request_on_a_cluster_in_any_spelling(now: datetime) -> None:
    ask(spec_of("shop"), now=now)
    copy = submit(wish_of(spec_of("else")), by=acting("alice"), form_key="2", now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=copy.pk).update(name="SHOP")


def test_a_closed_request_stands_in_nobodys_way(now: datetime) -> None:
    approve_all(ask(spec_of("shop"), now=now), now=now)
    event = told_of(ManagedNamespace.objects.get(), now=now)
    ManagedNamespace.objects.update(state="lost", last_event=event)
    assert submit(wish_of(spec_of("shop")), by=acting("alice"), form_key="2", now=now).pk


def test_a_revision_has_one_number_and_one_request(namespace: ManagedNamespace) -> None:
    revision = Revision.objects.get()
    copied = {
        field.attname: getattr(revision, field.attname)
        for field in Revision._meta.fields
        if not field.primary_key
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.create(**copied)
