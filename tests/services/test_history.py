"""History: one writer, inside the transaction of the change, with bytes anybody can hash again."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction

from onboarding.demo.scenario import acting, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Event, Request, User
from onboarding.services import history
from onboarding.services.history import NotInTransaction, record
from tests.support.fake_cluster import FakeCluster
from tests.support.real_database import committed
from tests.support.requests import ready, reject, spec_of


@pytest.fixture
def events(
    cast: dict[str, User], cluster: Cluster, fake: FakeCluster, now: datetime
) -> list[Event]:
    """Everything that happens until a namespace is ready, and one rejection."""
    ready(now=now)
    reject(ask(spec_of("shop"), now=now), "dana", Lane.NETWORK, now=now)
    return [*Event.objects.order_by("id")]


def test_every_leaf_is_the_hash_of_its_canonical_bytes(events: list[Event]) -> None:
    assert len(events) > 10
    for event in events:
        assert event.leaf == hashlib.sha256(b"\x00" + bytes(event.canonical)).hexdigest()


def test_the_canonical_bytes_say_what_the_row_says(events: list[Event]) -> None:
    for event in events:
        told = json.loads(bytes(event.canonical))
        assert told["v"] == 1
        assert told["action"] == event.action
        assert datetime.fromisoformat(told["at"]) == event.at
        assert told["actor"] == {
            "id": event.actor_id,
            "name": event.actor,
            "via": event.via,
            "ip": event.ip,
        }
        about = told["about"]
        assert (about["kind"], about["id"], about["team"], about["cluster"]) == (
            event.object_kind,
            event.object_id,
            event.team,
            event.cluster,
        )
        assert (about["namespace"], about["request"], about["run"]) == (
            event.namespace,
            event.request,
            event.run,
        )


def test_the_canonical_bytes_are_sorted_and_without_white_space(events: list[Event]) -> None:
    for event in events:
        stored = bytes(event.canonical)
        spelled = json.dumps(
            json.loads(stored), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert stored == spelled.encode()


def test_free_text_is_covered_by_a_salted_hash_only(events: list[Event]) -> None:
    noted = [event for event in events if event.note]
    assert {event.note for event in noted} >= {
        "Please use another port.",
        "Takes card payments for the shop.",
    }
    for event in noted:
        assert event.note.encode() not in bytes(event.canonical)
        salted = hashlib.sha256(bytes(event.note_salt or b"") + event.note.encode()).hexdigest()
        assert json.loads(bytes(event.canonical))["note"] == salted
    assert len({bytes(event.note_salt or b"") for event in noted}) == len(noted)


def test_a_person_is_told_from_the_system(events: list[Event]) -> None:
    by_action = {event.action: event for event in events}
    assert by_action["portal:request:submitted"].actor == "Alice"
    assert by_action["portal:request:rejected"].actor == "Dana"
    ready_event = by_action["cluster:namespace:ready"]
    assert (ready_event.actor, ready_event.via) == ("System", "system")
    assert ready_event.run
    assert ready_event.request == Request.objects.get(name="payments-prod").label


def test_user_text_cannot_forge_another_entry(cast: dict[str, User], now: datetime) -> None:
    nasty = 'x","action":"portal:request:approved'
    actor = history.actor_for(cast["alice"], ip="192.0.2.7")
    about = history.About(kind="request", id="1", label=nasty, namespace=nasty)
    event = record(Action.EXPORTED, actor=actor, at=now, about=about, note=nasty)
    told = json.loads(bytes(event.canonical))
    assert told["action"] == "portal:history:exported"
    assert told["about"]["label"] == nasty
    assert told["actor"]["ip"] == "192.0.2.7"


def test_an_event_goes_when_its_change_is_rolled_back(cast: dict[str, User], now: datetime) -> None:
    before = Event.objects.count()
    about = history.About("x", "1", "x")

    def change() -> None:
        with transaction.atomic():
            record(Action.EXPORTED, actor=history.SYSTEM, at=now, about=about)
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        change()
    assert Event.objects.count() == before


def test_the_database_tells_when_it_was_recorded(events: list[Event]) -> None:
    assert all(event.recorded_at for event in Event.objects.all())


def test_every_action_reads_as_a_sentence() -> None:
    assert all(action.words[0].isupper() for action in Action)


class TestOutsideATransaction:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def real_database(self, transactional_db: None, tmp_path: Path) -> Iterator[None]:
        with committed(tmp_path):
            yield

    def test_a_record_outside_the_transaction_of_its_change_is_refused(self, now: datetime) -> None:
        with pytest.raises(NotInTransaction):
            record(
                Action.EXPORTED, actor=history.SYSTEM, at=now, about=history.About("x", "1", "x")
            )
        assert not Event.objects.exists()

    def test_a_submit_commits_its_row_and_its_event_together(
        self, cast: dict[str, User], cluster: Cluster, now: datetime
    ) -> None:
        request = ask(spec_of(), now=now)
        assert acting("alice").actor.name == "Alice"
        assert Event.objects.get(request=request.label) == request.last_event
