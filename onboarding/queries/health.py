"""How the whole portal does, as data: what the System page, /metrics and the alerts are made of.

Each function answers one question for all clusters at once, in one or two statements however many
rows there are. What of it is wrong is judged in queries/wrongs.py.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from onboarding.domain.lifecycle import ENDED, ClusterCondition, NamespaceState
from onboarding.models import Cluster, ManagedNamespace, NamespaceObservation, Revision
from onboarding.models.breaks import is_only_looked_at, open_breaks
from onboarding.queries.clusters import ClusterTruth, look_at, truth_of_cluster
from onboarding.queries.guards import GuardTruth, guards_of
from onboarding.queries.mail_trouble import Undelivered, undelivered
from onboarding.queries.processes import ProcessTruth, processes
from onboarding.queries.triggers import lacking_triggers

_BLOCKED = Q(state=NamespaceState.BLOCKED.value)


@dataclass(frozen=True)
class Undone:
    """What was approved on a cluster and is neither there nor blocked nor waited for."""

    many: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Namespaces:
    """How many namespaces of a cluster are how. Each of `compared` has to be compared whole every
    `BULKHEAD_REVERIFY_SECONDS`: `looked_at` counts those that were, `late` those that are overdue.
    """

    live: int = 0
    compared: int = 0
    looked_at: int = 0
    late: int = 0
    oldest: datetime | None = None
    drifted: int = 0
    retrying: int = 0
    stuck: int = 0

    @property
    def needed_per_minute(self) -> float:
        """Return how many looks a minute it takes to compare each in its time."""
        return 60 * self.compared / settings.REVERIFY_SECONDS

    @property
    def reached_per_minute(self) -> float:
        """Return how many of these there were, over that time."""
        return 60 * self.looked_at / settings.REVERIFY_SECONDS


@dataclass(frozen=True)
class ClusterHealth:
    """How one cluster does at `now`. `blocked` is {reason: how many}.

    `broken_at` is when it was found that history does not go on there: it is only looked at since.
    """

    now: datetime
    cluster: Cluster
    truth: ClusterTruth
    guards: GuardTruth
    seen_at: datetime | None
    namespaces: Namespaces
    undone: Undone
    overdue: timedelta | None
    blocked: Mapping[str, int]
    unread: int
    broken_at: datetime | None


@dataclass(frozen=True)
class Storing:
    """Whether the database stores anything; where not, `why` says it in the words of `Trouble`.

    `is_heard`: heartbeats could be written for long enough that their silence means something.
    """

    why: str = ""
    is_heard: bool = True


STORES = Storing()


@dataclass(frozen=True)
class Health:
    """How the whole does at `now`. `lacking` names the triggers that do not do their work."""

    now: datetime
    storing: Storing
    clusters: tuple[ClusterHealth, ...]
    processes: tuple[ProcessTruth, ...]
    lacking: tuple[str, ...]
    mail: Undelivered


def health(*, now: datetime, storing: Storing = STORES) -> Health:
    """Return how everything does. Twelve statements; `storing` is found out elsewhere."""
    counted, undone, late = namespaces_each(now), undone_each(), overdue_each(now)
    blocked, unread = blocked_each(), unread_each()
    clusters = tuple(
        ClusterHealth(
            now=now,
            cluster=row,
            truth=truth_of_cluster(row, look_at(row), now=now),
            guards=guards_of(row),
            seen_at=look.seen_at if (look := look_at(row)) else None,
            namespaces=counted.get(row.pk, Namespaces()),
            undone=undone.get(row.pk, Undone()),
            overdue=late.get(row.pk),
            blocked=blocked.get(row.pk, {}),
            unread=unread.get(row.pk, 0),
            broken_at=row.broken_at,
        )
        for row in _clusters()
    )
    lacking = tuple(map(str, lacking_triggers(connection)))
    mail = undelivered(now=now)
    return Health(now, storing, clusters, tuple(processes(now=now)), lacking, mail)


def _clusters() -> QuerySet[Any]:
    """Return each cluster in use with its looks, its guards, and when a break was found there."""
    found_at = open_breaks().filter(cluster=OuterRef("pk")).values("found_at")
    rows = Cluster.objects.filter(closed_at__isnull=True).annotate(broken_at=Subquery(found_at))
    return rows.select_related("observation", "guards")


def overdue_each(now: datetime) -> dict[int, timedelta]:
    """Return by how much the oldest due work of each cluster is late, where any is. Two statements.

    Work held by a live lease is being done. Work of a cluster in a bad condition is due once the
    cluster is to be tried again: that has to be done by somebody too. Where a cluster is only
    looked at, nothing is.
    """
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = ManagedNamespace.objects.filter(~is_only_looked_at("cluster"), free, next_at__lte=now)
    rows = due.order_by().values("cluster")
    is_well = Q(cluster__condition=ClusterCondition.OK.value)
    waiting = rows.exclude(is_well).filter(cluster__retry_at__lte=now)
    known = (
        *rows.filter(is_well).annotate(oldest=Min("next_at")),
        *waiting.annotate(oldest=Min(Greatest("next_at", "cluster__retry_at"))),
    )
    return {one["cluster"]: now - one["oldest"] for one in known}


def undone_each() -> dict[int, Undone]:
    """Return what each cluster still owes of what was approved. One statement.

    Blocked namespaces wait for a person and are told of as such; where Kubernetes has to finish
    something, the row says since when, and is stuck after its time. Where a cluster is only looked
    at, nothing is owed before a person has decided.
    """
    rows = Revision.objects.filter(
        ~is_only_looked_at("namespace__cluster"),
        number=F("namespace__generation"),
        namespace__observed_generation__lt=F("namespace__generation"),
        namespace__waiting_since__isnull=True,
    ).exclude(namespace__state__in=sorted({*ENDED, NamespaceState.BLOCKED}))
    counted = rows.order_by().values("namespace__cluster")
    return {
        one["namespace__cluster"]: Undone(one["many"], one["since"])
        for one in counted.annotate(many=Count("pk"), since=Min("created_at"))
    }


def namespaces_each(now: datetime) -> dict[int, Namespaces]:
    """Return how many namespaces of each cluster are how. One statement."""
    every = timedelta(seconds=settings.REVERIFY_SECONDS)
    grace = timedelta(seconds=settings.OVERDUE_SECONDS)
    compared = Q(observed_generation=F("generation"), verified_at__isnull=False) & ~_BLOCKED
    live = ManagedNamespace.objects.exclude(state__in=sorted(ENDED)).order_by().values("cluster")
    counted = live.annotate(
        live=Count("pk"),
        compared=Count("pk", filter=compared),
        looked_at=Count("pk", filter=compared & Q(verified_at__gt=now - every)),
        late=Count("pk", filter=compared & Q(verified_at__lte=now - every - grace)),
        oldest=Min("verified_at", filter=compared),
        drifted=Count("pk", filter=Q(state=NamespaceState.DRIFTED.value)),
        retrying=Count("pk", filter=Q(state=NamespaceState.RETRYING.value)),
        stuck=Count("pk", filter=Q(stuck_at__isnull=False)),
    )
    rows: list[dict[str, Any]] = [{**one} for one in counted]
    return {one.pop("cluster"): Namespaces(**one) for one in rows}


def blocked_each() -> dict[int, dict[str, int]]:
    """Return {reason: how many} of what is blocked on each cluster. One statement."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = ManagedNamespace.objects.filter(_BLOCKED).order_by().values("cluster", "reason")
    for one in rows.annotate(many=Count("pk")):
        found[one["cluster"]][one["reason"]] = one["many"]
    return dict(found)


def unread_each() -> dict[int, int]:
    """Return how many namespaces of each cluster were too large to be read. One statement."""
    rows = NamespaceObservation.objects.filter(unread__isnull=False).order_by().values("cluster")
    return {one["cluster"]: one["many"] for one in rows.annotate(many=Count("pk"))}
