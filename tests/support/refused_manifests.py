"""What a team may not have in a managed namespace: each manifest, and which policy refuses it how.

The table is run on a real API server by tests/cluster/test_teams_cannot_hurt.py.
"""

from dataclasses import dataclass

from onboarding.domain.objects import Json, Manifest
from tests.support.manifests import pod

PODS, FINALIZERS = "bulkhead-team-pods", "bulkhead-team-finalizers"
OBJECTS = "bulkhead-team-objects"
APPS, BATCH, CORE = "apis/apps/v1", "apis/batch/v1", "api/v1"

MULTUS = "k8s.v1.cni.cncf.io/networks"


@dataclass(frozen=True)
class Attempt:
    """`words` begins the refusal; `at` is the collection below the namespace, `home` its API."""

    manifest: Manifest
    policy: str
    words: str
    at: str = "pods"
    home: str = CORE


def pod_with(spec: Manifest, **metadata: Json) -> Manifest:
    """Return a pod, or the template of one, with these fields beside the usual ones."""
    usual = pod("wanted")
    return {
        **usual,
        "metadata": {"name": "wanted", "labels": {"app": "wanted"}, **metadata},
        "spec": {**usual["spec"], **spec},  # type: ignore[dict-item]
    }


BAD_PODS: dict[str, tuple[Manifest, str]] = {
    "a class of the cluster's own pods": (
        pod_with({"priorityClassName": "system-cluster-critical"}), "priorityClassName:"),
    "the class of pods that every node needs": (
        pod_with({"priorityClassName": "system-node-critical"}), "priorityClassName:"),
    "a node by name": (pod_with({"nodeName": "control-plane-1"}), "nodeName:"),
    "a toleration of everything": (
        pod_with({"tolerations": [{"operator": "Exists"}]}), "tolerations:"),
    "a toleration of every taint of one effect": (
        pod_with({"tolerations": [{"operator": "Exists", "effect": "NoSchedule"}]}),
        "tolerations:"),
    "a toleration of the control plane's taint": (
        pod_with({"tolerations": [
            {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]}),
        "tolerations:"),
    "a toleration of it beside a harmless one": (
        pod_with({"tolerations": [
            {"key": "gpu", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/master", "operator": "Exists"}]}),
        "tolerations:"),
    "a further network": (
        pod_with({}, annotations={MULTUS: "default/macvlan"}), "annotations:"),
    "another default network": (
        pod_with({}, annotations={"v1.multus-cni.io/default-network": "default/macvlan"}),
        "annotations:"),
    "an address of its own choice": (
        pod_with({}, annotations={"cni.projectcalico.org/ipAddrsNoIpam": '["10.0.0.5"]'}),
        "annotations:"),
    "to be the way out of other namespaces": (
        pod_with({}, annotations={"k8s.ovn.org/routing-namespaces": "search-prod"}),
        "annotations:"),
    "the network that it would be the way out to": (
        pod_with({}, annotations={"k8s.ovn.org/routing-network": "macvlan"}), "annotations:"),
    "years to shut down": (
        pod_with({"terminationGracePeriodSeconds": 999999999}), "terminationGracePeriodSeconds:"),
    "a second too long to shut down": (
        pod_with({"terminationGracePeriodSeconds": 3601}), "terminationGracePeriodSeconds:"),
}  # fmt: skip


def _selecting(template: Manifest) -> Manifest:
    bare = {field: template[field] for field in ("metadata", "spec")}
    return {"selector": {"matchLabels": {"app": "wanted"}}, "template": bare}


def _never_restarted(template: Manifest) -> Manifest:
    spec = {**template["spec"], "restartPolicy": "Never"}  # type: ignore[dict-item]
    return {"template": {"metadata": template["metadata"], "spec": spec}}


def _named(spec: Manifest) -> Manifest:
    return {"metadata": {"name": "wanted"}, "spec": spec}


def workloads(template: Manifest) -> dict[tuple[str, str], Manifest]:
    """Return a workload of every kind that makes pods of this template, by (API, collection)."""
    job = _never_restarted(template)
    plain = {**_selecting(template), "selector": {"app": "wanted"}}
    return {
        (APPS, "deployments"): _named(_selecting(template)),
        (APPS, "statefulsets"): _named({**_selecting(template), "serviceName": "wanted"}),
        (APPS, "daemonsets"): _named(_selecting(template)),
        (APPS, "replicasets"): _named(_selecting(template)),
        (CORE, "replicationcontrollers"): _named(plain),
        (BATCH, "jobs"): _named(job),
        (BATCH, "cronjobs"): _named({"schedule": "0 1 * * *", "jobTemplate": {"spec": job}}),
    }


def _held(manifest: Manifest) -> Manifest:
    metadata = {**manifest["metadata"], "finalizers": ["example.com/hold"]}  # type: ignore[dict-item]
    return {**manifest, "metadata": metadata}


SERVICE: Manifest = _named({"ports": [{"port": 443}]})
CLAIM: Manifest = _named(
    {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
)
SCALER: Manifest = _named(
    {
        "maxReplicas": 2,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"},
    }
)
# Everything a team may write, so everything it could hold its namespace with.
WRITABLE: dict[tuple[str, str], Manifest] = {
    (CORE, "pods"): pod_with({}),
    (CORE, "services"): SERVICE,
    (CORE, "configmaps"): {"metadata": {"name": "wanted"}},
    (CORE, "secrets"): {"metadata": {"name": "wanted"}},
    (CORE, "persistentvolumeclaims"): CLAIM,
    ("apis/autoscaling/v2", "horizontalpodautoscalers"): SCALER,
    ("apis/policy/v1", "poddisruptionbudgets"): _named({"maxUnavailable": 1}),
    **workloads(pod_with({})),
}

REFUSED: dict[str, Attempt] = {
    **{what: Attempt(bad, PODS, words) for what, (bad, words) in BAD_PODS.items()},
    **{
        f"{what}, in {at}": Attempt(workload, PODS, words, at, home)
        for what, (bad, words) in BAD_PODS.items()
        for (home, at), workload in workloads(bad).items()
    },
    **{
        f"a finalizer in the template of {at}": Attempt(workload, PODS, "finalizers:", at, home)
        for (home, at), workload in workloads(_held(pod_with({}))).items()
    },
    **{
        f"a finalizer on {at}": Attempt(_held(manifest), FINALIZERS, "finalizers:", at, home)
        for (home, at), manifest in WRITABLE.items()
    },
    "an address of everybody's": Attempt(
        _named({"ports": [{"port": 443}], "externalIPs": ["10.96.0.1", "8.8.8.8"]}),
        OBJECTS, "externalIPs:", "services",
    ),
    "a token that never ends": Attempt(
        {
            "metadata": {
                "name": "wanted",
                "annotations": {"kubernetes.io/service-account.name": "default"},
            },
            "type": "kubernetes.io/service-account-token",
        },
        OBJECTS, "type:", "secrets",
    ),
}  # fmt: skip
