"""Lists: every state can be chosen and has its number; what no filter knows is refused aloud."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.openings import ANYTHING, INTERNET, WEB
from onboarding.demo.scenario import acting, approve, ask, demo_spec
from onboarding.domain.actions import Action
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import (
    ENDED,
    BlockedReason,
    NamespaceState,
    RequestState,
    RetryReason,
)
from onboarding.models import Cluster, Event, ManagedNamespace, Request, User
from onboarding.pages import namespace_export as export_page
from onboarding.queries import keyset
from onboarding.services import history
from onboarding.services.preview import retire_wish
from onboarding.services.submit import submit
from onboarding.templatetags.states import HELD_UP_REASONS
from tests.support.left_by_worker import set_state
from tests.web.sights import looked_at, main_of, see, words
from tests.web.stories import approved, change_wanted, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NAMESPACES, REQUESTS, EXPORT = "/namespaces/", "/requests/", "/namespaces.csv"


@pytest.fixture
def reader(client_for: SignIn, pat: User) -> Client:
    """Pat's browser: he sees everything."""
    return client_for(pat)


def onboard(name: str, cluster: Cluster, **differing: Any) -> ManagedNamespace:
    return ready(onboarded(demo_spec(name, cluster=cluster.name, **differing)))


def names(browser: Client, address: str) -> list[str]:
    """Return the names of the rows of a list that could be read."""
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return [row.name for row in answer.context["page"].rows]


def offered(browser: Client, address: str, name: str) -> dict[str, str]:
    """Return the choices of a field, {value: words}."""
    return dict(browser.get(address).context["form"].fields[name].choices)


@pytest.mark.parametrize("state", sorted(set(NamespaceState)))
def test_namespaces_are_found_by_every_state(
    reader: Client, cluster: Cluster, state: NamespaceState
) -> None:
    set_state(onboard("payments-a", cluster), state)
    onboard("payments-b", cluster)
    found = names(reader, f"{NAMESPACES}?state={state}")
    assert found == (["payments-a", "payments-b"] if state == "ready" else ["payments-a"])
    assert offered(reader, NAMESPACES, "state")[state].endswith(f"({len(found)})")
    assert ("payments-a" in names(reader, NAMESPACES)) == (state not in ENDED)
    assert len(names(reader, f"{NAMESPACES}?state=all")) == 2


def test_what_has_ended_is_shown_only_where_it_is_asked_for(
    reader: Client, cluster: Cluster
) -> None:
    set_state(onboard("payments-a", cluster), NamespaceState.GONE)
    assert names(reader, NAMESPACES) == []
    assert names(reader, f"{NAMESPACES}?state=gone") == ["payments-a"]


@pytest.mark.parametrize("reason", sorted([*BlockedReason, *RetryReason]))
def test_namespaces_are_found_by_what_holds_them_up(
    reader: Client, cluster: Cluster, reason: str
) -> None:
    set_state(onboard("payments-a", cluster), NamespaceState.BLOCKED, reason=reason)
    set_state(onboard("payments-b", cluster), NamespaceState.READY, reason=reason)
    assert names(reader, f"{NAMESPACES}?state=blocked&reason={reason}") == ["payments-a"]
    assert offered(reader, NAMESPACES, "reason")[reason] == f"{HELD_UP_REASONS[reason]} (1)"


def test_stuck_and_out_of_sight_are_found(reader: Client, cluster: Cluster) -> None:
    stuck = onboard("payments-stuck", cluster)
    set_state(stuck, NamespaceState.DELETING, stuck_at=timezone.now())
    onboard("payments-seen", cluster)
    assert names(reader, f"{NAMESPACES}?state=stuck") == ["payments-stuck"]
    assert names(reader, f"{NAMESPACES}?state=out-of-sight") == []
    Cluster.objects.update(condition="unreachable")
    assert names(reader, f"{NAMESPACES}?state=out-of-sight") == ["payments-seen"]


