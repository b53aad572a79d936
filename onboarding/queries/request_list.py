"""What a list of requests can be narrowed by: each choice is a condition in SQL, said once here."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.domain.spec import RequestKind
from onboarding.models import Decision, RequestLane
from onboarding.queries.facets import Conditions

IS_OPEN = Q(state__in=sorted(OPEN_REQUEST))
OPEN = "open"
WAITS_LONGER = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


def request_conditions(*, now: datetime) -> Mapping[str, Conditions]:
    """Return every choice but the team: {field: {value: condition}}."""
    return {
        "state": {OPEN: IS_OPEN, **{state.value: Q(state=state.value) for state in RequestState}},
        "kind": {kind.value: Q(kind=kind.value) for kind in RequestKind},
        "waiting": {lane.value: waits_for(lane) for lane in Lane},
        "age": {
            value: IS_OPEN & Q(submitted_at__lte=now - span) for value, span in WAITS_LONGER.items()
        },
    }


def waits_for(lane: Lane) -> Q:
    """Match requests that wait for an approval of this lane."""
    needed = RequestLane.objects.filter(request=OuterRef("pk"), lane=lane.value)
    given = Decision.objects.filter(request=OuterRef("pk"), lane=lane.value, voided_at__isnull=True)
    return Q(state=RequestState.PENDING.value) & Q(Exists(needed)) & ~Q(Exists(given))
