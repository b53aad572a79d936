"""READY on a cluster nobody can look at: said wherever the word stands, and nothing is promised."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import OUT_OF_SIGHT, ClusterCondition, NamespaceState
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, User
from tests.web.sights import words
from tests.web.stories import as_worker, onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
BADGE = "Nobody can look"
LAST_READ = "this page shows what was last read"
BY_ITSELF = ("by itself", "the work goes on")


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    return onboarded(demo_spec("payments-prod", cluster=cluster.name))


def in_condition(cluster: Cluster, condition: ClusterCondition) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(condition=condition.value)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer)


@pytest.mark.parametrize("condition", ClusterCondition)
def test_ready_is_said_with_it_wherever_nobody_can_look(
    client_for: SignIn, alice: User, prod: ManagedNamespace, condition: ClusterCondition
) -> None:
    ready(prod)
    in_condition(prod.cluster, condition)
    browser, is_hidden = client_for(alice), condition in OUT_OF_SIGHT
    for path in ("/", "/namespaces/", f"/namespaces/{prod.public_id}/"):
        assert (BADGE in page(browser, path)) == is_hidden
    assert (LAST_READ in page(browser, f"/namespaces/{prod.public_id}/")) == is_hidden


def test_what_another_cluster_answers_is_no_look_at_this_one(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    ready(prod)
    in_condition(prod.cluster, ClusterCondition.OTHER_CLUSTER)
    assert BADGE in page(client_for(alice), "/namespaces/")


def test_what_was_never_read_is_not_said_to_have_been(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    in_condition(prod.cluster, ClusterCondition.UNAUTHORIZED)
    text = page(client_for(alice), f"/namespaces/{prod.public_id}/")
    assert BADGE not in text
    assert LAST_READ not in text


@pytest.mark.parametrize("state", [NamespaceState.RETRYING, NamespaceState.READY, None])
def test_a_refused_credential_promises_nothing_by_itself(
    client_for: SignIn, alice: User, prod: ManagedNamespace, state: NamespaceState | None
) -> None:
    if state:
        as_worker(prod, state, attempts=3, uid="u")
    in_condition(prod.cluster, ClusterCondition.UNAUTHORIZED)
    request, browser = prod.revisions.get().request, client_for(alice)
    for path in (f"/namespaces/{prod.public_id}/", f"/requests/{request.public_id}/"):
        text = page(browser, path)
        assert not [promise for promise in BY_ITSELF if promise in text]
        assert "until a platform admin has renewed the portal's credential" in text


TABS = ("", "policies/", "connectivity/", "access/", "activity/", "revisions/")


def last_answered(row: ManagedNamespace, ago: timedelta) -> None:
    at = timezone.now() - ago
    ClusterObservation.objects.create(cluster=row.cluster, seen_at=at, looked_at=at, version=1)
    Cluster.objects.filter(pk=row.cluster_id).update(last_seen_at=at)


def test_that_nobody_looks_any_more_is_said_on_every_page_of_a_namespace(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    last_answered(ready(prod), timedelta(hours=2))
    for tab in TABS:
        text = page(client_for(bob), f"/namespaces/{prod.public_id}/{tab}")
        assert "Nobody has looked at dev-eu lately : it last answered 2 h ago ." in text, tab
        assert "Ready Not looked at lately On dev-eu" in text, tab


def test_that_the_last_look_failed_is_said_on_every_page_of_a_namespace(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    last_answered(ready(prod), timedelta(hours=2))
    failed_at = timezone.now() - timedelta(minutes=5)
    ClusterObservation.objects.update(trouble="no answer within 30 s", looked_at=failed_at)
    for tab in TABS:
        text = page(client_for(bob), f"/namespaces/{prod.public_id}/{tab}")
        assert "Ready Last look failed On dev-eu" in text, tab
        assert "The last look at dev-eu failed , 5 min ago : no answer within 30 s" in text, tab
        assert "This page shows what was last seen, 2 h ago ; it may have changed" in text, tab


@pytest.mark.parametrize("trouble", ["", "no answer within 30 s"])
def test_that_what_a_list_says_is_old_is_said_beside_it(
    client_for: SignIn, pat: User, alice: User, prod: ManagedNamespace, trouble: str
) -> None:
    last_answered(ready(prod), timedelta(hours=2))
    ClusterObservation.objects.update(trouble=trouble, looked_at=timezone.now())
    badge = "Ready Last look failed" if trouble else "Ready Not looked at lately"
    assert badge in page(client_for(alice), "/")
    for path in ("/namespaces/", f"/teams/{prod.team.public_id}/"):
        assert badge in page(client_for(pat), path), path
    lines = b"".join(client_for(pat).get("/namespaces.csv"))  # type: ignore[arg-type]
    assert f",ready,Ready,{'look-failed' if trouble else 'not-looked-at'}," in lines.decode()


@pytest.mark.parametrize(
    ("ago", "state"),
    [(timedelta(seconds=40), NamespaceState.READY), (timedelta(hours=2), NamespaceState.GONE)],
)
def test_it_is_not_said_where_somebody_does_or_nothing_is_left(
    client_for: SignIn, bob: User, prod: ManagedNamespace, ago: timedelta, state: NamespaceState
) -> None:
    last_answered(ready(prod), ago)
    as_worker(prod, state)
    for path in ("/", f"/namespaces/?state={state}", f"/namespaces/{prod.public_id}/"):
        assert "lately" not in page(client_for(bob), path)
