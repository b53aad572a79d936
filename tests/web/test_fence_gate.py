"""What pages say of pods that wait for their fence, to the team and to who runs the cluster."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.demo.scenario import demo_spec
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    User,
)
from tests.support.gated_pods import install_gate
from tests.web.sights import words
from tests.web.stories import onboarded, ready

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def prod(cast: dict[str, User], cluster: Cluster) -> ManagedNamespace:
    """Ready on a cluster with the gate, with three pods that a look saw waiting."""
    install_gate(cluster)
    row = ready(onboarded(demo_spec("payments-prod", cluster=cluster.name)))
    ClusterObservation.objects.create(cluster=cluster, seen_at=timezone.now())
    NamespaceObservation.objects.create(
        cluster=cluster, name=row.name, uid=row.uid, digest="sha256:0", waiting_pods=3
    )
    return row


def overview(browser: Client, row: ManagedNamespace) -> str:
    return words(browser.get(f"/namespaces/{row.public_id}/").content.decode())


def test_bob_sees_how_many_pods_wait_and_what_for(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    page = overview(client_for(bob), prod)
    assert "3 pods wait for the fence" in page
    assert "start by themselves once everything was read back" in page
    assert "New pods wait until the fence was read back" in page


def test_once_it_was_read_back_they_wait_for_a_look_only(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    ManagedNamespace.objects.update(fenced_uid=prod.uid)
    page = overview(client_for(bob), prod)
    assert "the portal lets them go when it next looks" in page
    assert "New pods start at once: the fence was read back" in page


def test_while_a_policy_of_others_stands_bob_reads_what_pods_wait_for(
    client_for: SignIn, bob: User, prod: ManagedNamespace
) -> None:
    there = {
        "first_seen_at": timezone.now(),
        "seen_at": timezone.now(),
        "object_name": "let-me-out",
    }
    row = prod.deviations.create(kind="foreign", object_kind="NetworkPolicy", **there)
    said = "New pods wait: a network policy that no approved plan contains may open the fence."
    assert said in overview(client_for(bob), prod)
    row.acknowledged_at = timezone.now()
    row.save()
    assert said not in overview(client_for(bob), prod)


@pytest.mark.parametrize("count", [0, None])
def test_where_none_was_seen_waiting_nothing_is_said(
    client_for: SignIn, bob: User, prod: ManagedNamespace, count: int | None
) -> None:
    NamespaceObservation.objects.update(waiting_pods=count)
    assert "for the fence" not in overview(client_for(bob), prod)


def test_without_the_gate_the_page_does_not_promise_that_pods_wait(
    client_for: SignIn, bob: User, prod: ManagedNamespace, cluster: Cluster
) -> None:
    Cluster.objects.update(facts={**cluster.facts, "fence_gate": False})
    page = overview(client_for(bob), prod)
    assert "New pods do not wait for the fence: this cluster has no gate for pods" in page


def test_charlie_learns_nothing(client_for: SignIn, charlie: User, prod: ManagedNamespace) -> None:
    assert client_for(charlie).get(f"/namespaces/{prod.public_id}/").status_code == 404


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"fence_gate": True}, "Pods wait for their fence."),
        ({"fence_gate": False}, "This cluster is too old for it: pods may start before"),
        ({}, "Not installed: pods may start before their fence stands."),
    ],
)
def test_pat_reads_on_the_cluster_whether_pods_wait(
    client_for: SignIn, pat: User, cluster: Cluster, fact: dict[str, bool], said: str
) -> None:
    Cluster.objects.update(facts={**cluster.facts, **fact})
    page = words(client_for(pat).get(f"/clusters/{cluster.public_id}/").content.decode())
    assert said in page
