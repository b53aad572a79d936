"""Namespaces that carry a Bulkhead's marks and that this portal's database does not know.

Another portal works on the cluster, or this one has lost rows: either has to be known before a name
is asked for, and neither must be touched.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.lifecycle import ENDED, BlockedReason
from onboarding.domain.ownership import TEAM_LABEL
from onboarding.models import Cluster, Installation, ManagedNamespace, NamespaceObservation
from onboarding.queries.observed import noted_on


@dataclass(frozen=True)
class UnknownNamespace:
    """One of them, as it was last seen, with what is written on it.

    `portal` is a portal's identity, "" where the marks do not say whose. `since` is when it was
    first seen here, None where that is not known.
    """

    name: str
    portal: str
    is_ours: bool
    team: str = ""
    request: str = ""
    generation: str = ""
    since: datetime | None = None


def own_identity() -> str:
    """Return this portal's identity, "" before it has made any namespace."""
    return Installation.objects.values_list("identity", flat=True).first() or ""


def unknown_here(
    clusters: Iterable[Cluster], noted: Iterable[NamespaceObservation] | None = None
) -> dict[int, list[UnknownNamespace]]:
    """Return what is unknown on each cluster, by its primary key. Three queries, whatever is found.

    Two where `noted_on` was read before: `noted` is what it returned of these clusters.

    Known is what has the uid of a row, and what has a live row's name and no other portal's mark:
    a namespace is made a moment before its uid is written down. A row for which the name is taken
    knows nothing of what has it. Of a closed cluster, which nobody looks at any more, nothing is
    said.
    """
    in_use = [cluster for cluster in clusters if not cluster.closed_at]
    rows = ManagedNamespace.objects.filter(cluster__in=in_use)
    uids, live, own = set(), set(), own_identity()
    columns = ("cluster_id", "name", "state", "reason", "uid", "known_uid")
    for cluster, name, state, reason, *known in rows.values_list(*columns):
        uids.update(known)
        if state not in ENDED and reason != BlockedReason.TAKEN.value:
            live.add((cluster, name))
    found = defaultdict(list)
    seen = noted_on(in_use) if noted is None else noted
    for one in (row for row in seen if row.portal is not None):
        is_live = (one.cluster_id, one.name) in live and one.portal in {own, ""}
        if not is_live and not (one.uid and one.uid in uids):
            found[one.cluster_id].append(_unknown(one, own))
    return dict(found)


def holder_of(cluster: Cluster, name: str) -> UnknownNamespace | None:
    """Return what carries a Bulkhead's marks under a name and is unknown here, or None."""
    unknown = unknown_here([cluster]).get(cluster.pk, ())
    return next((one for one in unknown if one.name == name), None)


def _unknown(seen: NamespaceObservation, own: str) -> UnknownNamespace:
    marks = seen.marks or {}
    return UnknownNamespace(
        name=seen.name,
        portal=seen.portal or "",
        is_ours=bool(own) and seen.portal == own,
        team=seen.labels.get(TEAM_LABEL, ""),
        request=marks.get("request", ""),
        generation=marks.get("generation", ""),
        since=seen.first_seen_at,
    )
