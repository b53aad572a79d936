"""Does the portal do its work? Living processes, and those that can serve, prove nothing."""

from datetime import datetime, timedelta

from django.db.models import Min, Q
from django.db.models.functions import Greatest

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import ManagedNamespace


def overdue(now: datetime) -> timedelta | None:
    """Return by how much the oldest due work is late, or None when nothing is due.

    Work held by a live lease is being done. Work of a cluster in a bad condition is due once the
    cluster is to be tried again: that has to be done by somebody too.
    """
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    rows = ManagedNamespace.objects.filter(free, next_at__lte=now).order_by()
    is_well = Q(cluster__condition=ClusterCondition.OK.value)
    waiting = rows.exclude(is_well).filter(cluster__retry_at__lte=now)
    known = (
        rows.filter(is_well).aggregate(oldest=Min("next_at")),
        waiting.aggregate(oldest=Min(Greatest("next_at", "cluster__retry_at"))),
    )
    return max((now - one["oldest"] for one in known if one["oldest"]), default=None)
