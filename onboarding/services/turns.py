"""Whose turn it is: what is due, where nobody may work just now, and what comes first.

A cluster that hangs must cost the others nothing. So a cluster holds a few claims at most, and
chores (looking again at what is as approved) leave one of them to what people wait for. Where a
cluster is not well, one worker or observer at a time tries it, and only few of such tries are made
at once, however many clusters hang. Only the database's clock counts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Now

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace
from onboarding.models.breaks import is_only_looked_at

# So many threads at most may be kept by clusters that are not well: by claims, and by looks.
MOST_TRIES = 2
LONGEST_LEASE = timedelta(minutes=10)  # of a look; a later one is a wrong clock's
IS_WELL = Q(cluster__condition=ClusterCondition.OK.value)
WELL_FIRST = Case(When(IS_WELL, then=0), default=1)
# Approved and not yet brought about: an onboarding, a change, a removal.
IS_AWAITED = ~Q(observed_generation=F("generation"))


@dataclass(frozen=True)
class Held:
    """What workers hold now, by cluster: all claims, chores among them; claims where it is ill."""

    claims: Mapping[int, int]
    chores: Mapping[int, int]
    tries: int


def held_now() -> Held:
    """Return what is held, of all clusters on which anything is. One query."""
    counted = (
        ManagedNamespace.objects.filter(is_held())
        .order_by()
        .values("cluster", "cluster__condition")
        .annotate(many=Count("pk"), chores=Count("pk", filter=~IS_AWAITED))
    )
    rows = list(counted.values_list("cluster", "cluster__condition", "many", "chores"))
    return Held(
        claims={cluster: many for cluster, _, many, _ in rows},
        chores={cluster: chores for cluster, _, _, chores in rows},
        tries=sum(many for _, condition, many, _ in rows if condition != ClusterCondition.OK),
    )


def due(held: Held, *, passed: Collection[int] = ()) -> QuerySet[ManagedNamespace]:
    """Return what may be worked on now, what comes first before all else; not where `passed`.

    First where all is well, so that it waits for nothing; then what people wait for; then where
    least is done. Where a cluster is not well, what was tried longest ago.
    """
    rows = _due_by_time().exclude(cluster__in={*passed, *_full(held.claims, _most())})
    rows = rows.exclude(~IS_AWAITED & Q(cluster__in=_full(held.chores, _most() - 1)))
    ill = ~IS_WELL
    rows = rows.exclude(ill & (Q(cluster__in=[*held.claims]) | Q(Exists(_looks("cluster")))))
    if held.tries >= MOST_TRIES:
        rows = rows.filter(IS_WELL)
    awaited_first = Case(When(IS_WELL & IS_AWAITED, then=0), default=1)
    return rows.order_by(WELL_FIRST, awaited_first, *_least_first(held.claims), "next_at", "id")


def is_held() -> Q:
    """Match leases that run. Twice the setting, because other processes may have another one."""
    longest = Now() + timedelta(seconds=2 * settings.LEASE_SECONDS)
    return Q(lease_until__gte=Now(), lease_until__lte=longest)


def longest_plan() -> timedelta:
    """Return more than the longest pause anything is given: an hour, or the time to reverify."""
    return timedelta(hours=2) + timedelta(seconds=settings.REVERIFY_SECONDS)


def take(where: Q) -> int | None:
    """Lock the one cluster, so that one at a time decides about it; None while somebody else does.

    Nobody waits here: whoever finds it locked goes to another cluster.
    """
    rows = Cluster.objects.select_for_update(no_key=True, skip_locked=True)
    return rows.filter(where).values_list("pk", flat=True).first()


def where_due(only: Q) -> Q:
    """Match the cluster of what is due among `only`: of what is not, none is held up."""
    return Q(pk__in=_due_by_time().filter(only).values("cluster"))


def well_clusters() -> QuerySet[Cluster]:
    """Return the clusters on which a look may begin whatever workers do there."""
    return Cluster.objects.filter(condition=ClusterCondition.OK.value)


def may_try(cluster_id: int) -> bool:
    """Tell whether a look may begin at a cluster that is not well: nobody tries it, and few others.

    Inside the transaction that begins the look.
    """
    if take(Q(pk=cluster_id)) is None or _claims().filter(cluster=cluster_id).exists():
        return False
    return _looks().exclude(IS_WELL).count() < MOST_TRIES


def is_tried(cluster: str) -> Q:
    """Match rows whose `cluster` is not well while a worker has a claim there."""
    return ~IS_WELL & Q(Exists(_claims().filter(cluster=OuterRef(cluster))))


def _due_by_time() -> QuerySet[ManagedNamespace]:
    """Return what is due and not leased, on clusters that may be tried.

    Nobody plans further ahead than `longest_plan`, and no lease is longer than its setting: a later
    time was written by a wrong clock or by another hand, and would hide the namespace until then.
    """
    free = Q(lease_until__isnull=True) | ~is_held()
    usable = IS_WELL | Q(cluster__retry_at__lte=Now())
    usable &= Q(cluster__closed_at__isnull=True)
    is_due = Q(next_at__lte=Now()) | Q(next_at__gt=Now() + longest_plan())
    return ManagedNamespace.objects.filter(~is_only_looked_at("cluster"), free, usable, is_due)


def _most() -> int:
    return int(settings.CLUSTER_CONCURRENCY)


def _full(counts: Mapping[int, int], most: int) -> list[int]:
    return [cluster for cluster, many in counts.items() if many >= most]


def _least_first(claims: Mapping[int, int]) -> list[Case]:
    cases = [When(cluster=cluster, then=many) for cluster, many in claims.items()]
    return [Case(*cases, default=0)] if cases else []


def _claims() -> QuerySet[ManagedNamespace]:
    return ManagedNamespace.objects.filter(is_held())


def _looks(of: str = "") -> QuerySet[ClusterObservation]:
    """Return the looks that go on, or only those at the cluster of an outer row."""
    rows = ClusterObservation.objects.filter(
        lease_until__gt=Now(), lease_until__lt=Now() + LONGEST_LEASE
    )
    return rows.filter(cluster=OuterRef(of)) if of else rows
