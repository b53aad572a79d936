"""What a stolen credential of the portal is worth on the real server: the line of a policy each.

The thief writes past the gateway. Every attempt names the policy that refuses it and its words; the
nearest thing that the portal itself does is accepted.
"""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any, cast

import pytest

from onboarding.domain.objects import Json, branch
from tests.cluster.conftest import Prepared, eventually, managed_namespace
from tests.support.manifests import RBAC_GROUP, binding, pod
from tests.support.raw_api import RawApi, Reply

NAMESPACES = "/api/v1/namespaces"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ENFORCE = "pod-security.kubernetes.io/enforce"
VERSION = f"{ENFORCE}-version"
TOKEN = f"{NAMESPACES}/bulkhead-system/serviceaccounts/bulkhead/token"
LEVEL = "keeps pod-security.kubernetes.io/enforce at baseline or restricted"
ONE_GROUP = "may bind one group only, and none of Kubernetes' or the portal's own"
ROLES = "bulkhead:viewer only, as team-developer, team-shell and team-viewer"


def refused_by(policy: str, words: str, reply: Reply) -> bool:
    """Tell whether this very line of this policy said no."""
    by = f"ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: "
    return reply.status in (403, 422) and f"{by}{words}" in reply.message.replace("the portal ", "")


def new_namespace(thief: RawApi, **labels: str | None) -> Reply:
    wanted = managed_namespace(f"test-{uuid.uuid4().hex[:10]}")
    told = {**branch(wanted, "metadata", "labels"), **labels}
    there = {name: value for name, value in told.items() if value is not None}
    branch(wanted, "metadata")["labels"] = cast("Json", there)
    return thief.post(f"{NAMESPACES}?dryRun=All", wanted)


def relabel(thief: RawApi, namespace: str, **labels: str | None) -> Reply:
    return thief.merge(f"{NAMESPACES}/{namespace}", {"metadata": {"labels": labels}})


def bind(thief: RawApi, namespace: str, wanted: dict[str, Any]) -> Reply:
    return thief.post(f"{RBAC}/namespaces/{namespace}/rolebindings?dryRun=All", wanted)


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_a_namespace_may_be_made_with_a_level_that_confines(prepared: Prepared, level: str) -> None:
    assert new_namespace(prepared.as_portal, **{ENFORCE: level}).status == 201


@pytest.mark.parametrize("level", ["privileged", None])
def test_no_namespace_is_made_that_lets_pods_onto_the_node(
    prepared: Prepared, level: str | None
) -> None:
    reply = new_namespace(prepared.as_portal, **{ENFORCE: level})
    assert refused_by("bulkhead-confined", LEVEL, reply)


@pytest.mark.parametrize("level", ["privileged", None, "baseline"])
def test_no_namespace_is_loosened(
    prepared: Prepared, team_namespace: str, level: str | None
) -> None:
    assert relabel(prepared.as_portal, team_namespace, **{ENFORCE: "restricted"}).status == 200
    reply = relabel(prepared.as_portal, team_namespace, **{ENFORCE: level})
    assert refused_by("bulkhead-confined", LEVEL, reply)


def test_what_break_glass_loosened_is_tightened_again(
    prepared: Prepared, team_namespace: str
) -> None:
    loose = {ENFORCE: "privileged", VERSION: "v1.20"}
    assert relabel(prepared.break_glass, team_namespace, **loose).status == 200
    assert relabel(prepared.as_portal, team_namespace, project="web").status == 200
    assert relabel(prepared.as_portal, team_namespace, **{ENFORCE: "baseline"}).status == 200
    assert relabel(prepared.as_portal, team_namespace, **{VERSION: None}).status == 200


def test_no_old_version_of_a_level_is_enforced(prepared: Prepared, team_namespace: str) -> None:
    words = "enforces the latest version of a Pod Security level only"
    made = new_namespace(prepared.as_portal, **{VERSION: "v1.0"})
    changed = relabel(prepared.as_portal, team_namespace, **{VERSION: "v1.0"})
    assert refused_by("bulkhead-confined", words, made)
    assert refused_by("bulkhead-confined", words, changed)
    assert new_namespace(prepared.as_portal, **{VERSION: "latest"}).status == 201


def test_no_namespace_takes_another_ones_name_as_its_label(
    prepared: Prepared, team_namespace: str
) -> None:
    words = "gives a namespace its own name as ns-id only"
    made = new_namespace(prepared.as_portal, **{"ns-id": "search-prod"})
    changed = relabel(prepared.as_portal, team_namespace, **{"ns-id": "search-prod"})
    assert refused_by("bulkhead-confined", words, made)
    assert refused_by("bulkhead-confined", words, changed)


