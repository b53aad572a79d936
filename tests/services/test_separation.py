"""Nobody approves their own request: not by the service, not by the ORM, not by SQL."""

from datetime import datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import Decision, Request, User, Vote
from onboarding.queries.deciders import barred_from_request, load_deciders, rules_for
from onboarding.queries.requests import waiting_for
from onboarding.services.decide import decide
from onboarding.services.separation import OwnRequest, OwnTeam, SecondLane
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
    with pytest.raises(DatabaseError, match=r"does not change|denied"), transaction.atomic():
        Decision.objects.update(requester=bob, person=alice)
    with pytest.raises(DatabaseError), transaction.atomic():
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


# Rules of an environment ------------------------------------------------------------------------


@pytest.fixture
def both(dana: User) -> User:
    """Dana, who decides for the platform as well."""
    dana.role_assignments.create(role="platform")
    return dana


def in_test(**differing: object) -> NamespaceSpec:
    return spec_of("payments-test", environment="test", **differing)


def test_in_production_one_person_decides_one_lane(both: User, now: datetime) -> None:
    request = ask(spec_of(), now=now)
    approve(request, "dana", Lane.NETWORK, now=now)
    assert [*waiting_for(acting("dana").permissions)] == []
    with pytest.raises(SecondLane, match="You gave the network approval"):
        approve(request, "dana", Lane.PLATFORM, now=now)
    assert approve(request, "pat", Lane.PLATFORM, now=now).state == "approved"


def test_elsewhere_one_person_may_decide_both(both: User, now: datetime) -> None:
    request = ask(in_test(), now=now)
    approve(request, "dana", Lane.NETWORK, now=now)
    assert [*waiting_for(acting("dana").permissions)] == [request]
    assert approve(request, "dana", Lane.PLATFORM, now=now).state == "approved"


def test_in_production_nobody_of_the_team_decides(bob: User, dana: User, now: datetime) -> None:
    bob.role_assignments.create(role="network")
    request = ask(spec_of(), now=now)
    barred = barred_from_request(request)
    assert load_deciders(barred.people).of(Lane.NETWORK, barred) == (dana,)
    assert not waiting_for(acting("bob").permissions).exists()
    with pytest.raises(OwnTeam, match="You are of team payments"):
        approve(request, "bob", Lane.NETWORK, now=now)


def test_elsewhere_a_member_of_the_team_may_decide(bob: User, now: datetime) -> None:
    bob.role_assignments.create(role="network")
    request = ask(in_test(), now=now)
    assert [*waiting_for(acting("bob").permissions)] == [request]
    assert approve(request, "bob", Lane.NETWORK, now=now).decisions.get().person == bob


def test_a_lane_that_only_the_team_holds_is_refused_when_sent(
    bob: User, dana: User, now: datetime
) -> None:
    dana.role_assignments.all().delete()
    bob.role_assignments.create(role="network")
    with pytest.raises(Invalid, match="who hold the lane are of the team"):
        ask(spec_of(), now=now)
    assert ask(in_test(), now=now).state == "pending"


def test_two_lanes_with_one_person_are_refused_when_sent(
    both: User, pat: User, now: datetime
) -> None:
    pat.role_assignments.filter(role="platform").delete()
    with pytest.raises(Invalid, match="for platform and network together there is only Dana"):
        ask(spec_of(), now=now)
    assert ask(in_test(), now=now).state == "pending"


def test_an_environment_that_the_catalogue_lost_has_every_rule() -> None:
    assert rules_for("gone") == {*SeparationRule}
