"""What the portal itself cannot do on the real server, whatever it is told or whoever holds it."""

from collections.abc import Callable

import pytest

from onboarding.cluster.errors import AccessDenied, ClusterError, Refused
from onboarding.cluster.gateway import Gateway
from onboarding.domain.objects import Json, Key, Manifest, branch
from tests.cluster.conftest import Prepared
from tests.support.manifests import RBAC_GROUP, binding, pod, policy


def _namespace(name: str, **metadata: Json) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


def _own_namespace(**metadata: Json) -> Manifest:
    return _namespace("bulkhead-system", **metadata)


Attempt = tuple[type[ClusterError], Callable[[Gateway, str], object]]
ATTEMPTS: dict[str, Attempt] = {
    "create a namespace that is not labelled as managed": (
        Refused,
        lambda portal, _: portal.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "unlabelled"}}
        ),
    ),
    "adopt a namespace by labelling it": (
        Refused,
        lambda portal, _: portal.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "default", "labels": {"bulkhead.dev/managed": "true"}},
            }
        ),
    ),
    "delete a namespace it does not manage": (
        Refused,
        lambda portal, _: portal.delete(Key("Namespace", "", "kube-public")),
    ),
    "write a policy into a namespace it does not manage": (
        Refused,
        lambda portal, _: portal.apply(policy("default", "open", {"egress": [{}]})),
    ),
    "label its own namespace": (
        Refused,
        lambda portal, _: portal.apply(_own_namespace(labels={"team": "x"})),
    ),
    "lower the Pod Security level of its own namespace": (
        Refused,
        lambda portal, _: portal.apply(
            _own_namespace(labels={"pod-security.kubernetes.io/enforce": "privileged"})
        ),
    ),
    "annotate its own namespace with anything but its epoch": (
        Refused,
        lambda portal, _: portal.apply(_own_namespace(annotations={"bulkhead.dev/team": "x"})),
    ),
    "hold its own namespace by a finalizer": (
        Refused,
        lambda portal, _: portal.apply(_own_namespace(finalizers=["example.org/x"])),
    ),
    "write its epoch on another namespace": (
        Refused,
        lambda portal, _: portal.apply(
            _namespace("default", annotations={"bulkhead.dev/epoch.x": "{}"})
        ),
    ),
    "delete its own namespace": (
        Refused,
        lambda portal, _: portal.delete(Key("Namespace", "", "bulkhead-system")),
    ),
    "bind edit": (
        AccessDenied,
        lambda portal, at: portal.apply(binding(at, "e", role="edit", group="payments")),
    ),
    "bind cluster-admin": (
        AccessDenied,
        lambda portal, at: portal.apply(binding(at, "c", role="cluster-admin", group="payments")),
    ),
    "bind every signed-in user": (
        Refused,
        lambda portal, at: portal.apply(
            binding(at, "s", role="bulkhead:viewer", group="system:authenticated")
        ),
    ),
    "bind a system group in another spelling": (
        Refused,
        lambda portal, at: portal.apply(
            binding(at, "s", role="bulkhead:viewer", group="SYSTEM:masters")
        ),
    ),
    "bind a person": (
        Refused,
        lambda portal, at: portal.apply(
            {
                **binding(at, "p", role="bulkhead:viewer", group=""),
                "subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": "alice"}],
            }
        ),
    ),
    "create a pod": (
        AccessDenied,
        lambda portal, at: portal.create(
            {**pod("mine"), "metadata": {"name": "mine", "namespace": at}}
        ),
    ),
    "write a cluster role": (
        AccessDenied,
        lambda portal, _: portal.apply(
            {
                "apiVersion": f"{RBAC_GROUP}/v1",
                "kind": "ClusterRole",
                "metadata": {"name": "bulkhead:developer-core"},
                "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
            }
        ),
    ),
    "bind its own role to somebody everywhere": (
        AccessDenied,
        lambda portal, _: portal.apply(
            {
                **binding("", "bulkhead:more", role="bulkhead:provisioner", group="payments"),
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "bulkhead:more"},
            }
        ),
    ),
    "switch off its own confinement": (
        AccessDenied,
        lambda portal, _: portal.delete(
            Key("ValidatingAdmissionPolicyBinding", "", "bulkhead-confined")
        ),
    ),
    "read service accounts": (
        AccessDenied,
        lambda portal, at: portal.list("ServiceAccount", at),
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_portal_cannot(prepared: Prepared, team_namespace: str, attempt: str) -> None:
    kind, act = ATTEMPTS[attempt]
    with pytest.raises(kind):
        act(prepared.portal, team_namespace)


ONLY = "the portal may bind bulkhead:developer, bulkhead:shell and bulkhead:viewer only, as team"


def test_admission_refuses_a_cluster_role_whose_rights_the_portal_holds_itself(
    prepared: Prepared, team_namespace: str
) -> None:
    own = binding(team_namespace, "own", role="bulkhead:provisioner", group="payments")
    with pytest.raises(AccessDenied, match=ONLY):
        prepared.portal.apply(own)


def test_admission_refuses_a_role_of_the_namespace_whatever_it_is_called(
    prepared: Prepared, team_namespace: str
) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    roles = f"/apis/{RBAC_GROUP}/v1/namespaces/{team_namespace}/roles"
    made = prepared.break_glass.post(
        roles, {"metadata": {"name": "bulkhead:developer"}, "rules": rules}
    )
    assert made.status == 201
    ref = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": "bulkhead:developer"}
    wanted = {**binding(team_namespace, "r", role="", group="payments"), "roleRef": ref}
    with pytest.raises(Refused, match=ONLY):
        prepared.portal.apply(wanted)


def test_the_portal_keeps_its_epoch_on_its_own_namespace(prepared: Prepared) -> None:
    home, name = Key("Namespace", "", "bulkhead-system"), "bulkhead.dev/epoch.confined"
    for value in ("one", "two"):
        seen = prepared.portal.named_namespaces(home.name)[home.name]
        prepared.portal.annotate(home, name, value, seen=seen)
    [found] = prepared.portal.named_namespaces(home.name).values()
    assert branch(found, "metadata", "annotations")[name] == "two"


def test_the_portal_cannot_give_a_namespace_up_by_taking_its_label_away(
    prepared: Prepared, team_namespace: str
) -> None:
    bare: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team_namespace}}
    labelled = {
        **bare,
        "metadata": {"name": team_namespace, "labels": {"bulkhead.dev/managed": ""}},
    }
    with pytest.raises(Refused, match="give up a namespace"):
        prepared.portal.apply(labelled)


def test_the_portal_is_never_a_superuser(prepared: Prepared) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    reply = prepared.as_portal.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    user = reply.body["status"]["userInfo"]
    assert user["username"] == "system:serviceaccount:bulkhead-system:bulkhead"
    assert "system:masters" not in user["groups"]


def test_a_stolen_credential_reads_no_secrets_and_becomes_nobody_else(prepared: Prepared) -> None:
    thief = prepared.as_portal
    assert thief.get("/api/v1/namespaces/kube-system/secrets").status == 403
    other = "/api/v1/namespaces/default/serviceaccounts/default/token"
    assert thief.post(other, {"spec": {}}).status == 403
    assert thief.acting_as("root", "system:masters").get("/api/v1/nodes").status == 403
