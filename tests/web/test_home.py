"""Home: each of the cast finds what needs them, and nothing of other teams."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, Request, User, Vote
from onboarding.services.decide import decide
from tests.support.left_by_worker import set_state
from tests.support.requests import send_back
from tests.web.sights import see, words
from tests.web.stories import onboarded, ready

ClientFor = Callable[[User], Client]


@pytest.fixture
def asked(alice: User, cluster: Cluster, now: datetime) -> Request:
    """Alice's request for payments-dev, which only the platform decides."""
    return ask(demo_spec("payments-dev", cluster="dev-eu", openings=()), now=now)


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
        row = ask(demo_spec(name, cluster="dev-eu", openings=()), now=now)
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


def test_the_oldest_that_wait_are_named_to_an_approver(
    cluster: Cluster, pat: User, client_for: ClientFor, now: datetime
) -> None:
    for number in range(6):
        spec = demo_spec(f"payments-{number}", cluster="dev-eu", openings=())
        ask(spec, now=now + timedelta(days=number))
    html = home(client_for(pat))
    assert [f"payments-{number}" in html for number in range(6)] == [True] * 5 + [False]
    assert "6 requests wait for your decision" in html


@pytest.fixture
def blocked(alice: User, cluster: Cluster) -> list[ManagedNamespace]:
    """Twelve whose name is taken, and one that the cluster refuses."""
    rows = [onboarded(demo_spec(f"payments-{at:02}", cluster="dev-eu")) for at in range(13)]
    for row in rows[:12]:
        set_state(row, NamespaceState.BLOCKED, reason="taken", message="exists")
    set_state(rows[12], NamespaceState.BLOCKED, reason="refused", message="<no>")
    return rows


@pytest.mark.parametrize("person", ["pat", "dana", "frank"])
def test_equal_troubles_share_one_line_that_leads_to_all_of_them(
    blocked: list[ManagedNamespace], cast: dict[str, User], client_for: ClientFor, person: str
) -> None:
    browser = client_for(cast[person])
    html = home(browser)
    text = words(html)
    assert "12 namespaces are blocked: the name is already on the cluster" in text
    assert "payments-12 is blocked: the cluster refuses an object <no>" in text
    assert text.index("12 namespaces are blocked") < text.index("10 of them, oldest first")
    url = "/namespaces/?state=blocked&reason=taken"
    assert f'href="{url}"'.replace("&", "&amp;") in html
    assert len(browser.get(url).context["page"].rows) == 12
    assert "2 more" in text
    assert "13 things are wrong" in text


def test_what_is_wrong_is_tried_again_in_place(
    blocked: list[ManagedNamespace], pat: User, client_for: ClientFor
) -> None:
    browser = client_for(pat)
    ManagedNamespace.objects.update(next_at=timezone.now() + timedelta(hours=1))
    html = home(browser)
    assert "Try these 10 again" in html
    keys = [row.public_id for row in blocked[:10]]
    answer = browser.post(reverse("home-try-again"), {"namespace": keys}, follow=True)
    assert "A worker looks at 10 namespaces again now." in words(answer)
    due = ManagedNamespace.objects.filter(next_at__lte=timezone.now())
    assert {row.public_id for row in due} == {*keys}


def test_nobody_pushes_what_is_not_theirs(
    blocked: list[ManagedNamespace], cast: dict[str, User], client_for: ClientFor
) -> None:
    key, url = blocked[0].public_id, reverse("home-try-again")
    before = ManagedNamespace.objects.get(public_id=key).next_at
    for name in ("bob", "charlie", "dana", "frank"):
        browser = client_for(cast[name])
        assert "Try these" not in home(browser)
        browser.post(url, {"namespace": [key]})
        assert ManagedNamespace.objects.get(public_id=key).next_at == before


@pytest.mark.parametrize("many", [11, 0])
def test_pushing_names_one_to_ten(alice: User, client_for: ClientFor, many: int) -> None:
    answer = client_for(alice).post(reverse("home-try-again"), {"namespace": ["x"] * many})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((NamespaceState.DRIFTED, 0), "2 namespaces were changed outside the portal"),
        ((NamespaceState.RETRYING, 3), "2 namespaces are tried again and again"),
        ((NamespaceState.RETRYING, 2), ""),
        ((NamespaceState.READY, 0), ""),
    ],
)
def test_every_kind_of_trouble_has_its_line(
    cluster: Cluster,
    pat: User,
    client_for: ClientFor,
    left: tuple[NamespaceState, int],
    said: str,
) -> None:
    for name in ("payments-a", "payments-b"):
        set_state(onboarded(demo_spec(name, cluster="dev-eu")), left[0], attempts=left[1])
    page = words(home(client_for(pat)))
    assert (said or "Nothing is known to be wrong") in page


