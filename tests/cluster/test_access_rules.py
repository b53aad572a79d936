"""Who may do what on the real server: teams cannot touch their fence, nor can most admins.

Members are impersonated, which RBAC and admission treat as the real person.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from onboarding.cluster.gateway import Gateway
from tests.cluster.conftest import Prepared, eventually
from tests.support.manifests import binding, pod, policy, quota
from tests.support.raw_api import RawApi

NETWORKING = "/apis/networking.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@dataclass(frozen=True)
class Fenced:
    """A managed namespace with fence, bounds and access, as a provisioning run leaves it."""

    name: str
    portal: Gateway
    raw: RawApi

    @property
    def alice(self) -> RawApi:
        return self.raw.acting_as("alice", "payments")

    @property
    def policies(self) -> str:
        return f"{NETWORKING}/namespaces/{self.name}/networkpolicies"

    @property
    def bindings(self) -> str:
        return f"{RBAC}/namespaces/{self.name}/rolebindings"

    @property
    def core(self) -> str:
        return f"/api/v1/namespaces/{self.name}"


@pytest.fixture
def fenced(prepared: Prepared, team_namespace: str) -> Fenced:
    portal = prepared.portal
    portal.apply(policy(team_namespace, "deny-all", {}))
    portal.apply(quota(team_namespace, pods="10"))
    portal.apply(
        binding(team_namespace, "team-developer", role="bulkhead:developer", group="payments")
    )
    fenced = Fenced(team_namespace, portal, prepared.raw)
    eventually(lambda: fenced.alice.get(f"{fenced.core}/pods").status == 200, "Alice has access")
    return fenced


# Everything that would open the fence, widen the bounds or hand out access.
Attempt = Callable[[Fenced, RawApi], Any]
OPENINGS: dict[str, Attempt] = {
    "add an allow-all policy": lambda at, who: who.post(
        at.policies, policy(at.name, "open", {"egress": [{}], "ingress": [{}]})
    ),
    "open the fence": lambda at, who: who.merge(
        f"{at.policies}/deny-all", {"spec": {"egress": [{}]}}
    ),
    "remove the fence": lambda at, who: who.delete(f"{at.policies}/deny-all"),
    "remove all policies": lambda at, who: who.delete(at.policies),
    "bind somebody": lambda at, who: who.post(
        at.bindings, binding(at.name, "more", role="bulkhead:developer", group="search")
    ),
    "exchange the bound group": lambda at, who: who.merge(
        f"{at.bindings}/team-developer", {"subjects": [{"kind": "Group", "name": "search"}]}
    ),
    "remove a binding": lambda at, who: who.delete(f"{at.bindings}/team-developer"),
    "widen the quota": lambda at, who: who.merge(
        f"{at.core}/resourcequotas/bounds", {"spec": {"hard": {"pods": "999"}}}
    ),
    "remove the quota": lambda at, who: who.delete(f"{at.core}/resourcequotas/bounds"),
    "add limits": lambda at, who: who.post(
        f"{at.core}/limitranges",
        {"metadata": {"name": "more"}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
    ),
    "take the label that marks it managed": lambda at, who: who.merge(
        at.core, {"metadata": {"labels": {"bulkhead.dev/managed": None}}}
    ),
    "claim another name": lambda at, who: who.merge(
        at.core, {"metadata": {"labels": {"ns-id": "search-prod"}}}
    ),
    "claim another name through the status": lambda at, who: who.merge(
        f"{at.core}/status", {"metadata": {"labels": {"ns-id": "search-prod"}}}
    ),
    "lower the pod security level": lambda at, who: who.merge(
        at.core, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    ),
}


def test_a_member_of_the_team_can_create_a_pod_and_a_service(fenced: Fenced) -> None:
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    assert fenced.alice.post(f"{fenced.core}/pods", pod("web")).status == 201
    assert fenced.alice.post(f"{fenced.core}/services", service).status == 201


def test_a_member_can_read_the_policies_but_not_leave_through_a_pod(fenced: Fenced) -> None:
    fenced.alice.post(f"{fenced.core}/pods", pod("web"))
    assert fenced.alice.get(fenced.policies).status == 200
    for door in ("exec", "attach", "portforward"):
        assert fenced.alice.post(f"{fenced.core}/pods/web/{door}?command=sh", {}).status == 403


def test_a_stranger_sees_nothing(fenced: Fenced) -> None:
    charlie = fenced.raw.acting_as("charlie", "search")
    assert charlie.get(f"{fenced.core}/pods").status == 403
    assert charlie.get(fenced.policies).status == 403


@pytest.mark.parametrize("attempt", OPENINGS)
def test_a_member_of_the_team_cannot(fenced: Fenced, attempt: str) -> None:
    assert OPENINGS[attempt](fenced, fenced.alice).status == 403


@pytest.mark.parametrize("attempt", OPENINGS)
def test_even_a_cluster_admin_is_refused_by_admission_to(
    fenced: Fenced, prepared: Prepared, attempt: str
) -> None:
    reply = OPENINGS[attempt](fenced, prepared.cluster_admin)
    assert reply.status == 403
    assert "ValidatingAdmissionPolicy 'bulkhead-" in reply.message


@pytest.mark.parametrize("attempt", OPENINGS)
def test_break_glass_can(fenced: Fenced, prepared: Prepared, attempt: str) -> None:
    assert OPENINGS[attempt](fenced, prepared.break_glass).status in (200, 201)


def test_a_cluster_admin_is_free_in_every_other_namespace(prepared: Prepared) -> None:
    name = f"free-{uuid.uuid4().hex[:10]}"
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    admin, home = prepared.cluster_admin, f"/api/v1/namespaces/{name}"
    made = admin.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    opened = admin.post(
        f"{NETWORKING}/namespaces/{name}/networkpolicies",
        policy(name, "open", {"egress": [{}]}),
    )
    assert (made.status, opened.status) == (201, 201)
    admin.delete(home)


@pytest.mark.parametrize("label", ["bulkhead.dev/managed", "bulkhead.dev/team", "ns-id"])
def test_nobody_else_can_create_a_namespace_with_a_reserved_label(
    prepared: Prepared, label: str
) -> None:
    wanted = {"metadata": {"name": f"spoof-{uuid.uuid4().hex[:8]}", "labels": {label: "true"}}}
    reply = prepared.cluster_admin.post("/api/v1/namespaces", wanted)
    assert reply.status == 403
    assert "reserved for Bulkhead" in reply.message


def test_a_namespace_that_an_admin_deletes_finishes_deleting(
    fenced: Fenced, prepared: Prepared
) -> None:
    fenced.alice.post(f"{fenced.core}/pods", pod("web"))
    assert prepared.cluster_admin.delete(fenced.core).status == 200
    eventually(lambda: prepared.raw.get(fenced.core).status == 404, "the namespace is gone")
