"""After a restore: a platform admin goes through what differs, and decides for each namespace.

Nothing is written to a cluster here. What was approved before is put in force again, or recorded
as removed; what nobody here approved waits for the approvers as always.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from onboarding.domain.actions import Action
from onboarding.domain.after_restore import Differing, RestoreChoice
from onboarding.domain.lifecycle import NamespaceState, check_move
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Cluster, HistoryBreak, ManagedNamespace, Run
from onboarding.queries.after_restore import (
    RestoreDifference,
    differences_on,
    is_seen_since,
    shown_of,
)
from onboarding.services import hints, history
from onboarding.services.cancel_requests import cancel_requests
from onboarding.services.history import By
from onboarding.services.open_runs import end_open_runs
from onboarding.services.retry import try_again
from onboarding.services.waiting import NOT_WAITING


def settle(
    break_id: int, choices: Mapping[str, RestoreChoice], *, shown: str, by: By, now: datetime
) -> None:
    """Let workers write to the cluster again, with one choice for each namespace that differs.

    `shown` is what the person decided on (queries/after_restore.py, `shown_of`). Raises Forbidden,
    NotFound, Conflict (settled meanwhile, not looked at since, something else differs now) and
    Invalid: a namespace is not among the choices, or not with one that there is for it.
    """
    if not by.permissions.is_platform_admin:
        raise Forbidden("Only platform admins decide what holds after a restore.")
    with transaction.atomic():
        found = _locked(break_id)
        differing = differences_on(found.cluster)
        if shown_of(differing) != shown:
            raise Conflict("Something else differs by now. Read the page again, then decide.")
        for one in differing:
            if choices.get(one.name) not in one.choices:
                raise Invalid(f"Decide what holds for {one.name}.", field=one.name)
        for one in differing:
            _decide(one, choices[one.name], by=by, now=now)
        decided = {one.name: choices[one.name].value for one in differing}
        HistoryBreak.objects.filter(pk=found.pk).update(
            choices=decided, settled_at=now, settled_by=by.user
        )
        # What stands there now is no break again; the next look writes over it.
        Cluster.objects.filter(pk=found.cluster_id).update(
            accepted_epoch=found.said or None, epoch_event=None
        )
        history.record(
            Action.HISTORY_SETTLED,
            actor=by.actor,
            at=now,
            about=history.about_cluster(found.cluster),
            body={"kind": found.kind, "said": found.said, "choices": {**decided}},
        )


def _locked(break_id: int) -> HistoryBreak:
    # The cluster first, as whoever writes its condition or closes it does.
    of_break = Cluster.objects.filter(breaks=break_id)
    Cluster.objects.select_for_update(no_key=True).filter(pk__in=of_break).first()
    rows = HistoryBreak.objects.select_for_update(of=("self",)).select_related("cluster")
    found = rows.filter(pk=break_id).first()
    if found is None:
        raise NotFound("No such break.")
    if found.settled_at:
        raise Conflict("Somebody else has settled this meanwhile.")
    if not is_seen_since(found):
        raise Conflict(
            f"No worker has looked at {found.cluster.name} since this was found. Wait for the next "
            "complete look: what it finds is what has to be decided."
        )
    return found


def _decide(one: RestoreDifference, choice: RestoreChoice, *, by: By, now: datetime) -> None:
    """Put one choice in force. LEAVE changes nothing: the namespace waits for people as always."""
    row = one.row
    if row is None or choice is RestoreChoice.LEAVE:
        return
    if choice is RestoreChoice.REMOVE_AGAIN:
        try_again(row.pk, by=by, now=now)
        return
    fields: dict[str, Any] = {"next_at": now}
    if choice is RestoreChoice.RECORD_GONE:
        check_move(NamespaceState(row.state), NamespaceState.GONE)
        fields = {
            "state": NamespaceState.GONE.value,
            "next_at": None,
            "gone_at": now,
            "uid": "",
            "message": "",
            **NOT_WAITING,
        }
    if one.kind is Differing.NEWER and choice is RestoreChoice.APPLY_RECORDED:
        fields["overruled"] = sorted({*(row.overruled or ()), one.marks["request"]})
    event = history.record(
        Action.NAMESPACE_SETTLED,
        actor=by.actor,
        at=now,
        about=history.about_namespace(row),
        body={"choice": choice.value, "live": {**one.marks}},
    )
    ManagedNamespace.objects.filter(pk=row.pk).update(
        **fields, last_event=event, fencing_token=F("fencing_token") + 1, lease_until=None
    )
    if choice is RestoreChoice.RECORD_GONE:
        cancel_requests(
            row.requests.all(), because="it was recorded as removed after a restore", by=by, now=now
        )
        end_open_runs(Run.objects.filter(namespace=row), Run.Outcome.GONE, now=now)
    hints.hint(row.pk)
