"""Acknowledge: a lead or a platform admin says that they know of a deviation, and why it may be.

It changes nothing on the cluster. A foreign object that is acknowledged no longer keeps its
namespace from READY, as long as it stays the very same: uid and contents.
"""

from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.deviations import DeviationKind
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Deviation, ManagedNamespace
from onboarding.queries.deviations import may_acknowledge
from onboarding.queries.namespaces import visible_to
from onboarding.services import hints, history
from onboarding.services.history import By

MAX_REASON = 1000


class NotAsShown(Conflict):
    """The deviation is not the one the person read about."""

    title = "It is not as you saw it"


def acknowledge(deviation_id: int, *, by: By, reason: str, now: datetime) -> Deviation:
    """Write down who knows of it and why. Raises NotFound, Forbidden, Invalid, Conflict."""
    with transaction.atomic():
        namespaces = visible_to(by.permissions)
        row = (
            Deviation.objects.select_for_update(of=("self",))
            .filter(pk=deviation_id, namespace__in=namespaces.values("pk"))
            .select_related("namespace", "namespace__team", "namespace__cluster")
            .first()
        )
        if row is None:
            raise NotFound
        _check(row, by=by, reason=reason)
        event = history.record(
            Action.DEVIATION_ACKNOWLEDGED,
            actor=by.actor,
            at=now,
            about=history.about_namespace(row.namespace),
            body={"objects": [{"object": f"{row.object_kind} {row.object_name}", "by": row.by}]},
            note=reason.strip(),
        )
        row.acknowledged_at, row.acknowledged_by = now, by.user
        row.acknowledgement, row.acknowledged_event = reason.strip(), event
        row.save()
        _look_again(row, now)
    return row


def _check(row: Deviation, *, by: By, reason: str) -> None:
    if not may_acknowledge(by.permissions, row.namespace):
        raise Forbidden("Only a lead of the team or a platform admin can acknowledge this.")
    if row.acknowledged_at:
        who = row.acknowledged_by.label if row.acknowledged_by else ""
        raise NotAsShown(f"{who} acknowledged it before. Nothing was changed.")
    if row.kind == DeviationKind.FOREIGN.value and row.ended_at:
        raise NotAsShown(f"{row.object_kind} {row.object_name} is gone or was changed by now.")
    if not reason.strip():
        raise Invalid("Say why, for those who read it later.", field="reason")
    if len(reason) > MAX_REASON:
        raise Invalid(f"Use at most {MAX_REASON} characters for the reason.", field="reason")


def _look_again(row: Deviation, now: datetime) -> None:
    """Have a worker judge the namespace anew: it may be READY with what is acknowledged."""
    if row.kind != DeviationKind.FOREIGN.value:
        return
    rows = ManagedNamespace.objects.filter(pk=row.namespace_id, next_at__gt=now)
    rows.update(next_at=now)
    hints.hint(row.namespace_id)
