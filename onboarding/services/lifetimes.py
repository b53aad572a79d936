"""Tell of the end of a namespace's lifetime before it comes, and when it has. Run hourly.

Nothing is retired by itself. Each end is told 14, 3 and 1 days before, and once it has passed; what
was missed meanwhile is not told after the fact, only how it stands.
"""

import math
from datetime import datetime, timedelta

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import ENDED
from onboarding.domain.notices import DAYS_BEFORE_END
from onboarding.models import LifetimeWarning, ManagedNamespace
from onboarding.services import history


def warn_of_ends(*, now: datetime) -> int:
    """Write one event for each end that is near and was not told yet; return how many."""
    soon = now + timedelta(days=DAYS_BEFORE_END[0])
    live = ManagedNamespace.objects.exclude(state__in=sorted(ENDED)).filter(expires_at__lte=soon)
    known = set(LifetimeWarning.objects.values_list("namespace", "ends_at", "days"))
    told = 0
    for row in live.select_related("team", "cluster").order_by("expires_at", "id"):
        days = _step(row, now)
        if days is not None and (row.pk, row.expires_at, days) not in known:
            told += _tell(row, days, now=now)
    return told


def _step(row: ManagedNamespace, now: datetime) -> int | None:
    """Return the last step that was reached since the namespace was made, None before the first."""
    if row.expires_at is None:
        return None
    reached = [days for days in DAYS_BEFORE_END if row.expires_at - timedelta(days=days) <= now]
    made_later = [
        days for days in reached if row.expires_at - timedelta(days=days) < row.created_at
    ]
    left = [days for days in reached if days not in made_later]
    return min(left, default=None)


def _tell(row: ManagedNamespace, days: int, *, now: datetime) -> int:
    """Mark the step and tell of it, in one transaction: whoever comes second finds the mark."""
    if row.expires_at is None:
        return 0
    with transaction.atomic():
        _mark, is_new = LifetimeWarning.objects.get_or_create(
            namespace=row, ends_at=row.expires_at, days=days
        )
        if not is_new:
            return 0
        left = max(0, math.ceil((row.expires_at - now) / timedelta(days=1)))
        history.record(
            Action.NAMESPACE_ENDS_SOON if days else Action.NAMESPACE_PAST_END,
            actor=history.SYSTEM,
            at=now,
            about=history.about_namespace(row),
            body={"ends_at": row.expires_at.isoformat(), "days": left},
        )
        return 1
