"""The web process's heartbeat. Loaded by gunicorn.conf.py once the portal is: it needs the models.

It has no loop to tell of: gunicorn replaces a process whose loop does not turn.
"""

import atexit

from onboarding.domain.processes import ProcessKind
from onboarding.services.clock import database_now
from onboarding.services.heartbeats import LivingProcess, start_saying


def start() -> None:
    """Have this process say that it lives, until it ends."""
    atexit.register(start_saying(LivingProcess(ProcessKind.WEB), clock=database_now))
