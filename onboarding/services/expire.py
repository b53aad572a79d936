"""Expire: requests nobody decided in time free their name. Run hourly."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState, request_sources_of
from onboarding.models import Request
from onboarding.services import history


def expire_requests(*, now: datetime) -> int:
    """Expire what was submitted too long ago, one transaction each; return how many."""
    sources = sorted(request_sources_of(RequestState.EXPIRED))
    before = now - timedelta(days=settings.REQUEST_EXPIRES_DAYS)
    old = Request.objects.filter(state__in=sources, submitted_at__lt=before)
    return sum(_expire(request, sources, now) for request in old.select_related("team", "cluster"))


def _expire(request: Request, sources: list[RequestState], now: datetime) -> int:
    with transaction.atomic():
        locked = Request.objects.select_for_update().filter(pk=request.pk, state__in=sources)
        if not locked.exists():
            return 0
        event = history.record(
            Action.REQUEST_EXPIRED,
            actor=history.SYSTEM,
            at=now,
            about=history.about_request(request),
        )
        return locked.update(state=RequestState.EXPIRED.value, closed_at=now, last_event=event)
