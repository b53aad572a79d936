"""Waiting for Kubernetes to finish something: how often to look, and when it counts as stuck.

Quick at first, because most ends take seconds; then ever rarer, because what has not ended in
minutes waits for a person, and nobody is helped by asking twice a second.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

# The columns of a row that waits for nothing; every move to another state writes them.
NOT_WAITING: Mapping[str, None] = {"waiting_since": None, "stuck_at": None, "held_by": None}
FIRST_PAUSE = timedelta(seconds=0.5)
QUICK_FOR = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(seconds=60)


def pause_after(waited: timedelta) -> timedelta:
    """Return how long to wait before the next look: a tenth of the wait so far, within bounds."""
    if waited < QUICK_FOR:
        return FIRST_PAUSE
    return min(LONGEST_PAUSE, waited / 10)


def is_stuck(since: datetime, *, now: datetime) -> bool:
    """Tell whether a wait has lasted so long that a person should know."""
    return now - since >= timedelta(seconds=settings.STUCK_SECONDS)
