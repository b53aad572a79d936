"""A shell in the pods, on the real API server: who gets it, where, and on a cluster without it."""

from collections.abc import Iterator

import pytest

from onboarding.cluster.gateway import Gateway
from onboarding.cluster.installation import install, load_manifests
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace
from tests.cluster.conftest import MANIFESTS, Prepared, eventually
from tests.support import live_portal
from tests.support.manifests import pod
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db
READY = NamespaceState.READY
DOORS = ("pods/exec", "pods/attach", "pods/portforward")
# What must stay closed to a team that has a shell.
CLOSED = (
    ("create", "networkpolicies.networking.k8s.io"),
    ("patch", "networkpolicies.networking.k8s.io"),
    ("create", "rolebindings.rbac.authorization.k8s.io"),
    ("create", "serviceaccounts/token"),
    ("create", "pods/proxy"),
    ("patch", "pods/ephemeralcontainers"),
)
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/bulkhead:shell"
PROVISIONER = "/apis/rbac.authorization.k8s.io/v1/clusterroles/bulkhead:provisioner"


def may(portal: Gateway, at: str, verb: str, resource: str, group: str = "team-payments") -> bool:
    return portal.review_access(verb=verb, resource=resource, namespace=at, group=group)


def brought(dev_eu: Cluster, name: str, environment: str) -> ManagedNamespace:
    namespace = live_portal.onboard(dev_eu, name, environment=environment)
    return live_portal.brought_to(namespace, READY, NamespaceState.BLOCKED)


@pytest.mark.parametrize(
    ("environment", "granted"), [("development", True), ("test", False), ("production", False)]
)
def test_the_teams_group_gets_a_shell_in_development_alone(
    prepared: Prepared, dev_eu: Cluster, name: str, environment: str, *, granted: bool
) -> None:
    assert brought(dev_eu, name, environment).state == READY
    doors = [may(prepared.portal, name, verb, at) for at in DOORS for verb in ("create", "get")]
    assert doors == [granted] * 6
    assert not any(may(prepared.portal, name, *closed) for closed in CLOSED)
    assert not any(may(prepared.portal, name, "create", at, "team-search") for at in DOORS)


def test_a_member_gets_past_access_control_into_a_pod(
    prepared: Prepared, dev_eu: Cluster, admin: RawApi, name: str
) -> None:
    brought(dev_eu, name, "development")
    pods = f"/api/v1/namespaces/{name}/pods"
    assert admin.post(pods, pod("web")).status == 201
    bob, charlie = (
        prepared.raw.acting_as("bob", "team-payments"),
        prepared.raw.acting_as("charlie", "team-search"),
    )
    for door in ("exec", "attach", "portforward"):
        # There is no kubelet behind it: whatever the API server answers, it is not a refusal.
        assert bob.post(f"{pods}/web/{door}?command=sh", {}).status != 403
        assert charlie.post(f"{pods}/web/{door}?command=sh", {}).status == 403


def test_the_portal_itself_gets_no_shell(prepared: Prepared, team_namespace: str) -> None:
    for door in DOORS:
        asked = {"verb": "create", "resource": door, "namespace": team_namespace}
        assert not prepared.portal.review_access(**asked)


@pytest.fixture
def earlier(prepared: Prepared) -> Iterator[RawApi]:
    """The cluster as an earlier release prepared it: neither the role nor the right to bind it."""
    raw = prepared.break_glass
    rules = raw.get(PROVISIONER).body["rules"]
    for rule in rules:
        rule["resourceNames"] = [n for n in rule.get("resourceNames", []) if "shell" not in n]
    assert raw.merge(PROVISIONER, {"rules": rules}).status == 200
    assert raw.delete(ROLE).status == 200
    eventually(lambda: not may_bind(prepared.portal), "the right to bind is gone")
    yield raw
    prepare_again(prepared)


def may_bind(portal: Gateway) -> bool:
    resource = "clusterroles.rbac.authorization.k8s.io"
    return portal.review_access(verb="bind", resource=resource, name="bulkhead:shell")


def prepare_again(prepared: Prepared) -> None:
    list(install(prepared.admin, load_manifests(MANIFESTS)))
    eventually(lambda: may_bind(prepared.portal), "the right to bind is back")


@pytest.mark.usefixtures("earlier")
def test_a_cluster_prepared_before_the_role_says_what_to_do_and_then_goes_on(
    prepared: Prepared, dev_eu: Cluster, name: str
) -> None:
    namespace = brought(dev_eu, name, "development")
    assert namespace.state == NamespaceState.BLOCKED
    assert "dev-eu does not let the portal bind bulkhead:shell" in namespace.message
    dev_eu.refresh_from_db()
    assert dev_eu.condition == "ok"
    prepare_again(prepared)
    live_portal.make_due(namespace)
    assert live_portal.brought_to(namespace, READY).state == READY


def test_a_role_without_the_right_to_bind_it_says_the_same(
    prepared: Prepared, dev_eu: Cluster, earlier: RawApi, name: str
) -> None:
    [role] = [
        one for one in load_manifests(MANIFESTS) if one["metadata"]["name"] == "bulkhead:shell"
    ]  # type: ignore[index,call-overload]
    assert earlier.post(ROLE.rpartition("/")[0], role).status == 201
    eventually(lambda: earlier.get(ROLE).status == 200, "the role is there")
    namespace = brought(dev_eu, name, "development")
    assert "run manage.py prepare_cluster again" in namespace.message


@pytest.mark.usefixtures("earlier")
def test_production_is_ready_on_a_cluster_that_has_no_such_role(dev_eu: Cluster, name: str) -> None:
    assert brought(dev_eu, name, "production").state == READY


def test_a_binding_to_a_role_that_is_gone_is_not_called_ready(
    prepared: Prepared, dev_eu: Cluster, name: str
) -> None:
    namespace = brought(dev_eu, name, "development")
    assert prepared.break_glass.delete(ROLE).status == 200
    try:
        eventually(
            lambda: not may(prepared.portal, name, "create", "pods/exec"), "the role is forgotten"
        )
        namespace = live_portal.look(namespace)
    finally:
        prepare_again(prepared)
    assert namespace.state == NamespaceState.RETRYING
    assert "still may not create pods/exec" in namespace.message
