"""Retirement, backwards: access goes first, then workloads, then the namespace by its uid.

Policies outlive pods (CVE-2024-7598): deny-all stands until no pod is left, and only then is the
namespace deleted. Each phase is safe to run any number of times.
"""

from onboarding.domain.objects import text
from onboarding.services.phases.observe import remaining
from onboarding.services.phases.work import AppliedChange, Outcome, PhaseResult, Work

# Controllers before their pods, or pods come back.
WORKLOADS = (
    "CronJob",
    "Job",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
)


def revoke(work: Work) -> PhaseResult:
    """Remove every RoleBinding, so that nobody starts anything while the rest goes."""
    bindings = sorted(key for key in work.live if key.kind == "RoleBinding")
    return PhaseResult(tuple(work.remove(key) for key in bindings))


def drain(work: Work) -> PhaseResult:
    """Delete workloads and pods; wait until no pod is left."""
    namespace = work.plan.namespace
    if work.namespace_key not in work.live:
        return PhaseResult()
    for kind in WORKLOADS:
        if work.cluster.list(kind, namespace):
            work.cluster.delete_collection(kind, namespace)
    pods = work.cluster.list("Pod", namespace)
    if not pods:
        return PhaseResult()
    if any(not text(pod, "metadata", "deletionTimestamp") for pod in pods):
        work.cluster.delete_collection("Pod", namespace)
        pods = work.cluster.list("Pod", namespace)
    return PhaseResult(waits=f"{len(pods)} pods are shutting down." if pods else "")


def delete(work: Work) -> PhaseResult:
    """Delete the namespace by its uid; wait until the API server no longer knows it."""
    live = work.live.get(work.namespace_key)
    if live is None:
        return PhaseResult()
    if not text(live, "metadata", "deletionTimestamp"):
        work.cluster.delete(work.namespace_key, uid=work.uid)
    found = work.cluster.get(work.namespace_key)
    if found is not None:
        return PhaseResult(waits=remaining(found))
    return PhaseResult((AppliedChange(work.namespace_key, Outcome.REMOVED),))
