"""Expire: requests nobody decided in time free their name; what was typed and left goes. Hourly."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState, request_sources_of
from onboarding.domain.objects import Manifest
from onboarding.models import Decision, Request, Vote
from onboarding.services import history
from onboarding.services.kept_forms import drop_left


def expire_requests(*, now: datetime) -> int:
    """Expire what was submitted too long ago, one transaction each; return how many."""
    drop_left(now=now)
    sources = sorted(request_sources_of(RequestState.EXPIRED))
    before = now - timedelta(days=settings.REQUEST_EXPIRES_DAYS)
    old = Request.objects.filter(state__in=sources, submitted_at__lt=before)
    return sum(_expire(request, sources, now) for request in old.select_related("team", "cluster"))


def _expire(request: Request, sources: list[RequestState], now: datetime) -> int:
    with transaction.atomic():
        locked = Request.objects.select_for_update().filter(pk=request.pk, state__in=sources)
        state = locked.values_list("state", flat=True).first()
        if state is None:
            return 0
        event = history.record(
            Action.REQUEST_EXPIRED,
            actor=history.SYSTEM,
            at=now,
            about=history.about_request(request),
            body=_left_open(request, state),
        )
        return locked.update(state=RequestState.EXPIRED.value, closed_at=now, last_event=event)


def _left_open(request: Request, state: str) -> Manifest:
    """Return where it stood, for who is told: returned, or which approvals it lacked."""
    given = Decision.objects.filter(request=request, vote=Vote.APPROVE, voided_at__isnull=True)
    lacking = request.lanes.exclude(lane__in=given.values("lane")).values_list("lane", flat=True)
    return {"state": state, "lacking": [*lacking]}
