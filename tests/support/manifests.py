"""The few objects that access tests write, small on purpose."""

from onboarding.domain.objects import Manifest

# What the level restricted demands of a container.
STRICT: Manifest = {
    "securityContext": {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
}
RBAC_GROUP = "rbac.authorization.k8s.io"


def policy(namespace: str, name: str, rules: Manifest) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [],
            **rules,
        },
    }


def quota(namespace: str, *, pods: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "bounds", "namespace": namespace},
        "spec": {"hard": {"pods": pods}},
    }


def binding(namespace: str, name: str, *, role: str, group: str) -> Manifest:
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC_GROUP, "kind": "Group", "name": group}],
    }


def pod(name: str) -> Manifest:
    """A pod that any Pod Security level lets in."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{**STRICT, "name": "web", "image": "registry.example/web"}]},
    }


def rooted_pod(name: str) -> Manifest:
    """A pod that says nothing about its rights, so that it may run as root."""
    plain: Manifest = {"name": "web", "image": "registry.example/web"}
    return {**pod(name), "spec": {"containers": [plain]}}
