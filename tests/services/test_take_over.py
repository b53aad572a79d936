"""Who asked is gone: the team's leads take the request over, they and platform admins close it."""

from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Membership, Request, RequestAuthor, Team, User
from onboarding.queries.leads import abandoned, teams_without_lead, why_abandoned
from onboarding.queries.names import check_name
from onboarding.services.separation import OwnRequest
from onboarding.services.submit import save_draft, submit
from onboarding.services.take_over import close_abandoned, take_over
from tests.services.test_separation import insert
from tests.support.database_roles import as_owner
from tests.support.requests import actions, approve_all, send_back, spec_of, wish_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def left(alice: User, bob: User, payments: Team, now: datetime) -> Request:
    """Alice asked, Dana approved, Alice was switched off, and Bob leads the team now."""
    request = ask(spec_of(), now=now)
    approve(request, "dana", Lane.NETWORK, now=now)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    Membership.objects.filter(user=bob, team=payments).update(role=Membership.Role.LEAD)
    request.refresh_from_db()
    return request


def resend(request: Request, username: str, now: datetime) -> Request:
    wish = wish_of(spec_of(purpose="Looked at again."))
    return submit(wish, by=acting(username), form_key="again", now=now, request=request)


def test_a_lead_takes_it_over_and_decisions_no_longer_count(left: Request, now: datetime) -> None:
    row = take_over(left.pk, by=acting("bob"), now=now)
    assert (row.requester.username, row.state) == ("bob", "returned")
    assert not row.decisions.filter(voided_at__isnull=True).exists()
    assert actions(request=left.label)[-1] == "portal:request:taken-over"


def test_what_was_taken_over_is_sent_again_and_becomes_a_namespace(
    left: Request, now: datetime
) -> None:
    sent = resend(take_over(left.pk, by=acting("bob"), now=now), "bob", now)
    assert (sent.pk, sent.state) == (left.pk, "pending")
    assert approve_all(sent, now=now).state == "approved"


@pytest.mark.parametrize("state", ["pending", "returned"])
def test_it_can_be_taken_over_as_long_as_it_is_open(
    state: str, left: Request, now: datetime
) -> None:
    if state == "returned":
        send_back(left, "pat", Lane.PLATFORM, now=now)
    assert take_over(left.pk, by=acting("bob"), now=now).requester.username == "bob"


@pytest.mark.parametrize("person", ["pat", "dana", "frank"])
def test_only_leads_of_the_team_take_over(person: str, left: Request, now: datetime) -> None:
    with pytest.raises(Forbidden, match="Only a lead of team payments"):
        take_over(left.pk, by=acting(person), now=now)


@pytest.mark.parametrize("act", [take_over, close_abandoned])
def test_a_stranger_learns_nothing(act: object, left: Request, now: datetime) -> None:
    more = {"reason": "Because."} if act is close_abandoned else {}
    with pytest.raises(NotFound):
        act(left.pk, by=acting("charlie"), now=now, **more)  # type: ignore[operator]


def test_nothing_is_taken_from_somebody_who_still_leads(
    left: Request, alice: User, now: datetime
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=True)
    with pytest.raises(Conflict, match="Alice can still send or cancel"):
        take_over(left.pk, by=acting("bob"), now=now)
    with pytest.raises(Conflict, match="Alice can still send or cancel"):
        close_abandoned(left.pk, by=acting("pat"), reason="Because.", now=now)


def test_a_draft_stays_its_authors(alice: User, bob: User, payments: Team, now: datetime) -> None:
    draft = save_draft(wish_of(spec_of()), by=acting("alice"), form_key="d", now=now)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    Membership.objects.filter(user=bob).update(role=Membership.Role.LEAD)
    with pytest.raises(NotFound):
        take_over(draft.pk, by=acting("bob"), now=now)


@pytest.mark.parametrize("person", ["bob", "pat"])
def test_leads_and_platform_admins_close_it_and_the_name_is_free(
    person: str, left: Request, now: datetime
) -> None:
    row = close_abandoned(left.pk, by=acting(person), reason="She left.", now=now)
    assert (row.state, row.closed_at) == ("cancelled", now)
    assert row.last_event is not None
    assert (row.last_event.action, row.last_event.note) == ("portal:request:closed", "She left.")
    assert not check_name(row.cluster, row.name, now=now).problems


@pytest.mark.parametrize("person", ["dana", "frank"])
def test_others_do_not_close_it(person: str, left: Request, now: datetime) -> None:
    with pytest.raises(Forbidden, match="Only leads of payments and platform admins"):
        close_abandoned(left.pk, by=acting(person), reason="Because.", now=now)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_closing_needs_a_reason(reason: str, left: Request, now: datetime) -> None:
    with pytest.raises(Invalid, match="Give a reason"):
        close_abandoned(left.pk, by=acting("bob"), reason=reason, now=now)


def test_what_is_closed_is_not_closed_again(left: Request, now: datetime) -> None:
    close_abandoned(left.pk, by=acting("pat"), reason="She left.", now=now)
    with pytest.raises(Conflict, match="is already cancelled"):
        close_abandoned(left.pk, by=acting("bob"), reason="She left.", now=now)


def test_no_lane_is_approved_while_nobody_stands_behind_it(left: Request, now: datetime) -> None:
    with pytest.raises(Conflict, match=r"switched off\. Return or reject"):
        approve(left, "pat", Lane.PLATFORM, now=now)
    assert left.decisions.count() == 1


@pytest.mark.parametrize(
    ("author", "words"), [("alice", "asked for or edited"), ("bob", "your own request")]
)
def test_nobody_who_was_ever_its_author_decides_it(
    author: str, words: str, left: Request, cast: dict[str, User], now: datetime
) -> None:
    sent = resend(take_over(left.pk, by=acting("bob"), now=now), "bob", now)
    User.objects.filter(username="alice").update(is_active=True)
    cast[author].role_assignments.create(role="platform")
    with pytest.raises(OwnRequest, match=words):
        approve(sent, author, Lane.PLATFORM, now=now)


def test_the_database_refuses_a_decision_by_a_former_author(
    left: Request, alice: User, bob: User, now: datetime
) -> None:
    sent = resend(take_over(left.pk, by=acting("bob"), now=now), "bob", now)
    with pytest.raises(DatabaseError, match="asked for or edited"):
        insert(sent, person=alice, requester=bob, now=now)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM onboarding_requestauthor",
        "UPDATE onboarding_requestauthor SET person_id = person_id + 1",
    ],
)
def test_authors_are_never_forgotten(statement: str, left: Request) -> None:
    assert RequestAuthor.objects.exists()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), as_owner():
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize("loss", ["role", "membership", "active"])
def test_why_nobody_stands_behind_a_request(
    loss: str, alice: User, payments: Team, now: datetime
) -> None:
    request = ask(spec_of(), now=now)
    assert (why_abandoned(request), [*abandoned()]) == ("", [])
    membership = Membership.objects.filter(user=alice)
    if loss == "role":
        membership.update(role=Membership.Role.MEMBER)
    elif loss == "membership":
        membership.delete()
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    request.refresh_from_db()
    words = "switched off" if loss == "active" else "no longer a lead of payments"
    assert words in why_abandoned(request)
    assert [*abandoned()] == [request]
    assert [*teams_without_lead()] == [payments]
