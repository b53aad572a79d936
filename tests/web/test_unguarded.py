"""A cluster without its guards: who is told, in which words, and what is never called guarded."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ClusterGuards, ManagedNamespace, User
from tests.support.left_by_worker import set_state
from tests.web.sights import looked_at, words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
FINDING = "ValidatingAdmissionPolicyBinding bulkhead-confined is missing"
HOME = "dev-eu is not guarded: others can change what was approved"
UNKNOWN = "Whether dev-eu is guarded cannot be known"
ON_A_NAMESPACE = "This cluster is not guarded as it must be"


@pytest.fixture
def prod(alice: User, cluster: Cluster) -> ManagedNamespace:
    row = ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))
    looked_at(cluster)
    return row


def found(cluster: Cluster, **fields: Any) -> None:
    """What the last look left in the row."""
    now = timezone.now()
    since = now if fields.get("differing") or fields.get("failing") else None
    ClusterGuards.objects.create(cluster=cluster, looked_at=now, since=since, **fields)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer)


def test_platform_admins_are_told_at_home_and_nobody_else(
    client_for: SignIn, cast: dict[str, User], prod: ManagedNamespace
) -> None:
    found(prod.cluster, differing=[FINDING])
    told = {name for name, person in cast.items() if HOME in page(client_for(person), "/")}
    assert told == {"pat"}


def test_the_cluster_says_what_is_missing_and_what_to_run(
    client_for: SignIn, pat: User, prod: ManagedNamespace
) -> None:
    found(prod.cluster, differing=[FINDING], failing=["WRONG  refused  bind a person - accepted"])
    text = page(client_for(pat), f"/clusters/{prod.cluster.public_id}/")
    assert "It is not guarded as it must be" in text
    assert FINDING in text
    assert "bind a person - accepted" in text
    assert "manage.py prepare_cluster dev-eu --kubeconfig FILE" in text
    assert "in place, as shipped" not in text
    assert "Not guarded" in page(client_for(pat), "/clusters/")


@pytest.mark.parametrize("tab", ["", "policies/", "access/", "activity/"])
def test_every_page_of_a_namespace_there_says_so_to_the_team(
    client_for: SignIn, bob: User, prod: ManagedNamespace, tab: str
) -> None:
    found(prod.cluster, differing=[FINDING])
    text = page(client_for(bob), f"/namespaces/{prod.public_id}/{tab}")
    assert ON_A_NAMESPACE in text
    assert "prepare_cluster" not in text


def test_what_may_not_be_read_is_unknown_and_says_what_to_run(
    client_for: SignIn, pat: User, bob: User, prod: ManagedNamespace
) -> None:
    found(prod.cluster, unread="cannot list resource")
    text = page(client_for(pat), f"/clusters/{prod.cluster.public_id}/")
    assert "Whether its guards are in place cannot be known" in text
    assert "manage.py prepare_cluster dev-eu --kubeconfig FILE" in text
    assert "in place, as shipped" not in text
    assert UNKNOWN in page(client_for(pat), "/")
    assert "cannot be known" in page(client_for(pat), "/clusters/")
    assert "is unknown" in page(client_for(bob), f"/namespaces/{prod.public_id}/")


def test_a_guarded_cluster_says_when_that_was_seen_and_when_it_was_tried(
    client_for: SignIn, pat: User, bob: User, prod: ManagedNamespace
) -> None:
    found(prod.cluster, differing=[])
    browser, path = client_for(pat), f"/clusters/{prod.cluster.public_id}/"
    text = page(browser, path)
    assert "in place, as shipped" in text
    assert "was not tried yet" in text
    ClusterGuards.objects.update(checked_at=timezone.now(), failing=[])
    assert "was last tried" in page(browser, path)
    assert "dev-eu" not in page(browser, "/")
    assert "uard" not in page(client_for(bob), f"/namespaces/{prod.public_id}/")


def test_before_the_first_look_nothing_is_said_of_it(
    client_for: SignIn, pat: User, prod: ManagedNamespace
) -> None:
    path = f"/clusters/{prod.cluster.public_id}/"
    assert "Guards not looked at yet" in page(client_for(pat), path)
    ClusterGuards.objects.create(cluster=prod.cluster, checked_at=timezone.now(), failing=[])
    assert "Guards not looked at yet" in page(client_for(pat), path)


def test_of_a_closed_cluster_and_an_ended_namespace_nothing_is_said(
    client_for: SignIn, pat: User, bob: User, prod: ManagedNamespace
) -> None:
    found(prod.cluster, differing=[FINDING])
    set_state(prod, NamespaceState.LOST)
    assert ON_A_NAMESPACE not in page(client_for(bob), f"/namespaces/{prod.public_id}/")
    Cluster.objects.update(closed_at=timezone.now())
    assert HOME not in page(client_for(pat), "/")
    assert "Not guarded" not in page(client_for(pat), "/clusters/")
