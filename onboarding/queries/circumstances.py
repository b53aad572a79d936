"""What stands beside requests and is no part of them, read for any number of them at once.

The revision each was made against, what people wrote about it, what is in its namespace, how its
cluster was looked at. Lists of requests and their approval ask here, so that both know the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from onboarding.domain import names
from onboarding.domain.lifecycle import ENDED
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import (
    Cluster,
    ManagedNamespace,
    NamespaceObservation,
    Request,
    Revision,
)
from onboarding.plan.model import load_plan
from onboarding.queries.clusters import Freshness, look_at, picture_sight
from onboarding.queries.conversation import is_discussed
from onboarding.queries.deviations import has_standing_foreign
from onboarding.queries.holdings import bounds_below, uids_of
from onboarding.queries.leads import abandoned


@dataclass(frozen=True)
class Circumstances:
    """How one request stands. `sight` tells whether its cluster's picture tells of now.

    `resembled` is a live namespace that its name looks like, `below_use` the first bound of its
    plan that is below what is used; "" where there is none.
    """

    before: Revision | None
    sight: Freshness = Freshness.NOW
    is_abandoned: bool = False
    is_discussed: bool = False
    has_unapproved: bool = False
    is_name_seen: bool = False
    resembled: str = ""
    below_use: str = ""

    @property
    def spec_before(self) -> NamespaceSpec | None:
        """Return the answers the request was made against, None for a new namespace."""
        return self.before.wanted if self.before else None


class _Namespace(NamedTuple):
    """One of the portal's namespaces, live or ended."""

    name: str
    is_over: bool
    uids: frozenset[str]


def circumstances_of(rows: Sequence[Request], *, now: datetime) -> dict[int, Circumstances]:
    """Return how each request stands, by its primary key. Four queries, however many there are.

    Of rows read with `cluster__observation`; else one more for each cluster.
    """
    before, flags = revisions_before(rows), _flags(rows)
    own, seen = _namespaces(rows), _sightings(rows)
    return {
        row.pk: Circumstances(
            before=before.get(row.pk),
            sight=picture_sight(row.cluster, now=now),
            is_name_seen=_is_name_seen(row, seen[row.cluster_id, row.name], own[row.cluster_id]),
            resembled=_resembled(row, own[row.cluster_id]),
            below_use=_below_use(row, seen[row.cluster_id, row.name]),
            **flags[row.pk],
        )
        for row in rows
    }


def revisions_before(rows: Sequence[Request]) -> dict[int, Revision]:
    """Return what each request was made against, by the request; none for a new one. One query."""
    asked = Q(pk__in=[])
    for row in rows:
        if row.namespace_id:
            asked |= Q(namespace=row.namespace_id, number=row.base_generation)
    found = {(one.namespace_id, one.number): one for one in Revision.objects.filter(asked)}
    pairs = {row.pk: (row.namespace_id or 0, row.base_generation) for row in rows}
    return {pk: found[pair] for pk, pair in pairs.items() if pair in found}


def _flags(rows: Iterable[Request]) -> Mapping[int, Mapping[str, bool]]:
    known = Request.objects.filter(pk__in=[row.pk for row in rows]).annotate(
        is_abandoned=Exists(abandoned().filter(pk=OuterRef("pk"))),
        is_discussed=is_discussed(),
        has_unapproved=has_standing_foreign("namespace"),
    )
    flags = ("is_abandoned", "is_discussed", "has_unapproved")
    return {row.pop("pk"): row for row in known.values("pk", *flags)}


def _namespaces(rows: Iterable[Request]) -> Mapping[int, list[_Namespace]]:
    """Return by cluster the live namespaces, and those that ended after it was looked at."""
    asked = Q(pk__in=[])
    for cluster in {row.cluster for row in rows if row.kind == RequestKind.ONBOARD.value}:
        is_near = ~Q(state__in=sorted(ENDED))
        if seen_at := _seen_at(cluster):
            is_near |= Q(gone_at__gt=seen_at)
        asked |= Q(cluster=cluster) & is_near
    found = defaultdict(list)
    columns = ("cluster", "name", "state", "uid", "known_uid")
    for key, name, state, *uids in ManagedNamespace.objects.filter(asked).values_list(*columns):
        found[key].append(_Namespace(name, state in ENDED, frozenset(filter(None, uids))))
    return found


def _sightings(rows: Iterable[Request]) -> Mapping[tuple[int, str], list[NamespaceObservation]]:
    """Return what was seen under each name: the uid, and what is used of its quotas."""
    rows = [*rows]
    found = defaultdict(list)
    seen = NamespaceObservation.objects.filter(
        cluster__in={row.cluster_id for row in rows}, name__in={row.name for row in rows}
    )
    for one in seen.only("cluster", "name", "uid", "quotas"):
        found[one.cluster_id, one.name].append(one)
    return found


def _is_name_seen(
    row: Request, seen: Iterable[NamespaceObservation], own: Iterable[_Namespace]
) -> bool:
    """Tell whether somebody's namespace was seen under the name of a new one."""
    if row.kind != RequestKind.ONBOARD.value or _seen_at(row.cluster) is None:
        return False
    gone = {uid for one in own if one.is_over for uid in one.uids}
    return any(one.uid not in gone for one in seen)


def _resembled(row: Request, own: Iterable[_Namespace]) -> str:
    if row.kind != RequestKind.ONBOARD.value:
        return ""
    return names.look_alike(row.name, {one.name for one in own if not one.is_over}) or ""


def _below_use(row: Request, seen: Iterable[NamespaceObservation]) -> str:
    """Return the first bound that would be below what is used; unknown is told from nothing."""
    if row.namespace is None or _seen_at(row.cluster) is None:
        return ""
    uids = uids_of(row.namespace)
    quotas: list[Any] = [quota for one in seen if one.uid in uids for quota in one.quotas or ()]
    below = bounds_below(load_plan(row.plan), quotas)
    return below[0].resource if below else ""


def _seen_at(cluster: Cluster) -> datetime | None:
    look = look_at(cluster)
    return look.seen_at if look else None
