"""Reappear: what was confirmed gone and is seen alive again waits for a person, with an event.

Called after every look at a cluster. Tombstones are compared with what was seen, because a backup
of the cluster brings a removed namespace back together with the team's access.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import ENDED, BlockedReason, NamespaceState
from onboarding.domain.objects import Manifest
from onboarding.models import Cluster, ManagedNamespace, NamespaceObservation
from onboarding.queries.namespaces import found_uid
from onboarding.services import history


def tell_reappeared(cluster: Cluster, *, seen_since: datetime, now: datetime) -> int:
    """Tell of every tombstone of the cluster that the last look saw alive; return how many.

    `seen_since` is when the look began: what was confirmed gone later is not contradicted by it.
    A tombstone whose name nobody else has waits for a person from now on.
    """
    seen = NamespaceObservation.objects.filter(cluster=cluster)
    tombstones = ManagedNamespace.objects.select_related("team", "cluster").filter(
        Exists(seen.filter(name=OuterRef("name"))),
        cluster=cluster,
        state=NamespaceState.GONE.value,
        gone_at__lt=seen_since,
    )
    return sum(_tell(row, seen.get(name=row.name), now=now) for row in tombstones)


def _tell(row: ManagedNamespace, seen: NamespaceObservation, *, now: datetime) -> bool:
    if not _is_the_same(row, seen) or found_uid(row) == seen.uid:
        return False
    found: Manifest = {"uid": seen.uid, **(seen.marks or {}), "at": now.isoformat()}
    blocks = not _has_successor(row)
    try:
        with transaction.atomic():
            return _record(row, found, blocks=blocks, now=now)
    except IntegrityError:  # somebody got the name at this moment: it is told, and blocks nothing
        with transaction.atomic():
            return _record(row, found, blocks=False, now=now)


def _is_the_same(row: ManagedNamespace, seen: NamespaceObservation) -> bool:
    """Return whether what was seen is what was removed: by its uid, or by our own marks."""
    if seen.uid and seen.uid == (row.known_uid or row.uid):
        return True
    request = (seen.marks or {}).get("request", "")
    public_id = request.removeprefix("REQ-")
    return bool(public_id) and row.revisions.filter(request__public_id=public_id).exists()


def _has_successor(row: ManagedNamespace) -> bool:
    others = ManagedNamespace.objects.filter(cluster=row.cluster).exclude(pk=row.pk)
    live = others.exclude(state__in=sorted(ENDED)).annotate(low=Lower("name"))
    return live.filter(low=row.name.lower()).exists()


def _record(row: ManagedNamespace, found: Manifest, *, blocks: bool, now: datetime) -> bool:
    event = history.record(
        Action.NAMESPACE_REAPPEARED,
        actor=history.SYSTEM,
        at=now,
        about=history.about_namespace(row),
        body={"live": found, "generation": row.generation},
    )
    waits = {
        "state": NamespaceState.BLOCKED.value,
        "reason": BlockedReason.REAPPEARED.value,
        "last_event": event,
    }
    message = (
        f"{row.name} was confirmed gone and was seen on {row.cluster.name} again, with uid "
        f"{found['uid']}. Nothing was changed. Who had access before may have it again."
    )
    told = ManagedNamespace.objects.filter(pk=row.pk, state=NamespaceState.GONE.value)
    if not told.update(found=found, message=message, **(waits if blocks else {})):
        transaction.set_rollback(True)  # another look was faster: its event stands
        return False
    return True