ROLE_OF = {
    "team-developer": "bulkhead:developer",
    "team-shell": "bulkhead:shell",
    "team-viewer": "bulkhead:viewer",
}


@pytest.mark.parametrize("named", ROLE_OF)
@pytest.mark.parametrize("role", [*ROLE_OF.values(), "bulkhead:provisioner"])
def test_each_role_is_bound_under_its_own_name_only(
    prepared: Prepared, team_namespace: str, named: str, role: str
) -> None:
    wanted = binding(team_namespace, named, role=role, group="oidc:team-payments")
    reply = bind(prepared.as_portal, team_namespace, wanted)
    if ROLE_OF[named] == role:
        assert reply.status == 201
    else:
        assert refused_by("bulkhead-confined", "may bind bulkhead:developer", reply)


def test_a_second_binding_of_a_role_needs_another_name_and_is_refused(
    prepared: Prepared, team_namespace: str
) -> None:
    wanted = binding(team_namespace, "team-developer-2", role="bulkhead:developer", group="search")
    reply = bind(prepared.as_portal, team_namespace, wanted)
    assert refused_by("bulkhead-confined", "may bind bulkhead:developer", reply)


@pytest.mark.parametrize(
    "group",
    [
        "system:masters",
        "system:authenticated",
        "SYSTEM:masters",
        " system:authenticated",
        "\tsystem:masters",
        "system",
        "ｓystem:masters",
        "bulkhead:break-glass",
        "Bulkhead:network-platform",
        "cluster-admins",
        "kubeadm:cluster-admins",
        "oidc:cluster-admins",
        "team payments",
    ],
)
def test_no_group_of_kubernetes_or_of_the_portal_is_bound(
    prepared: Prepared, team_namespace: str, group: str
) -> None:
    wanted = binding(team_namespace, "team-viewer", role="bulkhead:viewer", group=group)
    assert refused_by(
        "bulkhead-confined", ONE_GROUP, bind(prepared.as_portal, team_namespace, wanted)
    )


GROUP = {"apiGroup": RBAC_GROUP, "kind": "Group", "name": "team-payments"}
SUBJECTS: dict[str, list[dict[str, str]]] = {
    "nobody": [],
    "two groups": [GROUP, {**GROUP, "name": "team-search"}],
    "a person": [{**GROUP, "kind": "User", "name": "alice"}],
    "a service account": [{"kind": "ServiceAccount", "name": "bulkhead", "namespace": "default"}],
}


@pytest.mark.parametrize("subjects", SUBJECTS)
def test_exactly_one_group_is_bound(prepared: Prepared, team_namespace: str, subjects: str) -> None:
    wanted = binding(team_namespace, "team-viewer", role="bulkhead:viewer", group="")
    reply = bind(prepared.as_portal, team_namespace, {**wanted, "subjects": SUBJECTS[subjects]})
    assert refused_by("bulkhead-confined", ONE_GROUP, reply)


def test_a_bound_group_is_not_exchanged_for_one_of_kubernetes(
    prepared: Prepared, team_namespace: str
) -> None:
    bindings = f"{RBAC}/namespaces/{team_namespace}/rolebindings"
    wanted = binding(team_namespace, "team-viewer", role="bulkhead:viewer", group="payments")
    assert prepared.as_portal.post(bindings, wanted).status == 201
    other = {"subjects": [{**GROUP, "name": "system:masters"}]}
    reply = prepared.as_portal.merge(f"{bindings}/team-viewer", other)
    assert refused_by("bulkhead-confined", ONE_GROUP, reply)


@pytest.mark.parametrize("who", ["as_portal", "cluster_admin", "break_glass"])
def test_no_token_of_the_portals_account_lives_longer_than_a_day(
    prepared: Prepared, who: str
) -> None:
    anybody: RawApi = getattr(prepared, who)
    day = anybody.post(f"{TOKEN}?dryRun=All", {"spec": {"expirationSeconds": 86400}})
    longer = anybody.post(f"{TOKEN}?dryRun=All", {"spec": {"expirationSeconds": 86401}})
    decade = anybody.post(TOKEN, {"spec": {"expirationSeconds": 315360000}})
    assert day.status == 201
    words = "a token of the portal's account lives for a day at most"
    assert refused_by("bulkhead-credentials", words, longer)
    assert refused_by("bulkhead-credentials", words, decade)


def lives_for(token: str) -> int:
    """Return for how many seconds a token is valid, as it says itself."""
    middle = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return int(claims["exp"] - claims["iat"])


