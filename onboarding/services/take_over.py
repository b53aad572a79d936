"""Take over, or close: what becomes of a request whose requester has lost the right to it.

A lead of the team makes it their own: it returns to be looked at and sent again, and what was
decided no longer counts. Leads and platform admins can end it instead, with a reason.
"""

from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import Request, RequestAuthor
from onboarding.queries.leads import why_abandoned
from onboarding.queries.requests import visible_to
from onboarding.services import history
from onboarding.services.history import By

MAX_REASON = 1000


def take_over(request_id: int, *, by: By, now: datetime) -> Request:
    """Make an abandoned request the person's own, returned so that they edit and send it.

    Raises NotFound, Forbidden (not a lead of the team), Conflict (the requester can still send it,
    or it is closed).
    """
    with transaction.atomic():
        row = _locked(request_id, by)
        if row.team_id not in by.permissions.leads:
            raise Forbidden(f"Only a lead of team {row.team.slug} can take the request over.")
        _check_abandoned(row)
        event = history.record(
            Action.REQUEST_TAKEN_OVER,
            actor=by.actor,
            at=now,
            about=history.about_request(row),
            body={"from": row.requester.label, "digest": row.digest},
        )
        # First, because a decision names the requester it was made with.
        row.decisions.filter(voided_at__isnull=True).update(voided_at=now)
        Request.objects.filter(pk=row.pk, state__in=sorted(OPEN_REQUEST)).update(
            requester=by.user,
            refresh=None,  # with answers that can be edited it is a change like any other
            state=RequestState.RETURNED.value,
            form_key=f"taken-over-{event.pk}",  # forms of the new requester have keys of their own
            last_event=event,
        )
        author = RequestAuthor(request=row, person=by.user)
        RequestAuthor.objects.bulk_create([author], ignore_conflicts=True)
        row.refresh_from_db()
        return row


def close_abandoned(request_id: int, *, by: By, reason: str, now: datetime) -> Request:
    """End an abandoned request.

    Raises NotFound, Forbidden (neither lead of the team nor platform admin), Invalid (no reason),
    Conflict (the requester can still send it, or it is closed).
    """
    with transaction.atomic():
        row = _locked(request_id, by)
        if not (by.permissions.is_platform_admin or row.team_id in by.permissions.leads):
            raise Forbidden(f"Only leads of {row.team.slug} and platform admins can close it.")
        _check_abandoned(row)
        if not reason.strip() or len(reason) > MAX_REASON:
            raise Invalid(f"Give a reason of at most {MAX_REASON} characters.", field="reason")
        event = history.record(
            Action.REQUEST_CLOSED,
            actor=by.actor,
            at=now,
            about=history.about_request(row),
            body={"requester": row.requester.label},
            note=reason.strip(),
        )
        Request.objects.filter(pk=row.pk, state__in=sorted(OPEN_REQUEST)).update(
            state=RequestState.CANCELLED.value, closed_at=now, last_event=event
        )
        row.refresh_from_db()
        return row


def _locked(request_id: int, by: By) -> Request:
    rows = visible_to(by.permissions).select_for_update(of=("self",))
    row = rows.filter(pk=request_id).exclude(state=RequestState.DRAFT.value).first()
    if row is None:
        raise NotFound
    return row


def _check_abandoned(row: Request) -> None:
    if RequestState(row.state) not in OPEN_REQUEST:
        raise Conflict(f"{row.label} is already {row.state}.")
    if not why_abandoned(row):
        raise Conflict(f"{row.requester.label} can still send or cancel {row.label}.")
