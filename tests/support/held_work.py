"""Work that lasts as long as a test wants, for a worker that includes this module."""

from pathlib import Path
from threading import Event

from celery import shared_task
from django.conf import settings

from onboarding.tasks import chore

POLL_SECONDS = 0.05


def hold() -> None:
    """Last as long as there is a file of this name in the state folder."""
    pause, reason = Event(), Path(settings.STATE_DIR, "held")
    while reason.exists():
        pause.wait(POLL_SECONDS)


HELD = shared_task(name="tests.held")(hold)
HELD_CHORE = chore("tests.held_chore")(hold)
