"""How an API server stores what it is sent: defaults filled in, empty lists left out.

Seen on the real one; tests/cluster/test_gateway.py holds both to it.
"""

from onboarding.domain.objects import Manifest, branch, copied, items, text

_RBAC = "rbac.authorization.k8s.io"


def stored(manifest: Manifest) -> Manifest:
    """Return the manifest as a GET would show it, without the server's own metadata."""
    tree = copied(manifest)
    finish = _FINISHERS.get(text(tree, "kind"))
    if finish:
        finish(tree)
    return tree


def _namespace(tree: Manifest) -> None:
    metadata = branch(tree, "metadata")
    name = {"kubernetes.io/metadata.name": metadata["name"]}
    metadata["labels"] = {**branch(metadata, "labels"), **name}
    tree.setdefault("spec", {"finalizers": ["kubernetes"]})
    tree.setdefault("status", {"phase": "Active"})


def _network_policy(tree: Manifest) -> None:
    spec = branch(tree, "spec")
    for direction in ("ingress", "egress"):
        if not spec.get(direction):
            spec.pop(direction, None)
        for rule in items(spec, direction):
            for port in items(rule, "ports"):
                port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _role_binding(tree: Manifest) -> None:
    branch(tree, "roleRef").setdefault("apiGroup", _RBAC)
    for subject in items(tree, "subjects"):
        if subject.get("kind") in ("Group", "User"):
            subject.setdefault("apiGroup", _RBAC)


def _limit_range(tree: Manifest) -> None:
    for limit in items(tree, "spec", "limits"):
        if limit.get("type") != "Container":
            continue
        default = {**branch(limit, "max"), **branch(limit, "default")}
        request = {**branch(limit, "min"), **default, **branch(limit, "defaultRequest")}
        for name, value in (("default", default), ("defaultRequest", request)):
            if value:
                limit[name] = value


_FINISHERS = {
    "Namespace": _namespace,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _role_binding,
    "LimitRange": _limit_range,
}
