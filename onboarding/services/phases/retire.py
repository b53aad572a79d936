"""Retirement, backwards: access goes and the door closes, then workloads, then the namespace.

Policies outlive pods (CVE-2024-7598): nothing here removes deny-all, which stands until Kubernetes
removes it with the namespace. The quota lets nothing new start, so an operator elsewhere that makes
its pods again finds the door closed. Pods that do not end within DRAIN_SECONDS are named and left
to the deletion of the namespace. Each phase is safe to run any number of times.
"""

from collections.abc import Iterable, Mapping

from django.conf import settings

from onboarding.cluster.errors import Refused, WriteConflict
from onboarding.domain.holds import Hold, HoldKind, holds_of, remaining
from onboarding.domain.objects import Json, Key, Manifest, branch, items, text
from onboarding.domain.ownership import MANAGED_BY, PORTAL, is_ours
from onboarding.plan.compare import Difference
from onboarding.plan.model import stamped
from onboarding.services.phases.work import (
    AppliedChange,
    ChangedMeanwhile,
    NotAsPlanned,
    Outcome,
    PhaseResult,
    Work,
)

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
# What a closed door lets nobody make: whatever runs, claims storage or can be reached.
CLOSED: Mapping[str, Json] = {
    "pods": "0",
    "services": "0",
    "persistentvolumeclaims": "0",
    "replicationcontrollers": "0",
    "count/cronjobs.batch": "0",
    "count/jobs.batch": "0",
    "count/deployments.apps": "0",
    "count/statefulsets.apps": "0",
    "count/daemonsets.apps": "0",
    "count/replicasets.apps": "0",
}
QUOTA = "quota"  # its name in the catalogue, if there is none to close
CLOSE_ATTEMPTS = 5
NAMED_PODS = 5


def revoke(work: Work) -> PhaseResult:
    """Remove every RoleBinding, then close the door, so that nothing starts while the rest goes.

    Both are read back: that a list was empty, or a deletion went well, is only an answer.
    """
    bindings = sorted(key for key in work.live if key.kind == "RoleBinding")
    removed = [work.remove(key) for key in bindings]
    closed = _close(work)
    work.refresh("RoleBinding", "ResourceQuota")
    left = sorted(str(key) for key in work.live if key.kind == "RoleBinding")
    if left:
        raise ChangedMeanwhile(f"{left[0]} was to be removed and is there.")
    if not _is_shut(work):
        raise ChangedMeanwhile(f"{work.plan.namespace} was to be closed and is not.")
    return PhaseResult((*removed, *closed))


def drain(work: Work) -> PhaseResult:
    """Delete workloads and pods; wait until no pod is left, or for DRAIN_SECONDS at most."""
    namespace = work.plan.namespace
    if work.namespace_key not in work.live or _is_going(work):
        return PhaseResult()
    for kind in WORKLOADS:
        if work.cluster.list(kind, namespace):
            work.cluster.delete_collection(kind, namespace)
    pods = work.cluster.list("Pod", namespace)
    if any(not text(pod, "metadata", "deletionTimestamp") for pod in pods):
        work.cluster.delete_collection("Pod", namespace)
        pods = work.cluster.list("Pod", namespace)
    pods = pods or work.cluster.list("Pod", namespace)  # nothing is believed to be over at once
    if not pods:
        return PhaseResult()
    if work.waited.total_seconds() >= settings.DRAIN_SECONDS:
        return PhaseResult(note=_left_behind(pods))
    names = tuple(text(pod, "metadata", "name") for pod in pods[:NAMED_PODS])
    return PhaseResult(waits=_shutting_down(pods), holds=(Hold(HoldKind.PODS, names),))


def delete(work: Work) -> PhaseResult:
    """Delete the namespace by its uid; wait until the API server no longer knows it."""
    if work.namespace_key not in work.live:
        return PhaseResult()
    if not _is_going(work):
        work.cluster.delete(work.namespace_key, uid=work.uid)
    found = work.cluster.get(work.namespace_key)
    if found is not None:
        return PhaseResult(waits=remaining(found), holds=holds_of(found))
    return PhaseResult((AppliedChange(work.namespace_key, Outcome.REMOVED),))


