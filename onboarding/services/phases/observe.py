"""Observe: read what the cluster holds of a namespace. Writes nothing."""

from onboarding.domain.lifecycle import BlockedReason
from onboarding.domain.objects import Manifest, branch, items, text
from onboarding.services.phases.work import MANAGED_KINDS, Blocked, Work


class UidChanged(Blocked):
    """The namespace that exists is not the one the portal created."""

    reason = BlockedReason.UID_CHANGED


class Terminating(Exception):
    """The namespace is being deleted; Kubernetes has to finish before anything can be done."""


def observe(work: Work) -> bool:
    """Read the namespace and everything managed in it; return whether it exists.

    Raises UidChanged, Superseded (a newer generation is live) and Terminating.
    """
    work.live.clear()
    found = work.cluster.get(work.namespace_key)
    if found is None:
        return False
    if work.uid and text(found, "metadata", "uid") != work.uid:
        raise UidChanged(
            f"{work.plan.namespace} was deleted and created again by somebody else: its uid is not "
            "the one the portal created. Nothing was changed. Have it removed, then try again."
        )
    if text(found, "metadata", "deletionTimestamp") and work.plan.wants_namespace:
        raise Terminating(remaining(found))
    work.live[work.namespace_key] = found
    work.refresh(*MANAGED_KINDS)
    work.check_generation()
    return True


def remaining(namespace: Manifest) -> str:
    """Return what keeps a Terminating namespace from going, in the server's own words."""
    conditions = items(namespace, "status", "conditions")
    messages = [
        text(condition, "message")
        for condition in conditions
        if condition.get("status") == "True" and text(condition, "message")
    ]
    state = branch(namespace, "status").get("phase", "Terminating")
    return " ".join([f"The namespace is {state}.", *messages])