@pytest.fixture
def own_pod(prepared: Prepared) -> Iterator[dict[str, Any]]:
    """A pod beside the portal's account, which runs as it."""
    pods, name = f"{NAMESPACES}/bulkhead-system/pods", f"test-{uuid.uuid4().hex[:8]}"
    wanted: dict[str, Any] = pod(name)
    wanted["spec"]["serviceAccountName"] = "bulkhead"
    assert prepared.break_glass.post(pods, wanted).status == 201
    yield {"apiVersion": "v1", "kind": "Pod", "name": name}
    prepared.break_glass.delete(f"{pods}/{name}")


@pytest.mark.parametrize("who", ["as_portal", "cluster_admin", "break_glass"])
def test_no_token_of_the_portals_account_is_made_for_a_pod_and_lives_a_year(
    prepared: Prepared, own_pod: dict[str, Any], who: str
) -> None:
    anybody: RawApi = getattr(prepared, who)
    reply = anybody.post(TOKEN, {"spec": {"expirationSeconds": 3607, "boundObjectRef": own_pod}})
    said = f"lives for {lives_for(reply.body['status']['token'])} s" if reply.status == 201 else ""
    words = "a token of the portal's account is bound to no pod"
    assert refused_by("bulkhead-credentials", words, reply), said
    free = anybody.post(TOKEN, {"spec": {"expirationSeconds": 3607}})
    assert free.status == 201, free.message
    assert lives_for(free.body["status"]["token"]) == 3607


def test_other_accounts_keep_their_tokens(prepared: Prepared) -> None:
    other = f"{NAMESPACES}/default/serviceaccounts/default/token?dryRun=All"
    year = {"spec": {"expirationSeconds": 31536000}}
    assert prepared.cluster_admin.post(other, year).status == 201


def test_no_secret_holds_a_token_of_the_portal_without_an_end(prepared: Prepared) -> None:
    note = {"kubernetes.io/service-account.name": "bulkhead"}
    wanted = {
        "metadata": {"name": "forever", "annotations": note},
        "type": "kubernetes.io/service-account-token",
    }
    secrets = f"{NAMESPACES}/bulkhead-system/secrets?dryRun=All"
    reply = prepared.break_glass.post(secrets, wanted)
    words = "no token without an end is made in bulkhead-system"
    assert refused_by("bulkhead-credentials", words, reply)
    ordinary = {"metadata": {"name": "ordinary"}, "stringData": {"a": "b"}}
    assert prepared.cluster_admin.post(secrets, ordinary).status == 201


@pytest.fixture
def every_right(prepared: Prepared) -> Iterator[None]:
    """Somebody binds the portal's account to cluster-admin; admission is all that is left."""
    admin, name = prepared.cluster_admin, f"test-{uuid.uuid4().hex[:8]}"
    account = {"kind": "ServiceAccount", "name": "bulkhead", "namespace": "bulkhead-system"}
    role = {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "cluster-admin"}
    bound = {"metadata": {"name": name}, "roleRef": role, "subjects": [account]}
    assert admin.post(f"{RBAC}/clusterrolebindings", bound).status == 201
    secrets = "/api/v1/secrets?limit=1"
    eventually(lambda: prepared.as_portal.get(secrets).status == 200, "it may do everything")
    yield
    admin.delete(f"{RBAC}/clusterrolebindings/{name}")
    eventually(lambda: prepared.as_portal.get(secrets).status == 403, "it may not any more")


@pytest.mark.usefixtures("every_right")
def test_rights_somebody_adds_to_its_account_cannot_be_used(
    prepared: Prepared, team_namespace: str
) -> None:
    thief, home = prepared.as_portal, f"{NAMESPACES}/{team_namespace}"
    role = {"metadata": {"name": "r"}, "rules": []}
    secret = {"metadata": {"name": "s"}}
    reload = {"spec": {"failurePolicy": "Ignore"}}
    guards = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    attempts = {
        "create pods": thief.post(f"{home}/pods", pod("mine")),
        "create secrets": thief.post(f"{home}/secrets", secret),
        "create rbac.authorization.k8s.io/roles": thief.post(
            f"{RBAC}/namespaces/{team_namespace}/roles", role
        ),
        "create rbac.authorization.k8s.io/clusterroles": thief.post(f"{RBAC}/clusterroles", role),
        "update namespaces/status": thief.merge(f"{home}/status", {"metadata": {"labels": {}}}),
        "create serviceaccounts/token": thief.post(
            f"{NAMESPACES}/kube-system/serviceaccounts/namespace-controller/token", {"spec": {}}
        ),
        "connect pods/exec": thief.post(f"{home}/pods/absent/exec?command=sh", {}),
    }
    for said, reply in attempts.items():
        assert refused_by("bulkhead-confined", f"may not {said}", reply), (said, reply.message)
    # Policies are never admitted by policies: only RBAC keeps the portal from its own guards.
    assert thief.merge(f"{guards}/bulkhead-confined?dryRun=All", reload).status == 200
