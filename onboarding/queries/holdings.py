"""What is in a managed namespace, as it was last observed, and how much of its bounds is used.

For whoever removes it or makes it smaller. Unknown is told from nothing: a part that the portal may
not read, and a namespace that no look has met yet, are unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.contents import CLUSTER_IP, Contents, load_contents
from onboarding.domain.objects import Manifest, branch, text
from onboarding.domain.quantities import amount, spelled
from onboarding.models import ClusterObservation, ManagedNamespace, NamespaceObservation
from onboarding.plan.model import Plan
from onboarding.queries.namespaces import found_uid

# What is typed, beside the name, to ask for the removal of a namespace that is not empty.
DELETE_DATA = "delete data"
DELETE_WORKLOADS = "delete workloads"
_COUNTED = frozenset({"configmaps", "persistentvolumeclaims", "replicationcontrollers", "secrets"})
NEARLY_FULL = 90  # per cent


@dataclass(frozen=True)
class Holdings:
    """What one namespace held at `seen_at`. Sizes read like Kubernetes writes them.

    `pods` is None where they are unknown. `unread` are the kinds of which there was too much to be
    read at the last look.
    """

    pods: int | None
    contents: Contents
    quotas: tuple[Manifest, ...] | None
    seen_at: datetime
    trouble: str
    unread: tuple[str, ...] = ()
    waiting_pods: int = 0  # of the pods, those that admission holds back until the fence was read

    @property
    def claims_size(self) -> str:
        """Return how large all claims are together, e.g. `120Gi`."""
        return spelled(self.contents.claims.size) if self.contents.claims else ""

    @property
    def largest_claims(self) -> list[tuple[str, str, bool]]:
        """Return (name, size, bound) of the largest claims."""
        claims = self.contents.claims
        return (
            [(one.name, spelled(one.size), one.bound) for one in claims.largest] if claims else []
        )

    @property
    def more_claims(self) -> int:
        """Return how many claims are not among the largest."""
        claims = self.contents.claims
        return claims.count - len(claims.largest) if claims else 0

    @property
    def workloads(self) -> list[tuple[str, int]]:
        """Return (kind, count), what is most first."""
        return sorted((self.contents.workloads or {}).items(), key=lambda one: (-one[1], one[0]))

    @property
    def services(self) -> int | None:
        """Return how many services there are, None if unknown."""
        known = self.contents.services
        return None if known is None else sum(known.values())

    @property
    def outward_services(self) -> list[tuple[str, int]]:
        """Return (type, count) of services that reach outside the cluster."""
        known = self.contents.services or {}
        return sorted((kind, count) for kind, count in known.items() if kind != CLUSTER_IP)

    @property
    def is_known(self) -> bool:
        """Tell whether every part was read."""
        parts = (self.contents.workloads, self.contents.claims, self.contents.services)
        return self.pods is not None and None not in parts

    @property
    def confirmation(self) -> str:
        """Return what is to be typed before a removal is asked for, "" if nothing was seen.

        What was too much to be read is there.
        """
        claims = self.contents.claims
        if "PersistentVolumeClaim" in self.unread or (claims and claims.count):
            return DELETE_DATA
        is_used = self.pods or self.contents.workloads or self.services or self.unread
        return DELETE_WORKLOADS if is_used else ""


@dataclass(frozen=True)
class UsedBound:
    """One bound and how much of it is used; `used` is "" where nothing was observed."""

    resource: str
    bound: str
    used: str = ""

    @property
    def holds_back(self) -> str:
        """Return what Kubernetes refuses once the bound is passed."""
        if self.resource.endswith("requests.storage") or "persistentvolumeclaims" in self.resource:
            return "claims"
        if self.resource.startswith("services"):
            return "services"
        return "objects" if self.is_count else "pods"

    @property
    def is_count(self) -> bool:
        """Tell whether it counts objects that are no pods."""
        return self.resource.startswith(("count/", "services")) or self.resource in _COUNTED

    @property
    def is_shown_first(self) -> bool:
        """Tell whether a page shows it without being asked: what pods share, and what is over."""
        return not self.is_count or self.is_below_use

    @property
    def percent(self) -> int | None:
        """Return how much of the bound is used, None where that is not known."""
        used, bound = amount(self.used), amount(self.bound)
        return int(100 * used / bound) if used is not None and bound else None

    @property
    def is_nearly_full(self) -> bool:
        """Tell whether little is left."""
        return self.percent is not None and self.percent >= NEARLY_FULL and not self.is_below_use

    @property
    def is_below_use(self) -> bool:
        """Tell whether more is used than the bound allows."""
        used, bound = amount(self.used), amount(self.bound)
        return used is not None and bound is not None and used > bound


def holdings_of(row: ManagedNamespace | None) -> Holdings | None:
    """Return what was seen in a namespace; None if no look has met it yet. Two queries at most.

    One that came back from a backup counts as well: whoever removes the namespace removes that.
    """
    uids = uids_of(row) if row else set()
    if row is None or not uids:
        return None
    look = ClusterObservation.objects.filter(cluster=row.cluster_id).first()
    seen = NamespaceObservation.objects.filter(
        cluster=row.cluster_id, name=row.name, uid__in=uids
    ).first()
    if look is None or look.seen_at is None or seen is None:
        return None
    unread = tuple(seen.unread or ())
    return Holdings(
        pods=None if "Pod" in unread else sum(one["count"] for one in seen.pods),
        contents=load_contents(seen.contents),
        quotas=None if seen.quotas is None else tuple(seen.quotas),
        seen_at=look.seen_at,
        trouble=look.trouble,
        unread=unread,
        waiting_pods=seen.waiting_pods or 0,
    )


def uids_of(row: ManagedNamespace) -> set[str]:
    """Return the uids under which what is in a namespace counts as the team's."""
    return {uid for uid in (row.uid, found_uid(row)) if uid}


def used_bounds(plan: Plan, holdings: Holdings | None) -> tuple[UsedBound, ...]:
    """Return every bound of the plan's quotas, with what is used of it now."""
    return _bounds(plan, (holdings.quotas if holdings else None) or ())


def below_use(plan: Plan, holdings: Holdings | None) -> tuple[UsedBound, ...]:
    """Return the bounds of a plan that are below what is used now."""
    return tuple(one for one in used_bounds(plan, holdings) if one.is_below_use)


def bounds_below(plan: Plan, quotas: Iterable[Manifest]) -> tuple[UsedBound, ...]:
    """Return the same of quotas as they were seen."""
    return tuple(one for one in _bounds(plan, quotas) if one.is_below_use)


def _bounds(plan: Plan, quotas: Iterable[Manifest]) -> tuple[UsedBound, ...]:
    used = {text(one, "name"): one for one in quotas}
    return tuple(
        UsedBound(
            resource,
            str(bound),
            text(used.get(planned.key.name, {}), "used", resource),
        )
        for planned in plan.objects
        if planned.key.kind == "ResourceQuota"
        for resource, bound in branch(planned.manifest, "spec", "hard").items()
    )
