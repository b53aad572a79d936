"""The revisions of a namespace: what, who, when, why, and whether it is still so."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from onboarding.demo.openings import WEB
from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, Run, User
from onboarding.pages import revisions
from onboarding.pages.revision_comparison import CONTEXT, diff_rows, fold_rows
from onboarding.templatetags.wording import exact
from tests.web.seen_cluster import observe
from tests.web.stories import as_worker, changed, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    spec = demo_spec("payments-prod", cluster=cluster.name, openings=())
    return read_back(onboarded(spec))


@pytest.fixture
def exposed(prod: ManagedNamespace) -> ManagedNamespace:
    """Revision 2 opened 8080, revision 3 made it larger."""
    return grown(grown(prod, openings=(WEB,)), openings=(WEB,), size="large")


def grown(row: ManagedNamespace, **differing: object) -> ManagedNamespace:
    changed(row, demo_spec(row.name, cluster=row.cluster.name, **differing))
    row.refresh_from_db()
    return read_back(row)


def read_back(row: ManagedNamespace) -> ManagedNamespace:
    """As a worker leaves it that brought the newest revision about."""
    at = timezone.now()
    Run.objects.create(
        namespace=row, generation=row.generation, attempt=1, started_at=at, finished_at=at,
        outcome=Run.Outcome.READY,
    )  # fmt: skip
    return ready(row)


def url_of(row: ManagedNamespace) -> str:
    return f"/namespaces/{row.public_id}/revisions/"


def text_of(browser: Client, url: str) -> str:
    page = browser.get(url).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_who_opened_8080_when_why_and_is_it_still_so(
    client_for: SignIn, frank: User, exposed: ManagedNamespace
) -> None:
    """From home: Namespaces, the namespace, Revisions. Three clicks, and nothing to guess."""
    browser, url = client_for(frank), "/"
    for target in ("/namespaces/", f"/namespaces/{exposed.public_id}/", url_of(exposed)):
        assert f'href="{target}"' in browser.get(url).content.decode()
        url = target
    lines = browser.get(url).context["revisions"].lines
    [line] = [one for one in lines if any("Opens TCP 8080" in told.words for told in one.told)]
    assert line.revision.number == 2
    assert [told.still for told in line.told] == ["In the newest revision too"]
    assert line.revision.request.requester.label == "Alice"
    assert {word.person.label for word in line.decisions} == {"Dana", "Pat"}
    assert (line.why, line.is_purpose) == (line.revision.request.why, False)
    assert line.since <= line.until
    read_at = exact(exposed.verified_at)
    assert (
        lines[0].standing == f"Still so: read back whole at {read_at}, and nothing newer disagrees."
    )


def test_the_page_says_it_in_words(
    client_for: SignIn, bob: User, exposed: ManagedNamespace
) -> None:
    text = text_of(client_for(bob), url_of(exposed))
    for words in (
        "Opens TCP 8080 from ingress-nginx (app.kubernetes.io/name=ingress-nginx) to app=web",
        "In the newest revision too", "Size S → L", "Dana (network approval)",
    ):  # fmt: skip
        assert words in text


def test_what_was_closed_again_says_so(
    client_for: SignIn, frank: User, exposed: ManagedNamespace
) -> None:
    grown(exposed, openings=(), size="large")
    lines = client_for(frank).get(url_of(exposed)).context["revisions"].lines
    assert [one.told[0].still for one in lines[:3]] == ["", "", "A later revision closes it again"]
    assert lines[0].told[0].words.startswith("Closes TCP 8080")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"state": NamespaceState.GONE}, "No longer there"),
        ({"state": NamespaceState.BLOCKED, "observed_generation": 0}, "Not yet as approved"),
        ({"state": NamespaceState.DRIFTED}, "Unknown now: last read back whole"),
        ({"state": NamespaceState.READY, "verified_at": None}, "Unknown: it was never read back"),
    ],
)
def test_still_so_is_said_only_as_far_as_anybody_knows(
    client_for: SignIn, frank: User, prod: ManagedNamespace, how: dict[str, Any], words: str
) -> None:
    as_worker(prod, **how)
    [line] = client_for(frank).get(url_of(prod)).context["revisions"].lines
    assert line.standing.startswith(words)


def standing_of(browser: Client, row: ManagedNamespace) -> str:
    [line] = browser.get(url_of(row)).context["revisions"].lines
    return str(line.standing)


def read_long_ago(row: ManagedNamespace) -> datetime:
    at = timezone.now() - timedelta(hours=3)
    as_worker(row, NamespaceState.READY, verified_at=at)
    return at


def looked(row: ManagedNamespace, ago: timedelta, **look: Any) -> datetime:
    at = timezone.now() - ago
    ClusterObservation.objects.create(cluster=row.cluster, seen_at=at, version=1, **look)
    observe(row.cluster, row.name, [], [], uid=row.uid)
    return at


@pytest.mark.parametrize("ago", [timedelta(hours=2), timedelta(hours=4)])
def test_nothing_is_still_so_where_nobody_has_looked(
    client_for: SignIn, frank: User, prod: ManagedNamespace, ago: timedelta
) -> None:
    newest = max(read_long_ago(prod), looked(prod, ago))
    assert standing_of(client_for(frank), prod) == (
        f"Unknown now: as last seen at {exact(newest)}; nobody has looked at dev-eu since."
    )


def test_nothing_is_still_so_where_workers_never_looked_again(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    read_long_ago(prod)
    assert "nobody has looked at dev-eu since" in standing_of(client_for(frank), prod)


def test_nothing_is_still_so_where_the_last_look_failed(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    read_long_ago(prod)
    at = looked(prod, timedelta(seconds=70), trouble="no answer", looked_at=timezone.now())
    assert standing_of(client_for(frank), prod) == (
        f"Unknown now: as last seen at {exact(at)}; the last look at dev-eu failed."
    )


def test_what_was_seen_again_lately_is_still_so(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    read_long_ago(prod)
    looked(prod, timedelta(seconds=40))
    assert standing_of(client_for(frank), prod).startswith("Still so: read back whole at ")


def test_what_was_read_back_after_a_look_that_failed_is_still_so(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    hour = timedelta(hours=1)
    looked(prod, 2 * hour, trouble="no answer", looked_at=timezone.now() - hour)
    assert standing_of(client_for(frank), prod).startswith("Still so: read back whole at ")


def test_one_revision_has_nothing_to_be_compared_with(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    assert "Compare two revisions" not in client_for(frank).get(url_of(prod)).content.decode()


def test_a_comparison_begins_with_a_sentence_and_folds_what_is_the_same(
    client_for: SignIn, frank: User, exposed: ManagedNamespace
) -> None:
    page = client_for(frank).get(f"{url_of(exposed)}?left=1&right=3")
    comparison = page.context["comparison"]
    assert [told.words for told in comparison.told][1:] == ["Size S → L"]
    assert comparison.told[0].words.startswith("Opens TCP 8080")
    assert [one.number for one in comparison.stretches if one.number] == [1, 2, 3]
    markup = page.content.decode()
    assert 'href="#change-2"' in markup
    labels = re.findall(r'role="region" tabindex="0"[^>]* aria-label="([^"]+)"', markup)
    assert len(labels) == len({*labels}) == len(comparison.stretches)
    assert "lines are the same" in markup


def test_older_revisions_have_their_own_page_and_the_same_sentences(
    client_for: SignIn, frank: User, exposed: ManagedNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(frank)
    whole = browser.get(url_of(exposed)).context["revisions"].lines
    monkeypatch.setattr(revisions, "PAGE_SIZE", 1)
    found, cursor = [], ""
    for _page in range(3):
        shown = browser.get(f"{url_of(exposed)}?after={cursor}").context["revisions"]
        found += [(line.revision.number, line.told, line.standing) for line in shown.lines]
        cursor = shown.page.next
    assert found == [(line.revision.number, line.told, line.standing) for line in whole]
    assert cursor == ""


def test_a_place_that_is_none_is_refused(
    client_for: SignIn, frank: User, prod: ManagedNamespace
) -> None:
    assert client_for(frank).get(f"{url_of(prod)}?after=x").status_code == 422


def test_more_revisions_cost_no_more_statements(
    client_for: SignIn, frank: User, exposed: ManagedNamespace
) -> None:
    browser = client_for(frank)
    with CaptureQueriesContext(connection) as few:
        browser.get(url_of(exposed))
    for size in ("small", "medium", "large"):
        grown(exposed, size=size)
    with CaptureQueriesContext(connection) as many:
        browser.get(url_of(exposed))
    assert len(many) == len(few)


def test_charlie_does_not_learn_of_it(
    client_for: SignIn, charlie: User, prod: ManagedNamespace
) -> None:
    assert client_for(charlie).get(url_of(prod)).status_code == 404


def test_no_line_is_lost_by_folding() -> None:
    before = [f"line {number}" for number in range(60)]
    after = [*before[:20], "new", *before[20:40], "other", *before[41:]]
    rows = diff_rows(before, after)
    stretches = fold_rows(rows)
    assert [row for one in stretches for row in one.rows] == rows
    assert [bool(one.number) for one in stretches] == [False, True, False, True, False]
    assert [one.following for one in stretches if one.number] == [2, 1]
    assert len(stretches[1].rows) == 2 * CONTEXT + 1
