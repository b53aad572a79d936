"""The usual wait: the median of what was decided lately, and silence where too little was."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import approve, ask
from onboarding.domain.lanes import Lane
from onboarding.models import Decision, Request
from onboarding.queries.usual_wait import usual_waits
from onboarding.services.clock import database_now
from tests.support.behind_the_portal import without_guards
from tests.support.requests import send_back, spec_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def decided_after(*waits: timedelta, ago: timedelta = timedelta(days=1)) -> list[Request]:
    """Requests that Dana approved so long after they were sent, so long ago."""
    at = database_now() - ago
    asked = [ask(spec_of(f"shop-{number}"), now=at) for number in range(len(waits))]
    for request, wait in zip(asked, waits, strict=True):
        approve(request, "dana", Lane.NETWORK, now=at + wait)
    return asked


def hours(*numbers: int) -> list[timedelta]:
    return [timedelta(hours=number) for number in numbers]


def test_the_median_counts_not_the_one_that_was_forgotten() -> None:
    decided_after(*hours(1, 2, 20))
    assert usual_waits()[Lane.NETWORK] == timedelta(hours=2)


def test_two_decisions_are_too_few_to_say() -> None:
    decided_after(*hours(1, 2))
    assert usual_waits() == dict.fromkeys(Lane)


def test_what_was_decided_more_than_thirty_days_ago_says_nothing_of_today() -> None:
    decided_after(*hours(1, 2, 3), ago=timedelta(days=40))
    assert usual_waits()[Lane.NETWORK] is None


def test_a_lane_is_not_judged_by_another() -> None:
    decided_after(*hours(1, 2, 3))
    assert usual_waits()[Lane.PLATFORM] is None


def test_what_was_sent_again_after_its_decision_is_left_out() -> None:
    asked = decided_after(*hours(1, 2, 3))
    with without_guards():
        Request.objects.filter(pk=asked[0].pk).update(submitted_at=database_now())
    assert usual_waits()[Lane.NETWORK] is None


def test_a_return_is_an_answer_too() -> None:
    at = database_now() - timedelta(days=1)
    for number in range(3):
        asked = ask(spec_of(f"shop-{number}"), now=at)
        send_back(asked, "dana", Lane.NETWORK, now=at + timedelta(hours=5))
    assert usual_waits()[Lane.NETWORK] == timedelta(hours=5)


def test_one_question_to_the_database_however_many_there_are() -> None:
    decided_after(*hours(1, 2, 3, 4, 5))
    with CaptureQueriesContext(connection) as asked:
        usual_waits()
    assert len(asked) == 1
    assert Decision.objects.count() == 5
