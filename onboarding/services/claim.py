"""Claims: who works on which namespace, for how long. Only the database's clock counts.

A claim is a lease with a fencing token. A worker that was frozen past its lease still believes it
holds it, but every one of its writes names the token and finds no row.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, transaction
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Now

from onboarding.models import ManagedNamespace
from onboarding.models.installation import own_identity
from onboarding.services import turns
from onboarding.services.clock import database_now

SHORTEST_PAUSE = 0.05  # seconds
# The database cannot be used: nothing is wrong with what is worked on, and nothing can be stored.
UNUSABLE = (OperationalError, InterfaceError, InternalError)
AFTER_TROUBLE = timedelta(seconds=5)
# What this thread holds and could not give back; losing it costs the rest of a lease.
_kept = threading.local()


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
    portal: str = ""  # this portal's identity, if it has one by now

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

    def hand_over(self, **fields: object) -> bool:
        """Give a lost claim back where no other worker has it; return whether that was so."""
        return bool(self._held.update(**{**fields, "lease_until": None, "lease_owner": ""}))


def claim(
    owner: str, *, namespace_id: int | None = None, awaited_only: bool = False
) -> Claim | None:
    """Take the namespace whose turn it is (services/turns.py), or None if there is none.

    Only the given one, or only one whose approval somebody waits for, if that is said.
    """
    only = Q(pk=namespace_id) if namespace_id is not None else Q()
    if awaited_only:
        only &= turns.IS_AWAITED
    if namespace_id is not None:
        return _take(turns.where_due(only), only, owner)
    passed: set[int] = set()
    while True:
        rows = turns.due(turns.held_now(), passed=passed).filter(only)
        found = rows.values_list("cluster", flat=True).first()
        if found is None:
            return None
        if held := _take(Q(pk=found), only, owner):
            return held
        passed.add(found)


def _take(where: Q, only: Q, owner: str) -> Claim | None:
    """Take what comes first on the one cluster, if nobody else takes anything there just now.

    One at a time, because bounds hold only while nobody else counts: so the count is made again.
    """
    with transaction.atomic():
        cluster = turns.take(where)
        if cluster is None:
            return None
        rows = turns.due(turns.held_now()).filter(only, cluster=cluster)
        rows = rows.select_for_update(skip_locked=True, of=("self",))
        rows = rows.select_related("cluster__observation", "team").annotate(portal=own_identity())
        namespace = rows.first()
        if namespace is None:
            return None
        ManagedNamespace.objects.filter(pk=namespace.pk).update(
            fencing_token=F("fencing_token") + 1,
            lease_owner=owner,
            lease_until=Now() + timedelta(seconds=settings.LEASE_SECONDS),
        )
    return Claim(
        namespace=namespace,
        fencing_token=namespace.fencing_token + 1,
        owner=owner,
        portal=namespace.portal or "",
    )


@contextmanager
def kept_if_unusable(held: Claim) -> Iterator[None]:
    """Remember the claim if the database fails meanwhile: `give_back` returns it later."""
    try:
        yield
    except UNUSABLE:
        _kept.claims = [*getattr(_kept, "claims", ()), held]
        raise


def give_back() -> None:
    """Return what this thread still holds from when the database failed; others come first."""
    for held in getattr(_kept, "claims", ()):
        held.hand_over(next_at=Now() + AFTER_TROUBLE)
    _kept.claims = []


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
