"""Times that only a wrong clock can have written, put right: later than anybody plans for.

Most are judged where they are read (services/claim.py, observe.py, guards.py, renew.py). What is
here would keep a cluster's work waiting until then.
"""

from datetime import datetime, timedelta

from onboarding.models import Cluster

LONGEST_PATIENCE = timedelta(minutes=10)  # more than any pause, and than any server's Retry-After


def forget_wrong_times(*, now: datetime) -> int:
    """Have clusters tried now that would be tried far too late; return how many."""
    return Cluster.objects.filter(retry_at__gt=now + LONGEST_PATIENCE).update(retry_at=now)
