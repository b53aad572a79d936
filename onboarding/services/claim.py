"""Claims: who works on which namespace, for how long. Only the database's clock counts.

A claim is a lease with a fencing token. A worker that was frozen past its lease still believes it
holds it, but every one of its writes names the token and finds no row.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Now

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import ManagedNamespace
from onboarding.models.breaks import is_only_looked_at
from onboarding.services.clock import database_now

SHORTEST_PAUSE = 0.05  # seconds


def worker_name() -> str:
    """Return who claims: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class LostLease(Exception):
    """Another worker has the namespace, or another generation is wanted: what one knows is old."""


@dataclass(frozen=True)
class Claim:
    """A namespace held by one worker. `namespace` is the row as it was when claimed."""

    namespace: ManagedNamespace
    fencing_token: int
    owner: str

    @property
    def rows(self) -> QuerySet[ManagedNamespace]:
        """Return the row as long as the claim holds; nothing once it is lost.

        It is lost as well when something else was approved meanwhile: what would be written of the
        generation that was claimed would hide what is wanted now.
        """
        return self._held.filter(generation=self.namespace.generation)

    @property
    def _held(self) -> QuerySet[ManagedNamespace]:
        return ManagedNamespace.objects.filter(
            pk=self.namespace.pk, fencing_token=self.fencing_token
        )

    def update(self, **fields: object) -> None:
        """Change the row and prolong the lease. Raise LostLease if somebody else has it."""
        lease = Now() + timedelta(seconds=settings.LEASE_SECONDS)
        if not self.rows.update(**{"lease_until": lease, **fields}):
            raise LostLease(self.namespace.name)

    def release(self, **fields: object) -> None:
        """Change the row and give the claim back. Raise LostLease if somebody else has it."""
        self.update(**{**fields, "lease_until": None, "lease_owner": ""})

    def hand_over(self) -> bool:
        """Give a lost claim back where no other worker has it; return whether that was so."""
        return bool(self._held.update(lease_until=None, lease_owner=""))


def claim(owner: str, *, namespace_id: int | None = None) -> Claim | None:
    """Take the namespace that is due longest, or the given one if it is due; None if none is."""
    with transaction.atomic():
        rows = _due().select_for_update(skip_locked=True, of=("self",))
        if namespace_id is not None:
            rows = rows.filter(pk=namespace_id)
        namespace = rows.select_related("cluster", "team").order_by("next_at", "id").first()
        if namespace is None:
            return None
        ManagedNamespace.objects.filter(pk=namespace.pk).update(
            fencing_token=F("fencing_token") + 1,
            lease_owner=owner,
            lease_until=Now() + timedelta(seconds=settings.LEASE_SECONDS),
        )
    return Claim(namespace=namespace, fencing_token=namespace.fencing_token + 1, owner=owner)


def until_next(most: float) -> float:
    """Return in how many seconds a namespace will be due that is not yet, `most` at most.

    Two queries where one is, else one.
    """
    rows = ManagedNamespace.objects.filter(
        lease_until=None, next_at__gt=Now(), next_at__lt=Now() + timedelta(seconds=most)
    )
    soon: datetime | None = rows.aggregate(soonest=Min("next_at"))["soonest"]
    if soon is None:
        return most
    return max(SHORTEST_PAUSE, (soon - database_now()).total_seconds())


def _due() -> QuerySet[ManagedNamespace]:
    """Return what may be worked on now: due, not leased, on a cluster whose turn it is.

    Nobody plans further ahead than `longest_plan`, and no lease is longer than its setting: a later
    time was written by a wrong clock or by another hand, and would hide the namespace until then.
    """
    free = Q(lease_until__isnull=True) | ~_is_held()
    usable = Q(cluster__condition=ClusterCondition.OK.value) | Q(cluster__retry_at__lte=Now())
    usable &= Q(cluster__closed_at__isnull=True)
    due = Q(next_at__lte=Now()) | Q(next_at__gt=Now() + longest_plan())
    rows = ManagedNamespace.objects.filter(~is_only_looked_at("cluster"), free, usable, due)
    return rows.exclude(cluster__in=_busy_clusters())


def _is_held() -> Q:
    """Match leases that run. Twice the setting, because other processes may have another one."""
    longest = Now() + timedelta(seconds=2 * settings.LEASE_SECONDS)
    return Q(lease_until__gte=Now(), lease_until__lte=longest)


def longest_plan() -> timedelta:
    """Return more than the longest pause anything is given: an hour, or the time to reverify."""
    return timedelta(hours=2) + timedelta(seconds=settings.REVERIFY_SECONDS)


def _busy_clusters() -> QuerySet[ManagedNamespace, int]:
    """Return the clusters with as many claims as one may have, so that none drains the workers."""
    return (
        ManagedNamespace.objects.filter(_is_held())
        .order_by()
        .values("cluster")
        .annotate(held=Count("pk"))
        .filter(held__gte=settings.CLUSTER_CONCURRENCY)
        .values_list("cluster", flat=True)
    )