def _is_going(work: Work) -> bool:
    """Tell whether the namespace is Terminating: then the API server itself admits nothing new."""
    return bool(text(work.live[work.namespace_key], "metadata", "deletionTimestamp"))


def _close(work: Work) -> tuple[AppliedChange, ...]:
    """Let the portal's quota admit nothing. Its numbers change all the time, so look again."""
    if work.namespace_key not in work.live or _is_going(work):
        return ()
    for _ in range(CLOSE_ATTEMPTS):
        try:
            return _closed_quotas(work)
        except WriteConflict:
            work.refresh("ResourceQuota")
        except Refused:
            found = work.cluster.get(work.namespace_key)
            if found and not text(found, "metadata", "deletionTimestamp"):
                raise
            # Somebody deleted the namespace meanwhile: nothing new gets in either.
            work.live.update({work.namespace_key: found} if found else {})
            if not found:
                del work.live[work.namespace_key]
            return ()
    raise ChangedMeanwhile("The quota was changed again and again while it was being closed.")


def _closed_quotas(work: Work) -> tuple[AppliedChange, ...]:
    own = [one for key, one in work.live.items() if key.kind == "ResourceQuota" and is_ours(one)]
    if not own:
        return (_close_one(work, Key("ResourceQuota", work.plan.namespace, QUOTA), None),)
    return tuple(
        _close_one(work, Key("ResourceQuota", work.plan.namespace, _name(quota)), quota)
        for quota in own
        if not _is_closed(quota)
    )


def _close_one(work: Work, key: Key, seen: Manifest | None) -> AppliedChange:
    """Set the countable kinds to zero and leave the other bounds as they are."""
    hard = {**branch(seen or {}, "spec", "hard"), **CLOSED}
    wanted: Manifest = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {MANAGED_BY: PORTAL},
        },
        "spec": {"hard": hard},
    }
    stored = work.cluster.apply(stamped(wanted, work.stamps), seen=seen)
    if not _is_closed(stored):
        raise NotAsPlanned(key, [Difference(("spec", "hard"), hard, None)])
    work.live[key] = stored
    return AppliedChange(key, Outcome.CONFIGURED if seen else Outcome.CREATED)


def _is_shut(work: Work) -> bool:
    """Tell whether nothing new gets in: a quota of ours says so, or Kubernetes itself."""
    if work.namespace_key not in work.live or _is_going(work):
        return True
    return any(key.kind == "ResourceQuota" and _is_closed(one) for key, one in work.live.items())


def _is_closed(quota: Manifest) -> bool:
    hard = branch(quota, "spec", "hard")
    return all(hard.get(resource) == amount for resource, amount in CLOSED.items())


def _shutting_down(pods: Iterable[Manifest]) -> str:
    told = [_told(pod) for pod in pods]
    count = "1 pod is" if len(told) == 1 else f"{len(told)} pods are"
    return f"{count} shutting down: {_first(told)}."


def _left_behind(pods: Iterable[Manifest]) -> str:
    told = [_told(pod) for pod in pods]
    count = "1 pod" if len(told) == 1 else f"{len(told)} pods"
    return (
        f"{count} did not end within {settings.DRAIN_SECONDS} s and went on to the deletion of the "
        f"namespace, with deny-all standing: {_first(told)}."
    )


def _first(told: list[str]) -> str:
    more = len(told) - NAMED_PODS
    return ", ".join(told[:NAMED_PODS]) + (f" and {more} more" if more > 0 else "")


def _told(pod: Manifest) -> str:
    """Return a pod's name with who made it and which finalizers hold it."""
    references = items(pod, "metadata", "ownerReferences")
    owners = [f"{text(one, 'kind') or 'something'} {text(one, 'name')}" for one in references]
    finalizers = branch(pod, "metadata").get("finalizers")
    held = [f"finalizer {name}" for name in finalizers] if isinstance(finalizers, list) else []
    made = [f"made by {' and '.join(owners)}"] if owners else []
    notes = ", ".join([*made, *held])
    return f"{_name(pod)} ({notes})" if notes else _name(pod)


def _name(manifest: Manifest) -> str:
    return text(manifest, "metadata", "name")
