"""Try again: a person says that what blocked a namespace is mended. Only sets when it is due.

One case says more: what came back after its removal was approved is removed as well. Whoever tries
again names, with that, the namespace that was found.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import ManagedNamespace
from onboarding.queries.namespaces import is_held_up, uid_to_remove, visible_to
from onboarding.services import hints, history
from onboarding.services.history import By


def try_again(namespace_id: int, *, by: By, now: datetime) -> None:
    """Make the namespace due now. Raises NotFound, Forbidden (neither lead nor admin), Invalid."""
    with transaction.atomic():
        rows = visible_to(by.permissions).select_for_update(of=("self",))
        namespace = rows.filter(pk=namespace_id).first()
        if namespace is None:
            raise NotFound
        if namespace.team_id not in by.permissions.leads and not by.permissions.is_platform_admin:
            raise Forbidden("Only a lead of the team or a platform admin can start another try.")
        if not is_held_up(namespace):
            raise Invalid(f"{namespace.name} is not stuck, so there is nothing to try again.")
        came_back = uid_to_remove(namespace)
        event = history.record(
            Action.NAMESPACE_LOOK_AGAIN,
            actor=by.actor,
            at=now,
            about=history.about_namespace(namespace),
            body={"removes": came_back} if came_back else None,
        )
        row = ManagedNamespace.objects.filter(pk=namespace.pk, state=namespace.state)
        if came_back:
            if not row.update(**_removal_anew(came_back), next_at=now, last_event=event):
                raise Conflict(f"{namespace.name} has moved on meanwhile. Look again.")
        else:
            row.filter(next_at__isnull=False).update(next_at=now)
        hints.hint(namespace.pk)


def _removal_anew(uid: str) -> dict[str, Any]:
    """Return what lets a worker run the approved removal anew, on the namespace that was found."""
    return {
        "state": NamespaceState.REVOKING.value,
        "fencing_token": F("fencing_token") + 1,  # a worker that looks at it now saw what was
        "lease_owner": "",
        "lease_until": None,
        "uid": uid,
        "known_uid": uid,
        "found": None,
        "gone_at": None,
        "attempts": 0,
        "reason": "",
        "message": "",
    }
