"""Does the portal do its work? Asked by /readyz: living processes prove nothing."""

from datetime import datetime, timedelta

from django.db.models import Min, Q

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import ManagedNamespace


def overdue(now: datetime) -> timedelta | None:
    """Return by how much the oldest due work is late, or None when nothing is due.

    Work held by a live lease is being done; work of a cluster in a bad condition waits for it.
    """
    oldest = (
        ManagedNamespace.objects.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=now),
            next_at__lte=now,
            cluster__condition=ClusterCondition.OK.value,
        )
        .aggregate(oldest=Min("next_at"))
        .get("oldest")
    )
    return now - oldest if oldest else None
