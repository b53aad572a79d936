"""The queue: what waits for the person's lanes, and for nobody else's."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Request, User
from tests.support.behind_the_portal import without_guards

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def waiting(cast: dict[str, User], cluster: Cluster, now: datetime) -> Request:
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=now)


def test_dana_sees_what_waits_for_the_network_lane(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    page = client_for(dana).get("/approvals/")
    assert waiting.label in page.content.decode()
    assert [row for row, *_rest in page.context["rows"]] == [waiting]


def test_what_is_decided_in_her_lane_leaves_her_queue(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    approve(waiting, "dana", Lane.NETWORK, now=now)
    assert "Nothing waits for you" in client_for(dana).get("/approvals/").content.decode()


def test_oldest_comes_first(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    later = ask(
        demo_spec("payments-next", cluster=waiting.cluster.name), now=now + timedelta(hours=1)
    )
    rows = client_for(dana).get("/approvals/").context["rows"]
    assert [row for row, *_rest in rows] == [waiting, later]


@pytest.mark.parametrize(
    "query", ["q=payments-prod", "team=payments", "cluster=dev-eu", "risk=low"]
)
def test_filters_in_the_url_keep_what_matches(
    client_for: SignIn, dana: User, waiting: Request, query: str
) -> None:
    assert waiting.label in client_for(dana).get(f"/approvals/?{query}").content.decode()


@pytest.mark.parametrize(
    "query", ["q=nothing-like-it", "team=search", "cluster=prod-eu", "risk=high"]
)
def test_no_match_differs_from_nothing_yet(
    client_for: SignIn, dana: User, waiting: Request, query: str
) -> None:
    page = client_for(dana).get(f"/approvals/?{query}").content.decode()
    assert "No request matches" in page
    assert waiting.label not in page


@pytest.mark.parametrize(
    ("risk", "words"), [("low", "Low risk"), ("high", "High risk"), (None, "Not assessed")]
)
def test_the_risk_stands_beside_each_request(
    client_for: SignIn, dana: User, waiting: Request, risk: str | None, words: str
) -> None:
    with without_guards():
        Request.objects.filter(pk=waiting.pk).update(risk=risk)
    assert words in client_for(dana).get("/approvals/").content.decode()


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "frank"])
def test_the_queue_is_for_approvers(client_for: SignIn, cast: dict[str, User], person: str) -> None:
    assert client_for(cast[person]).get("/approvals/").status_code == 403


def test_what_somebody_typed_is_shown_as_text(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    page = client_for(dana).get("/approvals/", {"q": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in page.content.decode()
