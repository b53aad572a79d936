"""Nobody approves their own request: not by the service, not by the ORM, not by SQL."""

from datetime import datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from onboarding.demo.scenario import acting, ask
from onboarding.domain.lanes import Lane
from onboarding.models import Decision, Request, User, Vote
from onboarding.queries.requests import waiting_for
from onboarding.services.decide import decide
from onboarding.services.separation import OwnRequest
from tests.support.requests import spec_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")
COLUMNS = "request_id, lane, vote, person_id, requester_id, digest, reason, decided_at"
INSERT = f"INSERT INTO onboarding_decision ({COLUMNS}) VALUES (%s,%s,%s,%s,%s,%s,%s,%s)"


@pytest.fixture
def mine(alice: User, now: datetime) -> Request:
    """A request of Alice, who holds every lane besides."""
    for lane in Lane:
        alice.role_assignments.create(role=lane.value)
    return ask(spec_of(), now=now)


def insert(request: Request, *, person: User, requester: User, now: datetime) -> None:
    row = [request.pk, "network", "approve", person.pk, requester.pk, request.digest, "", now]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, row)


@pytest.mark.parametrize("vote", [*Vote])
@pytest.mark.parametrize("lane", [Lane.PLATFORM, Lane.NETWORK])
def test_g15_nobody_decides_their_own_request(
    mine: Request, lane: Lane, vote: Vote, now: datetime
) -> None:
    with pytest.raises(OwnRequest, match="cannot decide your own request"):
        decide(
            mine.pk,
            lane=lane,
            vote=vote,
            by=acting("alice"),
            digest=mine.digest,
            reason="Mine.",
            now=now,
        )
    assert not Decision.objects.exists()


def test_ones_own_request_does_not_wait_for_oneself(mine: Request) -> None:
    assert not waiting_for(acting("alice").permissions).exists()
    assert [*waiting_for(acting("dana").permissions)] == [mine]


def test_g15_the_database_refuses_it_to_the_orm(mine: Request, alice: User, now: datetime) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            request=mine,
            lane="network",
            vote="approve",
            person=alice,
            requester=alice,
            digest=mine.digest,
            decided_at=now,
        )


def test_g15_the_database_refuses_it_to_sql(mine: Request, alice: User, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="nobody_decides_their_own_request"):
        insert(mine, person=alice, requester=alice, now=now)


def test_g15_the_database_refuses_a_forged_requester(
    mine: Request, alice: User, bob: User, now: datetime
) -> None:
    with pytest.raises(DatabaseError, match="names the requester of its request"):
        insert(mine, person=alice, requester=bob, now=now)


def test_g15_the_database_refuses_a_requester_forged_afterwards(
    mine: Request, alice: User, dana: User, bob: User, now: datetime
) -> None:
    insert(mine, person=dana, requester=alice, now=now)
    with pytest.raises(DatabaseError, match="names the requester"), transaction.atomic():
        Decision.objects.update(requester=bob, person=alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.update(person=alice)


def test_another_persons_word_is_accepted_by_the_same_sql(
    mine: Request, alice: User, dana: User, now: datetime
) -> None:
    insert(mine, person=dana, requester=alice, now=now)
    assert Decision.objects.get().person == dana


def test_a_lane_has_one_decision_that_counts(
    mine: Request, alice: User, dana: User, pat: User, now: datetime
) -> None:
    insert(mine, person=dana, requester=alice, now=now)
    with pytest.raises(IntegrityError):
        insert(mine, person=pat, requester=alice, now=now)
    Decision.objects.update(voided_at=now)
    insert(mine, person=pat, requester=alice, now=now)