def test_what_was_seen_otherwise_since_is_no_longer_among_the_ready(
    reader: Client, cluster: Cluster
) -> None:
    row, other = onboard("payments-a", cluster), onboard("payments-b", cluster)
    earlier = timezone.now() - timedelta(minutes=9)
    ManagedNamespace.objects.update(verified_at=earlier)
    looked_at(cluster)
    for one in (row, other):
        see(cluster, one.name)
    cluster.namespace_observations.filter(name=row.name).update(
        uid=row.uid,
        differs=[{"object": "NetworkPolicy payments-a/deny-all", "fields": ["missing"]}],
    )
    cluster.namespace_observations.filter(name=other.name).update(uid=other.uid, differs=[])
    assert names(reader, f"{NAMESPACES}?state=differs") == ["payments-a"]
    assert names(reader, f"{NAMESPACES}?state=ready") == ["payments-b"]


OPENINGS = {
    "internet": ["payments-both", "payments-https", "payments-open"],
    "exposed": ["payments-both", "payments-web"],
    "open": ["payments-open"],
    "nothing": ["payments-shut"],
}


@pytest.fixture
def openings(cluster: Cluster) -> None:
    """One namespace for each way to be open, one that is shut, and one that is over."""
    onboard("payments-shut", cluster, openings=())
    onboard("payments-web", cluster)
    onboard("payments-https", cluster, openings=(INTERNET,))
    onboard("payments-both", cluster, openings=(WEB, INTERNET))
    onboard("payments-open", cluster, openings=(ANYTHING,), lifetime_days=30)
    set_state(onboard("payments-over", cluster, openings=(WEB, INTERNET)), NamespaceState.GONE)


@pytest.mark.parametrize("opens", OPENINGS)
def test_namespaces_are_found_by_what_they_open(reader: Client, openings: None, opens: str) -> None:
    assert names(reader, f"{NAMESPACES}?opens={opens}") == OPENINGS[opens]
    said = offered(reader, NAMESPACES, "opens")[opens]
    assert said.endswith(f"({len(OPENINGS[opens])})")


def test_what_opens_is_what_was_approved_last(reader: Client, cluster: Cluster) -> None:
    row = onboard("payments-a", cluster, openings=())
    wish = demo_spec("payments-a", cluster=cluster.name, openings=(INTERNET,))
    change = change_wanted(row, wish)
    assert names(reader, f"{NAMESPACES}?opens=internet") == []
    approved(change)
    assert names(reader, f"{NAMESPACES}?opens=internet") == ["payments-a"]


def test_what_is_to_be_removed_still_opens_what_was_approved(
    reader: Client, cluster: Cluster, now: datetime
) -> None:
    row = onboard("payments-a", cluster, openings=(INTERNET,))
    approved(submit(retire_wish(row, why="Over."), by=acting("alice"), form_key="r", now=now))
    assert names(reader, f"{NAMESPACES}?opens=internet") == ["payments-a"]
    assert names(reader, f"{NAMESPACES}?opens=nothing") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=foo", "“foo” is not one of: Does not answer, No working credential, "),
        ("q=x", "no filter “q”. It has: state."),
    ],
)
def test_the_list_of_clusters_refuses_what_it_does_not_know(
    reader: Client, cluster: Cluster, query: str, said: str
) -> None:
    answer = reader.get(f"/clusters/?{query}")
    assert answer.status_code == 422
    assert said in words(answer)
    assert cluster.name not in words(answer)


def test_clusters_are_found_by_how_they_are_and_the_bad_ones_come_first(
    reader: Client, cluster: Cluster
) -> None:
    looked_at(cluster)
    for name, condition in (("zoo", "slow"), ("abc", "ok")):
        Cluster.objects.create(name=name, condition=condition, credential=b"x")
    listed = reader.get("/clusters/").context["lines"]
    assert [line.cluster.name for line in listed] == ["abc", "zoo", "dev-eu"]
    found = reader.get("/clusters/?state=slow").context["lines"]
    assert [line.cluster.name for line in found] == ["zoo"]


