"""READY on a cluster nobody can look at: said wherever the word stands, and nothing is promised."""

from collections.abc import Callable

import pytest
from django.test import Client

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import OUT_OF_SIGHT, ClusterCondition, NamespaceState
from onboarding.models import Cluster, ManagedNamespace, User
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
