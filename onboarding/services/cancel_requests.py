"""Cancel requests that cannot be followed any more, each with its event and why."""

from datetime import datetime

from django.db.models import QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState, request_sources_of
from onboarding.models import Request
from onboarding.services import history
from onboarding.services.history import By


def cancel_requests(rows: QuerySet[Request], *, because: str, by: By, now: datetime) -> None:
    """Cancel those of the rows that are open. Inside the transaction that makes them senseless."""
    sources = sorted(request_sources_of(RequestState.CANCELLED))
    still_open = rows.filter(state__in=sources).select_related("team", "cluster")
    for row in still_open.select_for_update(of=("self",)):
        event = history.record(
            Action.REQUEST_CANCELLED,
            actor=by.actor,
            at=now,
            about=history.about_request(row),
            body={"because": because},
        )
        Request.objects.filter(pk=row.pk).update(
            state=RequestState.CANCELLED.value, closed_at=now, last_event=event
        )
