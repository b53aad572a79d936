"""Expire: what nobody decided in time frees its name, with one event each."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from onboarding.demo.scenario import approve, ask
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import REQUEST_TRANSITIONS, RequestState
from onboarding.domain.refusals import Conflict
from onboarding.models import Event, Request
from onboarding.queries.names import check_name
from onboarding.services.expire import expire_requests
from tests.support.requests import actions, send_back, spec_of, told_of

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def late(now: datetime) -> datetime:
    return now + timedelta(days=settings.REQUEST_EXPIRES_DAYS, seconds=1)


def test_a_request_nobody_decided_expires_and_frees_its_name(now: datetime) -> None:
    request = ask(spec_of("shop"), now=now)
    assert check_name(request.cluster, "shop", now=now).problems
    assert expire_requests(now=late(now)) == 1
    request.refresh_from_db()
    assert (request.state, request.closed_at) == ("expired", late(now))
    assert not check_name(request.cluster, "shop", now=now).problems
    assert actions(request=request.label)[-1] == "portal:request:expired"
    assert Event.objects.latest("id").actor == "System"


def test_it_expires_once(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    assert [expire_requests(now=late(now)) for _ in range(3)] == [1, 0, 0]
    assert actions(request=request.label).count("portal:request:expired") == 1


def test_a_request_in_time_stays(now: datetime) -> None:
    ask(spec_of(), now=now)
    assert expire_requests(now=now + timedelta(days=settings.REQUEST_EXPIRES_DAYS)) == 0


def test_a_returned_request_expires_too(now: datetime) -> None:
    send_back(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
    assert expire_requests(now=late(now)) == 1


def test_an_expired_request_is_decided_no_more(now: datetime) -> None:
    request = ask(spec_of(), now=now)
    expire_requests(now=late(now))
    with pytest.raises(Conflict, match="is expired"):
        approve(request, "dana", Lane.NETWORK, now=late(now))


@pytest.mark.parametrize("state", [*RequestState])
def test_a_request_expires_exactly_from_where_the_table_says(
    state: RequestState, now: datetime
) -> None:
    request = ask(spec_of(), now=now)
    event = told_of(request, now=now)
    Request.objects.filter(pk=request.pk).update(state=state.value, last_event=event)
    expected = RequestState.EXPIRED in REQUEST_TRANSITIONS[state]
    assert expire_requests(now=late(now)) == expected
