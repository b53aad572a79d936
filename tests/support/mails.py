"""What workers do about mails, at a time that a test says."""

from datetime import datetime, timedelta

from onboarding.services.clock import database_now
from onboarding.services.post import post_due
from onboarding.services.tell import tell_due


def tell(*, now: datetime | None = None) -> int:
    """Let one worker pass on what happened and send what is due; how many mails went out."""
    at = now or database_now() + timedelta(seconds=1)
    tell_due(now=at)
    return post_due("worker-1", clock=lambda: at)
