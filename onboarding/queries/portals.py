"""Namespaces that carry a Bulkhead's marks and that this portal's database does not know.

Another portal works on the cluster, or this one has lost rows: either has to be known before a name
is asked for, and neither must be touched.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.domain.lifecycle import ENDED
from onboarding.models import Cluster, Installation, ManagedNamespace, NamespaceObservation


@dataclass(frozen=True)
class UnknownNamespace:
    """One of them. `portal` is another portal's identity, "" where the marks do not say whose."""

    name: str
    portal: str
    is_ours: bool


def own_identity() -> str:
    """Return this portal's identity, "" before it has made any namespace."""
    return Installation.objects.values_list("identity", flat=True).first() or ""


def unknown_here(clusters: Iterable[Cluster]) -> dict[int, list[UnknownNamespace]]:
    """Return what is unknown on each cluster, by its primary key. Three queries, whatever is found.

    Known is what has the uid of a row, and what has a live row's name and no other portal's mark:
    a namespace is made a moment before its uid is written down. Of a closed cluster, which nobody
    looks at any more, nothing is said.
    """
    ids = [cluster.pk for cluster in clusters if not cluster.closed_at]
    marked = NamespaceObservation.objects.filter(cluster__in=ids, portal__isnull=False)
    rows = ManagedNamespace.objects.filter(cluster__in=ids)
    uids, live, own = set(), set(), own_identity()
    columns = ("cluster_id", "name", "state", "uid", "known_uid")
    for cluster, name, state, *known in rows.values_list(*columns):
        uids.update(known)
        if state not in ENDED:
            live.add((cluster, name))
    found = defaultdict(list)
    for one in marked.only("cluster", "name", "uid", "portal").order_by("name"):
        is_live = (one.cluster_id, one.name) in live and one.portal in {own, ""}
        if not is_live and not (one.uid and one.uid in uids):
            is_ours = bool(own) and one.portal == own
            unknown = UnknownNamespace(one.name, one.portal or "", is_ours=is_ours)
            found[one.cluster_id].append(unknown)
    return dict(found)
