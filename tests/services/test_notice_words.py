"""What a notice says of an event: whole sentences, true whenever they are read."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import transaction

from onboarding.demo.scenario import acting, approve, ask
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.models import Event
from onboarding.queries.notice_words import sentences_of
from onboarding.services.comment import comment
from onboarding.services.expire import expire_requests
from onboarding.services.history import SYSTEM, about_namespace, record
from tests.support.requests import send_back, spec_of, wanted

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def expired(now: datetime) -> str:
    """What is said of the request that nobody settled."""
    assert expire_requests(now=now + timedelta(days=settings.REQUEST_EXPIRES_DAYS, seconds=1))
    return " ".join(sentences_of(Event.objects.latest("id")))


def said_of(action: Action, now: datetime, **body: str) -> list[str]:
    """What is said of a namespace of payments on dev-eu."""
    with transaction.atomic():
        about = about_namespace(wanted(now=now))
        event = record(action, actor=SYSTEM, at=now, about=about, body={**body})
    return sentences_of(event)


def test_an_expired_request_is_told_with_the_approval_it_lacked(now: datetime) -> None:
    approve(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
    said = expired(now)
    assert said.startswith("It still lacked platform approval when its time was over.")
    assert "It can be sent anew. Team payments, REQ-" in said


def test_a_returned_request_that_expires_was_not_left_undecided(now: datetime) -> None:
    send_back(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
    assert expired(now).startswith("It was returned for changes and not sent again in time.")


def test_an_event_of_an_earlier_release_says_no_more_than_it_knows(now: datetime) -> None:
    assert said_of(Action.REQUEST_EXPIRED, now)[0] == "Its time was over."


@pytest.mark.parametrize(
    "action",
    [
        Action.NAMESPACE_BLOCKED,
        Action.NAMESPACE_SUPERSEDED,
        Action.NAMESPACE_STUCK,
        Action.NAMESPACE_ENDS_SOON,
        Action.NAMESPACE_PAST_END,
        Action.NAMESPACE_LOST,
    ],
)
def test_what_happens_to_a_namespace_is_told_with_its_team_and_cluster(
    action: Action, now: datetime
) -> None:
    said = said_of(action, now, message="no", ends_at=now.isoformat())
    assert said[-1] == "Team payments, cluster dev-eu."


@pytest.mark.parametrize(
    ("action", "words"),
    [(Action.NAMESPACE_ENDS_SOON, "ends on"), (Action.NAMESPACE_PAST_END, "ended on")],
)
def test_an_end_that_came_is_told_as_past(action: Action, words: str, now: datetime) -> None:
    first, second, *_place = said_of(action, now, ends_at="2026-11-01T23:30:00-02:00")
    assert first == f"Its lifetime {words} 2 Nov 2026. Nothing is removed by itself."
    assert "to keep it" not in second


def test_what_somebody_wrote_is_no_half_sentence(now: datetime) -> None:
    event = comment(ask(spec_of(), now=now).pk, by=acting("dana"), text="Which port?", now=now)
    said = [*sentences_of(event), *said_of(Action.SUGGESTION_DISMISSED, now)]
    assert said[0] == f"Dana wrote about {event.request}."
    assert "System dismissed it and says why." in said
    assert all(one.endswith(".") for one in said)
