"""A host whose clock is wrong, by as many seconds as a file says at the moment.

`python -m tests.support.wrong_clock PROGRAM ARGUMENT…` runs a worker's program there; the web
process is in web_by_wrong_clock.py. Whoever asks Python, Django or Celery for the time is told so;
what counts seconds (monotonic) is right. The clock is wrong before anything reads it.
"""

import importlib
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

CLOCK_VARIABLE = "BULKHEAD_TEST_CLOCK"
PROGRAMS = {
    "celery": ("celery.__main__", "main"),
    "manage": ("django.core.management", "execute_from_command_line"),
}
CHORES_SECONDS = 0.5
SWEEP_EVERY = 0.25


def set_clock(file: Path, seconds: float) -> None:
    """Put every clock that goes by the file so far ahead, at once."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(file)


def go_wrong() -> None:
    """From now on this process goes by the file."""
    file, right = Path(os.environ[CLOCK_VARIABLE]), time.time
    time.time = lambda: right() + float(file.read_text())
    timezone = importlib.import_module("django.utils.timezone")
    celery = importlib.import_module("celery.app.base").Celery
    # Both ask the system, past time.time.
    timezone.now = _shifted(timezone.now, file)
    celery.now = _shifted(celery.now, file)


def _shifted(right: object, file: Path) -> object:
    def now(*asked: object) -> datetime:
        shown: datetime = right(*asked)  # type: ignore[operator]
        return shown + timedelta(seconds=float(file.read_text()))

    return now


def hurry() -> None:
    """Do what is done once a minute, and beat's sweeps, several times a second."""
    settings = importlib.import_module("django.conf").settings
    settings.CELERY_BEAT_SCHEDULE = {"sweep": {"task": "onboarding.sweep", "schedule": SWEEP_EVERY}}
    importlib.import_module("django").setup()
    command = importlib.import_module("onboarding.management.commands.reconcile")
    command.CHORES_SECONDS = CHORES_SECONDS


if __name__ == "__main__":
    go_wrong()
    hurry()
    module, function = PROGRAMS[sys.argv[1]]
    sys.argv = sys.argv[1:]
    getattr(importlib.import_module(module), function)()
