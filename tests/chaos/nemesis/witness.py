"""What an independent look at the cluster's own state says of what the portal says."""

from collections.abc import Mapping
from datetime import datetime

from onboarding.domain.objects import Key, Manifest, branch, copied, text
from onboarding.models import ClusterGuards, Event, ManagedNamespace, Revision
from onboarding.plan.model import load_plan
from onboarding.queries.truth import truth_of
from onboarding.services.phases.retire import CLOSED
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import NAME, NAMESPACE
from tests.support.stored_form import stored

SAYING_PARTS = ("spec", "roleRef", "subjects")
FALSE_WORDS = frozenset(
    {
        "cluster:namespace:missing",
        "cluster:namespace:superseded",
        "cluster:namespace:reappeared",
        "cluster:namespace:uncreated",
    }
)
GUARDED = ("NetworkPolicy", "RoleBinding")


def of_others(cluster: FakeCluster) -> Mapping[Key, Manifest]:
    """Return everything that is none of the portal's business, as it is."""
    return {
        key: copied(tree)
        for key, tree in cluster.objects.items()
        if NAME not in (key.name, key.namespace)
    }


def denied(row: ManagedNamespace, cluster: FakeCluster, *, now: datetime) -> list[str]:
    """Return the words said of a namespace that its cluster denies.

    READY is said with the time at which it was read back, so it counts when it is said anew.
    """
    found = [f"history says {one}" for one in _said(row) & FALSE_WORDS]
    if row.state == "gone" and NAMESPACE in cluster.objects:
        found.append("gone, and it is there")
    unlike = unlike_its_plan(row, cluster)
    if row.state == "ready" and row.verified_at == now:
        found += [f"ready, and {one}" for one in unlike]
    if not unlike and truth_of(row).is_contradicted:
        found.append("not as approved, and it is")
    if ClusterGuards.objects.exclude(differing=None).exclude(differing=[]).exists():
        found.append("unguarded, and all guards are there")
    if row.state in {"draining", "deleting", "gone"}:
        found += [f"access is revoked, and {one}" for one in _still_open(cluster)]
    if row.state in {"deleting", "gone"}:
        pods = [str(key) for key in cluster.objects if key.kind == "Pod" and key.namespace == NAME]
        found += [f"drained, and {one} is there" for one in pods]
    return found


def _said(row: ManagedNamespace) -> set[str]:
    told = Event.objects.filter(object_kind="namespace", object_id=row.public_id)
    return set(told.values_list("action", flat=True))


def unlike_its_plan(row: ManagedNamespace, cluster: FakeCluster) -> list[str]:
    """Return what on the cluster is not as the newest approved plan has it, and what is beside."""
    revision = Revision.objects.get(namespace=row, number=row.generation)
    plan = load_plan(revision.plan)
    planned = {one.key: stored(one.manifest) for one in plan.objects}
    found = [
        f"{key} is not as planned"
        for key, wanted in planned.items()
        if not _equals(wanted, cluster.objects.get(key, {}))
    ]
    beside = [key for key in cluster.objects if key.namespace == NAME and key.kind in GUARDED]
    return found + [f"{key} is in no plan" for key in beside if key not in planned]


def _equals(wanted: Manifest, live: Manifest) -> bool:
    labels = branch(live, "metadata", "labels").items()
    has_labels = branch(wanted, "metadata", "labels").items() <= labels
    has_parts = all(wanted.get(part) == live.get(part) for part in SAYING_PARTS)
    return bool(live) and has_labels and has_parts


def _still_open(cluster: FakeCluster) -> list[str]:
    home = cluster.objects.get(NAMESPACE)
    if home is None:
        return []
    inside = {key: tree for key, tree in cluster.objects.items() if key.namespace == NAME}
    found = [f"{key} is there" for key in inside if key.kind == "RoleBinding"]
    quotas = [tree for key, tree in inside.items() if key.kind == "ResourceQuota"]
    is_closed = any(CLOSED.items() <= branch(one, "spec", "hard").items() for one in quotas)
    if not is_closed and not text(home, "metadata", "deletionTimestamp"):
        found.append("the door is open")
    return found