def test_lifetimes_that_are_past_are_wrong_and_those_that_end_soon_are_not(
    cluster: Cluster, alice: User, pat: User, client_for: ClientFor
) -> None:
    for name, days in (("payments-a", -21), ("payments-b", 3)):
        row = onboarded(demo_spec(name, cluster="dev-eu"))
        at = timezone.now() + timedelta(days=days)
        ManagedNamespace.objects.filter(pk=row.pk).update(expires_at=at)
    for person in (alice, pat):
        page = words(home(client_for(person)))
        assert "payments-a has come to the end of its lifetime, and is still there" in page
        assert "payments-b comes to the end of its lifetime" in page
    assert "1 thing is wrong" in page
    assert "ended 21 days ago" in words(home(client_for(alice)))


def test_where_nothing_is_wrong_it_says_so_and_since_when(
    cluster: Cluster, pat: User, client_for: ClientFor
) -> None:
    seen = timezone.now() - timedelta(seconds=12)
    row = ready(onboarded(demo_spec("payments-a", cluster="dev-eu")))
    ClusterObservation.objects.create(cluster=cluster, seen_at=seen, looked_at=seen)
    see(cluster, row.name)
    page = words(home(client_for(pat)))
    assert (
        "Nothing is known to be wrong. 1 of 1 cluster answers, the oldest answer 12 s ago" in page
    )
    assert "1 ready namespace was compared with what was approved" in page
    ManagedNamespace.objects.update(verified_at=None)
    assert "was compared" not in words(home(client_for(pat)))


def test_of_a_cluster_nobody_saw_nothing_is_claimed(
    cluster: Cluster, pat: User, client_for: ClientFor
) -> None:
    page = words(home(client_for(pat)))
    assert "0 of 1 cluster answers" in page
    assert "oldest answer" not in page


@pytest.mark.parametrize("person", ["pat", "dana", "frank"])
def test_what_was_decided_lately_is_named(
    asked: Request, cast: dict[str, User], client_for: ClientFor, now: datetime, person: str
) -> None:
    approve(asked, "pat", Lane.PLATFORM, now=now)
    page = words(home(client_for(cast[person])))
    assert f"Approved Pat: {asked.label} , platform approval, payments-dev" in page


def test_a_lead_sees_what_waits_for_whom_and_since_when(
    cluster: Cluster, alice: User, client_for: ClientFor
) -> None:
    at = timezone.now() - timedelta(days=8)
    one = ask(demo_spec("payments-a", cluster="dev-eu"), now=at)
    approve(one, "pat", Lane.PLATFORM, now=at)
    page = words(home(client_for(alice)))
    assert f"{one.label} for payments-a waits for network approval 8 days ago" in page
    ask(demo_spec("payments-b", cluster="dev-eu"), now=timezone.now())
    html = home(client_for(alice))
    assert "2 requests wait for network approval" in html
    assert "/requests/?state=pending&amp;waiting=network" in html


def test_requests_stand_in_groups_what_comes_back_first(
    asked: Request, alice: User, client_for: ClientFor, now: datetime
) -> None:
    back = ask(demo_spec("payments-back", cluster="dev-eu", openings=()), now=now)
    send_back(back, "pat", Lane.PLATFORM, now=now)
    page = client_for(alice).get(reverse("home")).context["page"]
    assert [(group.state, len(group.rows)) for group in page.groups] == [
        ("returned", 1),
        ("pending", 1),
    ]


def test_a_home_full_of_trouble_takes_as_many_statements_as_one_with_one(
    cluster: Cluster, pat: User, client_for: ClientFor
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            home(client_for(pat))
        return len(made)

    def trouble(name: str) -> None:
        row = ready(onboarded(demo_spec(name, cluster="dev-eu")))
        ManagedNamespace.objects.filter(pk=row.pk).update(expires_at=timezone.now())
        set_state(row, NamespaceState.BLOCKED, reason="taken")
        ask(demo_spec(f"{name}-asked", cluster="dev-eu"), now=timezone.now())

    trouble("payments-a")
    few = statements()
    for number in range(4):
        trouble(f"payments-{number}")
    assert statements() == few


def test_frank_finds_the_history(frank: User, client_for: ClientFor) -> None:
    html = home(client_for(frank))
    assert reverse("event-list") in html
    assert reverse("request-new") not in html
