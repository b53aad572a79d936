"""Observing on the real API server: page by page, one list per kind, what is really served.

The first tests are the contract of the verbs observing uses, held by the fake as well.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import ceil

import pytest
from django.utils.timezone import now

from onboarding.cluster.discovery import find_policy_kinds
from onboarding.cluster.errors import ServerFault
from onboarding.cluster.gateway import PAGE_SIZE, Gateway
from onboarding.cluster.kinds import KINDS, collection_path
from onboarding.cluster.verbs import SnapshotLost
from onboarding.domain.objects import Manifest, key_of
from onboarding.models import Cluster, ClusterObservation, NamespaceObservation
from onboarding.queries.observed import observed_world
from onboarding.services.observe import KINDS_BESIDE, observe
from tests.cluster.conftest import Prepared, eventually
from tests.cluster.test_gateway_on_the_server import LosesItsPlace
from tests.support.audit_log import PORTAL, AuditLog
from tests.support.raw_api import RawApi
from tests.support.worlds import DENY_ALL_SPEC, BreakGlass, World

MANY_PODS = 620
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CILIUM: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ciliumnetworkpolicies.cilium.io"},
    "spec": {
        "group": "cilium.io",
        "scope": "Namespaced",
        "names": {"kind": "CiliumNetworkPolicy", "plural": "ciliumnetworkpolicies"},
        "versions": [
            {
                "name": "v2",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}


def test_pages_hold_what_the_list_holds_in_its_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        world.gateway.create(world.policy(f"p{number}", DENY_ALL_SPEC))
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 2)
    before = world.gateway.requests
    found = [*world.gateway.pages("NetworkPolicy", world.namespace)]
    assert world.gateway.requests == before + 3
    assert [[key_of(one).name for one in page] for page in found] == [
        ["p0", "p1"],
        ["p2", "p3"],
        ["p4"],
    ]
    assert {one["kind"] for page in found for one in page} == {"NetworkPolicy"}


def test_a_page_is_only_asked_for_when_it_is_wanted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        world.gateway.create(world.policy(f"p{number}", DENY_ALL_SPEC))
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 2)
    before = world.gateway.requests
    next(world.gateway.pages("NetworkPolicy", world.namespace))
    assert world.gateway.requests == before + 1


def test_pages_of_nothing_are_one_empty_page(world: World) -> None:
    assert [*world.gateway.pages("NetworkPolicy", world.namespace)] == [[]]


def test_groups_that_are_not_served_are_not_in_the_answer(world: World) -> None:
    assert world.gateway.served_kinds(["nobody.example"]) == {}


def test_served_kinds_are_named_without_their_subresources(prepared: Prepared) -> None:
    """By the portal's own credential: every signed-in client may ask what is served."""
    served = prepared.portal.served_kinds(["networking.k8s.io"])
    kinds = served["networking.k8s.io"]
    assert "NetworkPolicy" in kinds
    assert sorted(set(kinds)) == kinds


def test_a_snapshot_lost_between_two_pages_is_said_and_not_hidden(
    prepared: Prepared, team_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(prepared.portal_connection)
    world = World(gateway, BreakGlass(prepared.break_glass), team_namespace)
    for number in range(3):
        gateway.create(world.policy(f"p{number}", DENY_ALL_SPEC))
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 2)
    monkeypatch.setattr(gateway, "_line", LosesItsPlace(gateway._line))
    with pytest.raises(SnapshotLost, match="too old"):
        [*gateway.pages("NetworkPolicy", team_namespace)]


@pytest.fixture
def cilium(prepared: Prepared) -> Iterator[None]:
    """The kind alone, as its maker would install it; there is no object of it."""
    root = prepared.cluster_admin
    assert root.post(CRDS, CILIUM).status == 201
    yield
    root.delete(f"{CRDS}/ciliumnetworkpolicies.cilium.io")
    eventually(lambda: kinds_told(prepared) == (), "the kind is gone again")


def kinds_told(prepared: Prepared) -> tuple[str, ...] | None:
    """While a kind is withdrawn, its group is listed and answers 404 as anything might: a fault."""
    try:
        return find_policy_kinds(prepared.portal)
    except ServerFault:
        return None


def test_a_policy_kind_that_somebody_installed_is_found(prepared: Prepared, cilium: None) -> None:
    expected = ("CiliumNetworkPolicy (cilium.io)",)
    eventually(lambda: kinds_told(prepared) == expected, "the kind is served")


@pytest.fixture
def crowd(admin: RawApi, name: str) -> Iterator[str]:
    """A namespace the portal does not manage, with more pods than one page holds."""
    root, place = admin.acting_as("root", "system:masters"), collection_path("Pod", name)
    assert root.post("/api/v1/namespaces", {"metadata": {"name": name}}).status == 201
    pods = [_pod(name, number) for number in range(MANY_PODS)]
    with ThreadPoolExecutor(4) as threads:
        answers = [*threads.map(lambda pod: root.post(place, pod).status, pods)]
    assert set(answers) == {201}
    yield name
    root.delete(place)
    root.delete(f"/api/v1/namespaces/{name}")


def _pod(place: str, number: int) -> Manifest:
    hashed = {"app": f"app-{number % 4}", "pod-template-hash": f"{number:x}"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number}", "namespace": place, "labels": {**hashed}},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "registry.example/app",
                    "ports": [{"name": "http", "containerPort": 8080}],
                }
            ]
        },
    }


@pytest.mark.django_db
def test_a_crowded_cluster_is_one_list_per_kind_in_pages_and_rows_of_classes(
    dev_eu: Cluster, crowd: str, admin: RawApi, audit: AuditLog
) -> None:
    assert observe(dev_eu.pk, clock=now)
    seen = ClusterObservation.objects.get(cluster=dev_eu)
    assert (seen.trouble, seen.version) == ("", 1)
    counts = {"namespaces": seen.namespaces, "networkpolicies": seen.policies}
    kinds = ("Namespace", "NetworkPolicy", "Pod", *KINDS_BESIDE)
    listed = {plural: _lists(audit, plural) for plural in (KINDS[kind].plural for kind in kinds)}
    assert {kind: listed[kind] for kind in counts} == {
        kind: max(1, ceil(total / PAGE_SIZE)) for kind, total in counts.items()
    }
    assert listed["pods"] == ceil(len(admin.get("/api/v1/pods").body["items"]) / PAGE_SIZE) == 2
    assert seen.requests == sum(listed.values())
    row = NamespaceObservation.objects.get(name=crowd)
    assert [(one["labels"], one["count"]) for one in row.pods] == [
        ({"app": f"app-{number}"}, MANY_PODS // 4) for number in range(4)
    ]
    assert observe(dev_eu.pk, clock=now)
    observed = observed_world(dev_eu)
    assert observed is not None
    assert {crowd, "kube-system", "bulkhead-system"} <= set(observed.world.namespaces)


def _lists(audit: AuditLog, resource: str) -> int:
    """Return how many pages of all namespaces' objects the portal asked for."""
    audit._wait_until_written()
    return sum(
        entry.verb == "list"
        and entry.user == PORTAL
        and entry.resource == resource
        and "labelSelector=" not in entry.tree["requestURI"]  # its own two namespaces, by name
        for entry in audit._entries(f'"resource":"{resource}"')
    )
