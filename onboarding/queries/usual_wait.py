"""How long approvals usually take: the median per lane of what was decided lately.

Said on the form and on requests that wait, and what the queue compares an age with.
"""

from collections.abc import Mapping
from datetime import timedelta
from statistics import median

from django.db.models import F
from django.db.models.functions import Now

from onboarding.domain.lanes import Lane
from onboarding.models import Decision

LATELY = timedelta(days=30)
ENOUGH = 3
MOST_READ = 2000


def usual_waits() -> Mapping[Lane, timedelta | None]:
    """Return for each lane the median time from submitted to decided; None for too few. One query.

    Of the last 30 days, the newest of them where they are many. Whatever was said counts. What was
    sent again after its decision does not: when it was sent first is not on the row any more.
    """
    rows = Decision.objects.filter(decided_at__gte=Now() - LATELY)
    rows = rows.filter(request__submitted_at__lte=F("decided_at"))
    waits: dict[str, list[timedelta]] = {lane.value: [] for lane in Lane}
    newest = rows.order_by("-decided_at").values_list("lane", "decided_at", "request__submitted_at")
    for lane, decided_at, submitted_at in newest[:MOST_READ]:
        if submitted_at:
            waits[lane].append(decided_at - submitted_at)
    return {lane: _median(waits[lane.value]) for lane in Lane}


def _median(waits: list[timedelta]) -> timedelta | None:
    if len(waits) < ENOUGH:
        return None
    return timedelta(seconds=median(wait.total_seconds() for wait in waits))
