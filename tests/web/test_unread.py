"""A namespace too large to be read: said where somebody can act on it, unknown where it matters."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.models import Cluster, ManagedNamespace, NamespaceObservation, User
from tests.web.seen_cluster import seen
from tests.web.stories import onboarded, ready

SignIn = Callable[[User], Client]
TOO_LARGE = "too large to be read"


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    """Seen on its cluster; of search-prod there the pods were too much."""
    row = seen(ready(onboarded(demo_spec("payments-prod", cluster=cluster.name))))
    NamespaceObservation.objects.filter(name="search-prod").update(unread=["Pod"])
    return row


def test_platform_admins_are_told_at_home_and_on_the_clusters_page(
    client_for: SignIn, pat: User, prod: ManagedNamespace
) -> None:
    browser = client_for(pat)
    assert "1 namespace on dev-eu was too large to be read" in browser.get("/").content.decode()
    page = browser.get(f"/clusters/{prod.cluster.public_id}/").content.decode()
    section = page.partition('id="unread"')[2].partition("</section>")[0]
    assert "search-prod" in section
    assert "<code>Pod</code>" in section


def test_others_are_not_asked_to_act_on_it(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    assert TOO_LARGE not in client_for(alice).get("/").content.decode()


def test_a_closed_cluster_is_not_said_to_be_too_large(
    client_for: SignIn, pat: User, prod: ManagedNamespace
) -> None:
    Cluster.objects.update(closed_at=timezone.now())
    assert TOO_LARGE not in client_for(pat).get("/").content.decode()


def test_connectivity_names_what_could_not_be_read(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = client_for(bob).get(f"/namespaces/{prod.public_id}/connectivity/").content.decode()
    assert "This answer is incomplete" in page
    assert "Pod objects of search-prod, which were too large to be read" in page


def test_what_a_removal_takes_with_it_is_unknown_then(
    client_for: SignIn, alice: User, prod: ManagedNamespace
) -> None:
    NamespaceObservation.objects.filter(name=prod.name).update(unread=["Pod"])
    page = client_for(alice).get(f"/namespaces/{prod.public_id}/retire/").content.decode()
    running = page.partition("Pods</dt>")[2].partition("</dd>")[0]
    assert "unknown" in running
    assert TOO_LARGE in page
