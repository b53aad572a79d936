"""Comment: both sides write about a request while it is open, and nothing else moves."""

from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.domain.spec import COMMENT_LENGTH
from onboarding.models import Decision, Event, Request, RoleAssignment, User
from onboarding.queries import conversation
from onboarding.queries.conversation import comments_on
from onboarding.services import comment as service
from onboarding.services.comment import comment
from onboarding.services.submit import cancel, save_draft
from tests.support.requests import approve_all, send_back, spec_of, wish_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def request_row(now: datetime) -> Request:
    return ask(spec_of(), now=now)


def say(row: Request, username: str, text: str = "Which pods?", *, now: datetime) -> Event:
    return comment(row.pk, by=acting(username), text=text, now=now)


def test_a_question_and_its_answer_are_read_in_their_order(
    request_row: Request, now: datetime
) -> None:
    say(request_row, "dana", " Which pods call out?\n", now=now)
    say(request_row, "alice", "Only checkout.", now=now)
    lines = [(event.actor, event.note) for event in comments_on(request_row)]
    assert lines == [("Dana", "Which pods call out?"), ("Alice", "Only checkout.")]


@pytest.mark.parametrize("person", ["alice", "bob", "dana", "erin", "pat"])
def test_the_team_approvers_and_admins_write(
    person: str, request_row: Request, now: datetime
) -> None:
    assert say(request_row, person, now=now).request == request_row.label


def test_auditors_read_only(request_row: Request, now: datetime) -> None:
    with pytest.raises(Forbidden):
        say(request_row, "frank", now=now)


def test_who_gave_a_lane_away_writes_no_more(request_row: Request, now: datetime) -> None:
    RoleAssignment.objects.filter(user__username="dana").delete()
    with pytest.raises(NotFound):
        say(request_row, "dana", now=now)


def test_strangers_do_not_learn_that_there_is_such_a_request(
    request_row: Request, now: datetime
) -> None:
    with pytest.raises(NotFound):
        say(request_row, "charlie", now=now)


def test_a_draft_is_nobody_elses_and_not_talked_about(now: datetime) -> None:
    draft = save_draft(wish_of(spec_of()), by=acting("alice"), form_key="d", now=now)
    with pytest.raises(NotFound):
        say(draft, "alice", now=now)


def test_a_returned_request_is_still_talked_about(request_row: Request, now: datetime) -> None:
    send_back(request_row, "dana", Lane.NETWORK, now=now)
    assert say(request_row, "alice", now=now)


def test_what_is_closed_is_read_only(request_row: Request, now: datetime) -> None:
    say(request_row, "dana", now=now)
    cancel(request_row.pk, by=acting("alice"), now=now)
    with pytest.raises(Conflict):
        say(request_row, "dana", "Still there?", now=now)
    assert len(comments_on(request_row)) == 1


def test_nothing_can_be_written_about_what_was_approved(
    request_row: Request, now: datetime
) -> None:
    approve_all(request_row, now=now)
    with pytest.raises(Conflict):
        say(request_row, "alice", now=now)


@pytest.mark.parametrize("text", ["", " \n ", "\u202e", "x" * (COMMENT_LENGTH + 1)])
def test_what_cannot_be_read_is_not_written(text: str, request_row: Request, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        say(request_row, "dana", text, now=now)
    assert refused.value.field == "text"


def test_a_question_voids_nothing(request_row: Request, now: datetime) -> None:
    approve(request_row, "dana", Lane.NETWORK, now=now)
    before = Request.objects.values().get(pk=request_row.pk)
    say(request_row, "pat", now=now)
    assert Request.objects.values().get(pk=request_row.pk) == before
    assert Decision.objects.get().voided_at is None
    assert approve(request_row, "pat", Lane.PLATFORM, now=now).state == "approved"


def test_the_same_sent_twice_is_said_once(request_row: Request, now: datetime) -> None:
    assert say(request_row, "dana", now=now) == say(request_row, "dana", now=now)
    later = now + service.SAME_WITHIN + timedelta(seconds=1)
    say(request_row, "dana", now=later)
    assert len(comments_on(request_row)) == 2


def test_there_is_an_end_to_it(
    request_row: Request, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (conversation, service):
        monkeypatch.setattr(module, "MOST_COMMENTS", 2)
    for text in ("One.", "Two."):
        say(request_row, "dana", text, now=now)
    with pytest.raises(Conflict):
        say(request_row, "dana", "Three.", now=now)


def test_what_others_wrote_about_another_request_stands_there(
    request_row: Request, cast: dict[str, User], now: datetime
) -> None:
    say(ask(spec_of("shop"), now=now), "dana", now=now)
    assert comments_on(request_row) == []