def test_numbers_of_clusters_lead_to_just_these_namespaces(
    reader: Client, cluster: Cluster
) -> None:
    set_state(onboard("payments-a", cluster), NamespaceState.BLOCKED, reason="taken")
    onboard("payments-b", cluster)
    other = Cluster.objects.create(name="other", facts=cluster.facts, credential=b"x")
    set_state(onboard("payments-c", other, openings=()), NamespaceState.BLOCKED, reason="taken")
    url = "/namespaces/?state=trouble&amp;cluster=dev-eu"
    assert url in reader.get("/clusters/").content.decode()
    assert names(reader, url.replace("&amp;", "&")) == ["payments-a"]
    page = reader.get(f"/clusters/{cluster.public_id}/").content.decode()
    assert "All 2 namespaces on dev-eu" in page
    assert "payments-a is blocked" in page
    assert "payments-b" not in page


def test_ends_that_are_past_are_found_and_amber(reader: Client, cluster: Cluster) -> None:
    now = timezone.now()
    for name, days in (("past", -21), ("soon", 3), ("later", 40), ("never", None)):
        row = onboard(f"payments-{name}", cluster)
        at = None if days is None else now + timedelta(days=days)
        ManagedNamespace.objects.filter(pk=row.pk).update(expires_at=at)
        assert names(reader, f"{NAMESPACES}?ends={name}") == [f"payments-{name}"]
    page = reader.get(NAMESPACES).content.decode()
    assert "ended 21 days ago" in words(page)
    assert page.count('class="tone-warn"') == 1


def test_numbers_are_counted_under_the_other_choices(reader: Client, cluster: Cluster) -> None:
    set_state(onboard("payments-a", cluster), NamespaceState.BLOCKED, reason="taken")
    onboard("payments-b", cluster)
    address = f"{NAMESPACES}?reason=taken&q=payments"
    assert offered(reader, address, "state")["ready"] == "Ready (0)"
    assert offered(reader, address, "team") == {"": "Every team", "payments": "payments (1)"}
    assert offered(reader, f"{NAMESPACES}?q=other", "cluster") == {"": "Every cluster"}


@pytest.mark.parametrize(
    ("address", "states"),
    [
        (NAMESPACES, "All that have not ended, With problems, Differs from what was approved, "),
        (REQUESTS, "Open, Draft, Waiting for decisions, Returned for changes, Approved, "),
    ],
)
def test_a_state_that_is_none_is_answered_with_those_there_are(
    reader: Client, address: str, states: str
) -> None:
    answer = reader.get(f"{address}?state=foo")
    assert answer.status_code == 422
    assert f"“foo” is not one of: {states}" in words(answer)


@pytest.mark.parametrize("address", [NAMESPACES, REQUESTS])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("risk=foo", "no filter “risk”"),
        ("team=nobody", "“nobody” is not one of: payments."),
        ("state=ready&state=gone", "given more than once"),
        ("page=2", "no filter “page”"),
        ("q=" + "x" * 81, "at most 80 characters"),
    ],
)
def test_what_a_filter_does_not_know_is_refused_aloud(
    reader: Client, cluster: Cluster, address: str, query: str, said: str
) -> None:
    onboard("payments-a", cluster)
    answer = reader.get(f"{address}?{query}")
    text = words(answer)
    assert answer.status_code == 422
    assert said in text
    assert text.startswith("Error: ")
    assert answer.context["page"].rows == []
    assert "payments-a" not in text


@pytest.mark.parametrize("address", [NAMESPACES, REQUESTS])
def test_a_place_in_the_list_that_cannot_be_read_is_refused(
    reader: Client, cluster: Cluster, address: str
) -> None:
    onboard("payments-a", cluster)
    answer = reader.get(f"{address}?after=bm9uc2Vuc2U")
    assert answer.status_code == 422
    assert "cannot be read" in words(answer)


def test_a_filter_shows_nobody_what_is_of_other_teams(
    client_for: SignIn, charlie: User, cluster: Cluster
) -> None:
    onboard("payments-a", cluster)
    browser = client_for(charlie)
    assert browser.get(f"{NAMESPACES}?team=payments").status_code == 422
    assert "payments" not in offered(browser, f"{NAMESPACES}?state=all", "team")
    assert browser.get(EXPORT).getvalue().decode().count("\n") == 1


