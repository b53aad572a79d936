"""The kinds of process that make up a running portal, and when one counts as silent."""

from datetime import timedelta
from enum import StrEnum


class ProcessKind(StrEnum):
    """What a process is there for; named like the services of the compose file."""

    WEB = "web"
    WORKER = "worker"
    BEAT = "beat"
    SWEEPER = "sweeper"


# So many heartbeats that were not heard make a process silent.
BEATS_MISSED = 3
# A process that ended is remembered for so long, then its row goes.
REMEMBERED = timedelta(hours=1)
# What a web process finds under it, in the environment of each request, tells whether its threads
# are stuck (portal/pools.py).
ARE_STUCK = "bulkhead.are_stuck"
