"""What was decided lately, for whoever may know of it."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import approve, ask
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Decision, User
from onboarding.queries.decisions import decided_lately
from onboarding.queries.permissions import permissions_of
from tests.support.requests import approve_all, send_back, spec_of

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def decided(cast: dict[str, User], cluster: Cluster, now: datetime) -> None:
    """Four approvals of two requests, two and one hour before a third is returned."""
    for hours, name in ((2, "payments-prod"), (1, "payments-live")):
        at = now - timedelta(hours=hours)
        approve_all(ask(spec_of(name), now=at), now=at)
    send_back(ask(spec_of("payments-shop"), now=now), "dana", Lane.NETWORK, now=now)


def test_the_newest_decision_comes_first(decided: None, cast: dict[str, User]) -> None:
    lately = decided_lately(permissions_of(cast["frank"]), limit=3)
    assert [(one.request.name, one.vote) for one in lately] == [
        ("payments-shop", "return"),
        ("payments-live", "approve"),
        ("payments-live", "approve"),
    ]


def test_a_team_reads_its_own_and_a_stranger_nothing(decided: None, cast: dict[str, User]) -> None:
    assert len(decided_lately(permissions_of(cast["bob"]))) == 5
    assert decided_lately(permissions_of(cast["charlie"])) == []


def test_what_no_longer_counts_is_not_told(decided: None, cast: dict[str, User]) -> None:
    newest = decided_lately(permissions_of(cast["frank"]))[0]
    Decision.objects.filter(pk=newest.pk).update(voided_at=newest.decided_at)
    assert newest not in decided_lately(permissions_of(cast["frank"]))


def test_it_is_one_query_however_many(decided: None, cast: dict[str, User]) -> None:
    permissions = permissions_of(cast["frank"])
    with CaptureQueriesContext(connection) as asked:
        rows = decided_lately(permissions)
        assert {(one.person.label, one.request.team.slug) for one in rows}
        assert {one.request.cluster.name for one in rows} == {"dev-eu"}
    assert len(asked) == 1


def test_a_decision_on_one_approval_is_told_before_the_request_is_decided(
    cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    approve(ask(spec_of(), now=now), "dana", Lane.NETWORK, now=now)
    [one] = decided_lately(permissions_of(cast["alice"]))
    assert (one.lane, one.request.state) == ("network", "pending")
