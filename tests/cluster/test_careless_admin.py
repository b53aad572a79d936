"""What an administrator with every right in RBAC cannot do to managed namespaces.

Beside the ways in test_access_rules.py: subresources, annotations, accounts of controllers, kinds
that network plugins obey, policies of the whole cluster, and the label that widens every team.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.conftest import Prepared, eventually
from tests.support.manifests import RBAC_GROUP, binding, pod, policy, quota
from tests.support.network_plugins import CLUSTER_WIDE, NAMESPACED, installed
from tests.support.raw_api import Reply

NAMESPACES = "/api/v1/namespaces"
NETWORKING = "/apis/networking.k8s.io/v1"
ROLES = f"/apis/{RBAC_GROUP}/v1/clusterroles"
QUOTA_CONTROLLER = "system:serviceaccount:kube-system:resourcequota-controller"
TEARDOWN = (
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
)


def refused_by(policy: str, words: str, reply: Reply) -> bool:
    by = f"ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: "
    return reply.status == 403 and f"{by}{words}" in reply.message


@pytest.fixture
def home(prepared: Prepared, team_namespace: str) -> str:
    """The path of a managed namespace with a fence, bounds and access."""
    prepared.portal.apply(policy(team_namespace, "deny-all", {}))
    prepared.portal.apply(quota(team_namespace, pods="10"))
    access = binding(team_namespace, "team-developer", role="bulkhead:developer", group="payments")
    prepared.portal.apply(access)
    bounds = f"{NAMESPACES}/{team_namespace}/resourcequotas/bounds"
    eventually(
        lambda: "hard" in prepared.raw.get(bounds).body.get("status", {}), "the quota is counted"
    )
    return f"{NAMESPACES}/{team_namespace}"


@pytest.mark.parametrize("part", ["", "/status"])
@pytest.mark.parametrize("value", ["999999", None])
def test_what_the_portal_wrote_on_a_namespace_is_not_rewritten(
    prepared: Prepared, home: str, part: str, value: str | None
) -> None:
    mark = {"metadata": {"annotations": {"bulkhead.dev/generation": "1"}}}
    assert prepared.as_portal.merge(home, mark).status == 200
    other = {"metadata": {"annotations": {"bulkhead.dev/generation": value, "mine": "1"}}}
    reply = prepared.cluster_admin.merge(f"{home}{part}", other)
    words = "annotations bulkhead.dev/* are reserved for Bulkhead"
    assert refused_by("bulkhead-reserved-namespace-labels", words, reply)


def test_finalizing_a_namespace_rewrites_no_mark(prepared: Prepared, home: str) -> None:
    tree = prepared.raw.get(home).body
    tree["metadata"]["annotations"] = {"bulkhead.dev/generation": "999999"}
    reply = prepared.cluster_admin.send("PUT", f"{home}/finalize", tree)
    words = "annotations bulkhead.dev/* are reserved for Bulkhead"
    assert refused_by("bulkhead-reserved-namespace-labels", words, reply)


def test_nobody_marks_a_new_namespace_as_the_portals(prepared: Prepared) -> None:
    marked = {"name": "marked", "annotations": {"bulkhead.dev/request": "REQ-1"}}
    reply = prepared.cluster_admin.post(NAMESPACES, {"metadata": marked})
    words = "annotations bulkhead.dev/* are reserved for Bulkhead"
    assert refused_by("bulkhead-reserved-namespace-labels", words, reply)


def test_other_annotations_are_free(prepared: Prepared, home: str) -> None:
    note = {"metadata": {"annotations": {"example.com/owner": "platform"}}}
    assert prepared.cluster_admin.merge(home, note).status == 200


OWNED = "this namespace is managed by Bulkhead: "
STATUS: dict[str, Any] = {
    "widen it": {"status": {"hard": {"pods": "999", "services.nodeports": "5"}}},
    "count what is used anew": {"status": {"used": {"pods": "0"}}},
    "annotate it": {"metadata": {"annotations": {"bulkhead.dev/generation": "9"}}},
    "label it": {"metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}},
}


@pytest.mark.parametrize("change", STATUS)
def test_the_status_of_a_quota_is_no_way_to(prepared: Prepared, home: str, change: str) -> None:
    reply = prepared.cluster_admin.merge(f"{home}/resourcequotas/bounds/status", STATUS[change])
    assert refused_by("bulkhead-owned-resources", f"{OWNED}resourcequotas", reply)


@pytest.mark.parametrize("change", ["widen it", "annotate it", "label it"])
@pytest.mark.parametrize("account", [QUOTA_CONTROLLER, "system:apiserver"])
def test_who_counts_a_quota_does_nothing_else(
    prepared: Prepared, home: str, account: str, change: str
) -> None:
    controller = prepared.raw.acting_as(account, "system:masters")
    reply = controller.merge(f"{home}/resourcequotas/bounds/status", STATUS[change])
    assert refused_by("bulkhead-owned-resources", f"{OWNED}resourcequotas", reply)
    spec = {"spec": {"hard": {"pods": "999"}}}
    reply = controller.merge(f"{home}/resourcequotas/bounds", spec)
    assert refused_by("bulkhead-owned-resources", f"{OWNED}resourcequotas", reply)


def test_what_a_team_uses_is_counted_and_a_new_bound_holds(prepared: Prepared, home: str) -> None:
    """By the real API server (pods that come) and the real controller (pods that go)."""

    def of(part: str) -> str:
        status = prepared.raw.get(f"{home}/resourcequotas/bounds").body["status"]
        return str(status[part].get("pods"))

    assert prepared.cluster_admin.post(f"{home}/pods", pod("web")).status == 201
    assert of("used") == "1"
    prepared.portal.apply(quota(home.rpartition("/")[2], pods="11"))
    assert prepared.cluster_admin.post(f"{home}/pods", pod("more")).status == 201
    eventually(lambda: of("hard") == "11", "the new bound is in force")
    for name in ("web", "more"):
        prepared.cluster_admin.delete(f"{home}/pods/{name}?gracePeriodSeconds=0")
    eventually(lambda: of("used") == "0", "what went is not counted")


@pytest.mark.parametrize("account", TEARDOWN)
def test_in_a_living_namespace_nobody_tears_down(
    prepared: Prepared, home: str, account: str
) -> None:
    controller = prepared.raw.acting_as(account, "system:masters")
    namespace = home.rpartition("/")[2]
    policies = f"{NETWORKING}/namespaces/{namespace}/networkpolicies"
    one = controller.delete(f"{policies}/deny-all")
    assert refused_by("bulkhead-owned-resources", f"{OWNED}networkpolicies", one)
    every = controller.delete(f"{home}/resourcequotas")
    assert refused_by("bulkhead-owned-resources", f"{OWNED}resourcequotas", every)


def test_a_namespace_with_everything_in_it_finishes_deleting(prepared: Prepared, home: str) -> None:
    prepared.cluster_admin.post(f"{home}/pods", pod("web"))
    assert prepared.cluster_admin.delete(home).status == 200
    eventually(lambda: prepared.raw.get(home).status == 404, "the namespace is gone")


@pytest.fixture(scope="module")
def plugins(prepared: Prepared) -> Iterator[None]:
    with installed(prepared.cluster_admin):
        yield


@pytest.mark.usefixtures("plugins")
def test_nothing_that_a_network_plugin_obeys_is_written_into_a_managed_namespace(
    prepared: Prepared, home: str
) -> None:
    namespace = home.rpartition("/")[2]
    for one in NAMESPACED:
        reply = one.create(prepared.cluster_admin, namespace)
        assert refused_by("bulkhead-owned-resources", f"{OWNED}{one.plural}", reply), one
        assert one.create(prepared.cluster_admin, "default").status == 201


@pytest.mark.usefixtures("plugins")
def test_a_policy_of_the_whole_cluster_is_the_network_platform_teams_alone(
    prepared: Prepared,
) -> None:
    team = prepared.raw.acting_as("nora", "system:masters", "bulkhead:network-platform")
    for one in CLUSTER_WIDE:
        reply = one.create(prepared.cluster_admin, "")
        assert refused_by("bulkhead-cluster-network-policies", one.plural, reply), one
        assert one.create(team, "").status == 201
        assert one.create(prepared.break_glass, "").status == 201


LABEL = "bulkhead.dev/aggregate-to-developer"
SHELL = [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}]


def test_nobody_widens_what_every_team_may_do_by_a_label(prepared: Prepared) -> None:
    name, words = f"test-{uuid.uuid4().hex[:8]}", "labels bulkhead.dev/* of a ClusterRole are"
    wide = {"metadata": {"name": name, "labels": {LABEL: "true"}}, "rules": SHELL}
    made = prepared.cluster_admin.post(ROLES, wide)
    assert refused_by("bulkhead-reserved-role-labels", words, made)
    plain = {"metadata": {"name": name}, "rules": SHELL}
    assert prepared.cluster_admin.post(ROLES, plain).status == 201
    labelled = prepared.cluster_admin.merge(f"{ROLES}/{name}", wide)
    assert refused_by("bulkhead-reserved-role-labels", words, labelled)
    assert prepared.cluster_admin.delete(f"{ROLES}/{name}").status == 200


def test_a_role_that_carried_the_label_before_can_only_give_it_up(prepared: Prepared) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    wide = {"metadata": {"name": name, "labels": {LABEL: "false"}}, "rules": []}
    assert prepared.break_glass.post(ROLES, wide).status == 201
    grown = prepared.cluster_admin.merge(f"{ROLES}/{name}", {"rules": SHELL})
    assert refused_by("bulkhead-reserved-role-labels", "labels bulkhead.dev/*", grown)
    bare = {"metadata": {"labels": {LABEL: None}}}
    assert prepared.cluster_admin.merge(f"{ROLES}/{name}", bare).status == 200
    prepared.cluster_admin.delete(f"{ROLES}/{name}")
