"""Beat by a clock that nobody sets, so that a wrong one on its host stops no sweep.

Celery's own scheduler goes by the host's clock and keeps in a file when each task ran last: ten
seconds two days ahead, and it sends nothing for two days. This one counts from its own start, by
the monotonic clock, and keeps nothing; what it has not sent, the sweeper does anyway.
"""

import time
from datetime import UTC, datetime, timedelta

from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import schedstate, schedule

_STARTED_AT, _STARTED = datetime.now(UTC), time.monotonic()


def steady_now() -> datetime:
    """Return what the host's clock showed at the start, and the time that has passed since."""
    return _STARTED_AT + timedelta(seconds=time.monotonic() - _STARTED)


class SteadyEntry(ScheduleEntry):
    """One task and when it was last sent, by the steady clock."""

    def default_now(self) -> datetime:
        """Return the time that the scheduler orders its tasks by."""
        return steady_now()

    def is_due(self) -> schedstate:
        """Return whether to send it, and in how many seconds to ask again."""
        if not isinstance(self.schedule, schedule):  # not every so many seconds: a time of day
            return schedstate(*super().is_due())
        every, sent_at = float(self.schedule.seconds), self.last_run_at or steady_now()
        left = every - (steady_now() - sent_at).total_seconds()
        is_due = left <= 0
        return schedstate(is_due=is_due, next=every if is_due else left)


class SteadyScheduler(Scheduler):
    """What portal/patience.py sends by. The file that `beat --schedule` names is not written."""

    Entry = SteadyEntry