@pytest.fixture
def many(cluster: Cluster) -> None:
    """As many namespaces as the reviewed world has, as a worker left them."""
    first = onboard("payments-000", cluster)
    ManagedNamespace.objects.bulk_create(
        ManagedNamespace(
            cluster=cluster,
            name=f"payments-{number:03}",
            team=first.team,
            created_at=first.created_at,
        )
        for number in range(1, 201)
    )
    for row in ManagedNamespace.objects.exclude(pk=first.pk):
        set_state(row, NamespaceState.READY, verified_at=first.verified_at, uid=first.uid)


def moved(about: history.About, action: Action) -> Event:
    """Write the event that a new state needs."""
    return history.record(action, actor=history.SYSTEM, at=timezone.now(), about=about)


def statements(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as made:
        assert browser.get(address).status_code == 200
    return len(made)


def test_a_list_takes_as_many_statements_for_200_rows_as_for_one(
    reader: Client, cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    addresses = [
        f"{NAMESPACES}{query}" for query in ("", "?state=blocked", "?opens=internet&q=pay")
    ]
    onboard("payments-one", cluster)
    few = [statements(reader, address) for address in addresses]
    request.getfixturevalue("many")
    assert [statements(reader, address) for address in addresses] == few
    assert max(few) <= 14


def test_every_namespace_is_on_one_page_and_the_number_is_said(reader: Client, many: None) -> None:
    address, found = NAMESPACES, list[str]()
    for said in (
        "1 to 50 of 201",
        "51 to 100 of 201",
        "101 to 150 of",
        "151 to 200 of",
        "201 to 201",
    ):
        answer = reader.get(address)
        assert said in words(answer)
        found += [row.name for row in answer.context["page"].rows]
        address = f"{NAMESPACES}?after={answer.context['page'].next}"
    assert found == sorted(set(found))
    assert len(found) == 201
    assert "First page" in words(answer)
    assert "Next" not in words(main_of(answer))


class TestExport:
    def test_it_holds_exactly_what_the_filter_matches(self, reader: Client, openings: None) -> None:
        page = reader.get(f"{NAMESPACES}?opens=internet").content.decode()
        assert 'href="/namespaces.csv?opens=internet"' in page
        answer = reader.get(f"{EXPORT}?opens=internet")
        rows = list(csv.DictReader(answer.getvalue().decode().splitlines()))
        assert [row["namespace"] for row in rows] == OPENINGS["internet"]
        assert [row["openings"] for row in rows] == [
            "ingress-nginx (allow-ingress@1); internet (egress-internet@1)",
            "internet (egress-internet@1)",
            "open (egress-open@1)",
        ]
        assert "attachment; filename=" in answer["Content-Disposition"]

    def test_it_goes_on_from_piece_to_piece(
        self, reader: Client, openings: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_page, "CHUNK", 2)
        lines = reader.get(f"{EXPORT}?state=all").getvalue().decode().splitlines()
        assert len(lines) == 7

    def test_a_spreadsheet_finds_no_formula(self, reader: Client, cluster: Cluster) -> None:
        row = onboard("payments-a", cluster)
        set_state(row, NamespaceState.BLOCKED, message='=HYPERLINK("http://evil")')
        text = reader.get(EXPORT).getvalue().decode()
        assert "'=HYPERLINK" in text

    def test_a_filter_that_is_unknown_makes_no_file(self, reader: Client) -> None:
        answer = reader.get(f"{EXPORT}?state=foo")
        assert answer.status_code == 422
        assert "csv" not in answer["Content-Type"]


@pytest.fixture
def asked(alice: User, cluster: Cluster) -> Request:
    """What waits for the network approval alone."""
    row = ask(demo_spec("payments-prod", cluster=cluster.name), now=timezone.now())
    return approve(row, "pat", Lane.PLATFORM, now=timezone.now())


@pytest.mark.parametrize("state", sorted(set(RequestState) - {RequestState.DRAFT}))
def test_requests_are_found_by_every_state(
    reader: Client, asked: Request, state: RequestState
) -> None:
    with transaction.atomic():
        event = moved(history.about_request(asked), Action.REQUEST_EXPIRED)
        Request.objects.filter(pk=asked.pk).update(state=state.value, last_event=event)
    others = sorted({*RequestState} - {state})
    assert names(reader, f"{REQUESTS}?state={state}") == ["payments-prod"]
    assert all(names(reader, f"{REQUESTS}?state={other}") == [] for other in others)
    is_open = state in {RequestState.PENDING, RequestState.RETURNED}
    assert bool(names(reader, f"{REQUESTS}?state=open")) == is_open
    assert offered(reader, REQUESTS, "state")[state].endswith("(1)")


def test_requests_are_found_by_the_approval_they_wait_for(reader: Client, asked: Request) -> None:
    assert names(reader, f"{REQUESTS}?waiting=network") == ["payments-prod"]
    assert names(reader, f"{REQUESTS}?waiting=platform") == []
    assert offered(reader, REQUESTS, "waiting")["network"] == "Network approval (1)"


def test_requests_are_found_by_how_long_they_are_open(
    reader: Client, alice: User, cluster: Cluster
) -> None:
    spec = demo_spec("payments-prod", cluster=cluster.name)
    ask(spec, now=timezone.now() - timedelta(days=8))
    assert names(reader, f"{REQUESTS}?age=week") == ["payments-prod"]
    assert names(reader, f"{REQUESTS}?age=month") == []


@pytest.mark.parametrize("query", ["q=alice", "q=PAYMENTS-PR", "kind=onboard", "team=payments"])
def test_requests_are_found_by_who_asked_and_for_what(
    reader: Client, asked: Request, query: str
) -> None:
    assert names(reader, f"{REQUESTS}?{query}") == ["payments-prod"]
    assert names(reader, f"{REQUESTS}?q={asked.label}") == ["payments-prod"]
    assert names(reader, f"{REQUESTS}?kind=retire") == []


def test_requests_are_paged_and_take_as_many_statements_for_many(
    reader: Client, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = statements(reader, REQUESTS)
    for number in range(4):
        spec = demo_spec(f"payments-{number}", cluster="dev-eu", openings=())
        ask(spec, now=timezone.now())
    assert statements(reader, REQUESTS) == few
    monkeypatch.setitem(keyset.page_of.__kwdefaults__ or {}, "size", 2)
    first = reader.get(REQUESTS)
    assert "1 to 2 of 5" in words(first)
    second = names(reader, f"{REQUESTS}?after={first.context['page'].next}")
    assert second == ["payments-1", "payments-0"]


@pytest.mark.parametrize("address", [NAMESPACES, REQUESTS, "/people/", "/teams/"])
def test_a_place_that_cannot_be_read_is_said_on_the_list(
    reader: Client, cluster: Cluster, address: str
) -> None:
    onboard("payments-a", cluster)
    answer = reader.get(f"{address}?after=zzz")
    page = words(answer.content.decode())
    assert answer.status_code == 422
    assert "The place in the list cannot be read. Begin with its first page." in page
    assert "Show filters" in page
    assert "This cannot be saved" not in page


def test_a_place_among_revisions_that_cannot_be_read_keeps_the_list(
    reader: Client, cluster: Cluster
) -> None:
    row = onboard("payments-a", cluster)
    answer = reader.get(f"{NAMESPACES}{row.public_id}/revisions/?after=zzz")
    assert answer.status_code == 422
    assert "The place in the list cannot be read." in words(answer.content.decode())
    assert answer.context["revisions"].lines


def test_on_a_phone_the_filter_stays_folded_while_its_chip_tells(
    reader: Client, cluster: Cluster
) -> None:
    onboard("payments-a", cluster)
    page = reader.get(f"{NAMESPACES}?state=ready").content.decode()
    assert 'id="filter-open">' in page
    assert "Filters in force" in page
    assert 'id="filter-open" checked>' in reader.get(f"{NAMESPACES}?state=x").content.decode()
