"""The web process's heartbeat. Loaded by gunicorn.conf.py once the portal is: it needs the models.

It has no loop to tell of: gunicorn replaces a process whose loop does not turn.
"""

import atexit

from onboarding.domain.processes import ProcessKind
from onboarding.services.clock import database_now
from onboarding.services.heartbeats import LivingProcess, Saying


def start() -> None:
    """Have this process say that it lives, until it ends."""
    saying = Saying(LivingProcess(ProcessKind.WEB), database_now)
    saying.start()
    atexit.register(saying.say_goodbye)
