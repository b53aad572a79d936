"""The queue: what waits for the person, what it opens, since when, and whose word is missing."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.models import Cluster, Request, RoleAssignment, Team, User
from onboarding.services.clock import database_now
from tests.support.behind_the_portal import without_guards
from tests.web.sights import looked_at

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def waiting(cast: dict[str, User], cluster: Cluster, now: datetime) -> Request:
    looked_at(cluster)
    return ask(demo_spec("payments-prod", cluster=cluster.name), now=now)


def asked(name: str, cluster: Cluster, *, now: datetime, **differing: object) -> Request:
    return ask(demo_spec(name, cluster=cluster.name, **differing), now=now)


def read(browser: Client, query: str = "", status: int = 200) -> str:
    """The words of the page, without its tags."""
    answer = browser.get(f"/approvals/{query}")
    assert answer.status_code == status
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", unescape(text))


def listed(browser: Client, query: str = "") -> list[str]:
    return [row.request.name for row in browser.get(f"/approvals/{query}").context["rows"]]


def test_dana_sees_what_waits_for_the_network_lane(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    page = read(client_for(dana))
    assert waiting.label in page
    assert "1 request needs network approval." in page
    assert "New namespace payments-prod" in page
    assert "lane" not in page


def test_the_title_counts(client_for: SignIn, dana: User, waiting: Request) -> None:
    page = client_for(dana).get("/approvals/").content.decode()
    assert "<title>Approvals (1)" in page


def test_what_is_decided_in_her_lane_leaves_her_queue(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    approve(waiting, "dana", Lane.NETWORK, now=now)
    assert "Nothing waits for you" in read(client_for(dana))


ORDERED = {
    "": ["payments-prod", "billing", "archive"],
    "?sort=newest": ["archive", "billing", "payments-prod"],
    "?sort=name": ["archive", "billing", "payments-prod"],
    "?sort=risk": ["billing", "payments-prod", "archive"],
}


@pytest.mark.parametrize("order", ORDERED)
def test_the_order_stands_in_the_url(
    client_for: SignIn, dana: User, waiting: Request, now: datetime, order: str
) -> None:
    hour = timedelta(hours=1)
    risky = asked("billing", waiting.cluster, now=now + hour)
    asked("archive", waiting.cluster, now=now + 2 * hour)
    with without_guards():
        Request.objects.filter(pk=risky.pk).update(risk="high")
    assert listed(client_for(dana), order) == ORDERED[order]


@pytest.mark.parametrize("order", ["", "?sort=newest", "?sort=name", "?sort=risk"])
def test_every_request_stands_on_one_page(
    client_for: SignIn, dana: User, cluster: Cluster, now: datetime, order: str
) -> None:
    names = {f"shop-{number:02}" for number in range(53)}
    for name in sorted(names):
        asked(name, cluster, now=now)
    browser = client_for(dana)
    first = browser.get(f"/approvals/{order}").context
    after = f"{order}&" if order else "?"
    rest = listed(browser, f"{after}after={first['page'].next}")
    assert len(first["rows"]) == 50
    assert {row.request.name for row in first["rows"]} | {*rest} == names


@pytest.mark.parametrize(
    "query",
    [
        "q=payments-prod", "team=payments", "cluster=dev-eu", "risk=low", "kind=onboard",
        "environment=production", "requester=alice", "opens=ingress", "sort=risk",
    ],
)  # fmt: skip
def test_filters_in_the_url_keep_what_matches(
    client_for: SignIn, dana: User, waiting: Request, query: str
) -> None:
    assert waiting.label in read(client_for(dana), f"?{query}")


@pytest.mark.parametrize(
    "query",
    [
        "q=nothing-like-it", "risk=high", "kind=retire", "environment=test", "opens=nothing",
        "team=search", "requester=bob",
    ],
)  # fmt: skip
def test_no_match_differs_from_nothing_yet(
    client_for: SignIn, dana: User, waiting: Request, query: str
) -> None:
    page = read(client_for(dana), f"?{query}")
    assert "No request matches" in page
    assert waiting.label not in page


@pytest.mark.parametrize(
    "query",
    ["risk=foo", "team=nobody", "cluster=moon", "opens=yes", "sort=random", "state=blocked",
     "risk=low&risk=high", "after=x"],
)  # fmt: skip
def test_what_is_unknown_is_refused_aloud_and_lists_nothing(
    client_for: SignIn, dana: User, waiting: Request, query: str
) -> None:
    page = read(client_for(dana), f"?{query}", status=422)
    assert waiting.label not in page
    assert "Nothing is listed" in page


def test_each_choice_says_how_many_it_would_show(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    asked("shop", waiting.cluster, now=now, openings=(WEB, INTERNET), environment="test")
    page = read(client_for(dana))
    assert "Production (1)" in page
    assert "Internet, and traffic from outside (1)" in page
    assert "Low risk (2)" in page
    assert "High risk (0)" in page


def test_opens_and_its_class_agree(
    client_for: SignIn, dana: User, cast: dict[str, User], cluster: Cluster, now: datetime
) -> None:
    asked("calls", cluster, now=now, openings=(INTERNET,))
    asked("both", cluster, now=now, openings=(WEB, INTERNET))
    asked("any", cluster, now=now, openings=(ANYTHING,), lifetime_days=7)
    browser = client_for(dana)
    for word, name in {"internet": "calls", "both": "both", "anything": "any"}.items():
        assert listed(browser, f"?opens={word}") == [name]


@pytest.mark.parametrize(
    ("risk", "words"), [("low", "Low risk"), ("high", "High risk"), (None, "Not assessed")]
)
def test_the_risk_stands_beside_each_request(
    client_for: SignIn, dana: User, waiting: Request, risk: str | None, words: str
) -> None:
    with without_guards():
        Request.objects.filter(pk=waiting.pk).update(risk=risk)
    assert words in read(client_for(dana)).partition("Approvals You")[0]


def test_what_waits_for_her_differs_from_what_waits_for_others(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    page = read(client_for(dana))
    assert "You: network" in page
    assert "Others: platform" in page
    approve(waiting, "pat", Lane.PLATFORM, now=now)
    assert "Others: platform" not in read(client_for(dana))


def test_two_days_are_long_where_nobody_knows_what_is_usual(
    client_for: SignIn, dana: User, cast: dict[str, User], cluster: Cluster
) -> None:
    now = database_now()
    asked("young", cluster, now=now - timedelta(hours=47))
    assert "older than" not in read(client_for(dana))
    asked("old", cluster, now=now - timedelta(hours=49))
    assert "older than 48 h" in read(client_for(dana))


def test_what_takes_twice_the_usual_time_is_older_than_usual(
    client_for: SignIn, dana: User, cast: dict[str, User], cluster: Cluster
) -> None:
    now = database_now()
    for number in range(3):
        done = asked(f"done-{number}", cluster, now=now - timedelta(hours=9))
        approve(done, "dana", Lane.NETWORK, now=now - timedelta(hours=6))
    asked("young", cluster, now=now - timedelta(hours=5))
    assert "older than usual" not in read(client_for(dana))
    asked("old", cluster, now=now - timedelta(hours=7))
    assert "older than usual (3 h)" in read(client_for(dana))


def test_many_rows_take_as_many_statements_as_one(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    browser, counted = client_for(dana), []
    for name in ("first", "second"):
        with CaptureQueriesContext(connection) as made:
            browser.get("/approvals/")
        counted.append(len(made))
        for number in range(6):
            asked(f"{name}-{number}", waiting.cluster, now=now)
    assert counted[0] == counted[1]
    assert counted[0] <= 18


def test_only_low_risk_can_be_ticked(
    client_for: SignIn, dana: User, waiting: Request, now: datetime
) -> None:
    risky = asked("risky", waiting.cluster, now=now, openings=(WEB, ANYTHING), lifetime_days=7)
    page = client_for(dana).get("/approvals/").content.decode()
    assert f'value="{waiting.public_id}"' in page
    assert f'value="{risky.public_id}"' not in page
    assert "High risk: it is decided on its own page." in unescape(page)


@pytest.mark.parametrize("person", ["alice", "bob", "charlie", "frank"])
def test_the_queue_is_for_approvers(client_for: SignIn, cast: dict[str, User], person: str) -> None:
    for url in ("/approvals/", "/approvals/several/"):
        assert client_for(cast[person]).get(url).status_code == 403


def test_what_somebody_typed_is_shown_as_text(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    page = client_for(dana).get("/approvals/", {"q": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in page.content.decode()


def test_who_has_two_roles_is_told_of_both(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    RoleAssignment.objects.create(user=dana, role="security")
    assert "network approval or security approval" in read(client_for(dana))


def test_a_name_that_looks_like_markup_filters_nothing(
    client_for: SignIn, dana: User, waiting: Request
) -> None:
    Team.objects.create(slug="x", access_group="x")
    assert listed(client_for(dana), "?team=x") == []
