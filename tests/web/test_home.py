"""Home: each of the cast finds what needs them, and nothing of other teams."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace, Request, User, Vote
from onboarding.services.decide import decide
from tests.support.left_by_worker import set_state
from tests.support.requests import send_back
from tests.web.stories import onboarded

ClientFor = Callable[[User], Client]


@pytest.fixture
def asked(alice: User, cluster: Cluster, now: datetime) -> Request:
    """Alice's request for payments-dev, which only the platform decides."""
    return ask(demo_spec("payments-dev", cluster="dev-eu", exposure=None), now=now)


def home(client: Client) -> str:
    """Return the page."""
    response = client.get(reverse("home"))
    assert response.status_code == 200
    return response.content.decode()


def test_alice_starts_with_an_empty_page_and_a_way_on(alice: User, client_for: ClientFor) -> None:
    html = home(client_for(alice))
    assert "No namespaces yet" in html
    assert reverse("request-new") in html


def test_bob_is_told_who_can_ask(bob: User, client_for: ClientFor) -> None:
    html = home(client_for(bob))
    assert "A lead of your team can ask" in html
    assert reverse("request-new") not in html


def test_an_open_request_is_listed_for_the_team_alone(
    asked: Request, alice: User, charlie: User, client_for: ClientFor
) -> None:
    assert asked.label in home(client_for(alice))
    assert asked.label not in home(client_for(charlie))


def test_home_takes_as_many_queries_for_many_rows_as_for_one(
    alice: User, cluster: Cluster, client_for: ClientFor, now: datetime
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert "was returned for changes" in home(client_for(alice))
        return len(made)

    def returned(name: str) -> None:
        row = ask(demo_spec(name, cluster="dev-eu", exposure=None), now=now)
        send_back(row, "pat", Lane.PLATFORM, now=now)
        set_state(onboarded(demo_spec(f"{name}-live", cluster="dev-eu")), NamespaceState.DRIFTED)

    returned("one")
    few = queries()
    for name in ("two", "three", "four"):
        returned(name)
    assert queries() == few


def test_a_namespace_is_listed_with_its_state(
    asked: Request, bob: User, client_for: ClientFor, now: datetime
) -> None:
    approve(asked, "pat", Lane.PLATFORM, now=now)
    html = home(client_for(bob))
    assert "payments-dev" in html
    assert "Waiting to start" in html


def test_a_blocked_namespace_needs_attention_in_the_servers_words(
    asked: Request, alice: User, client_for: ClientFor, now: datetime
) -> None:
    approve(asked, "pat", Lane.PLATFORM, now=now)
    set_state(ManagedNamespace.objects.get(), NamespaceState.BLOCKED, message="<exists>")
    html = home(client_for(alice))
    assert "payments-dev is blocked" in html
    assert "&lt;exists&gt;" in html


def test_a_returned_request_needs_attention_with_the_reason(
    asked: Request, alice: User, client_for: ClientFor, now: datetime
) -> None:
    decide(
        asked.pk,
        lane=Lane.PLATFORM,
        vote=Vote.RETURN,
        by=acting("pat"),
        digest=asked.digest,
        reason="Say what it is for.",
        now=now,
    )
    assert "Pat: Say what it is for." in home(client_for(alice))


def test_an_approver_is_told_what_waits(asked: Request, pat: User, client_for: ClientFor) -> None:
    html = home(client_for(pat))
    assert "1 request waits for your decision" in html
    assert reverse("queue") in html


def test_dana_is_not_told_of_lanes_she_does_not_hold(
    asked: Request, dana: User, client_for: ClientFor
) -> None:
    assert "Nothing waits for your decision" in home(client_for(dana))


def test_frank_finds_the_history(frank: User, client_for: ClientFor) -> None:
    html = home(client_for(frank))
    assert reverse("event-list") in html
    assert reverse("request-new") not in html
