"""One harmless manifest for each policy of admission-teams.yaml, which that policy alone refuses.

All but bulkhead-team-removals, which judges what exists, and bulkhead-team-finalizers, which lets
service accounts of other namespaces through: whoever prepares a cluster may be one. Created as a
dry run in a managed namespace, by somebody who may create pods: so by whoever prepares a cluster,
never by the portal. A probe that is let through means that its policy is not in force.
"""

from collections.abc import Callable, Mapping

from onboarding.domain.objects import Json, Manifest

_NAME = "bulkhead-admission-probe"


def _pod(namespace: str) -> Manifest:
    everything: Json = [{"operator": "Exists"}]
    container: Manifest = {
        "name": "probe",
        "image": "registry.invalid/probe",
        "resources": {},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        **_manifest("Pod", namespace),
        "spec": {
            "containers": [container],
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": everything,
        },
    }


def _catching(namespace: str) -> Manifest:
    # 192.0.2.0/24 is nobody's (RFC 5737).
    return _service(namespace, {"externalIPs": ["192.0.2.1"]})


def _service(namespace: str, spec: Manifest) -> Manifest:
    return {**_manifest("Service", namespace), "spec": {"ports": [{"port": 443}], **spec}}


def _manifest(kind: str, namespace: str) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": _metadata(namespace)}


def _metadata(namespace: str) -> Manifest:
    return {"name": _NAME, "namespace": namespace}


TEAM_PROBES: Mapping[str, Callable[[str], Manifest]] = {
    "bulkhead-team-pods": _pod,
    "bulkhead-team-objects": _catching,
}
