"""The portal's web application on a host whose clock is five minutes ahead.

For `gunicorn tests.support.web_five_minutes_ahead`. The clock is wrong before anything reads it.
"""

from datetime import datetime, timedelta

from django.utils import timezone

_right = timezone.now


def _ahead() -> datetime:
    return _right() + timedelta(minutes=5)


timezone.now = _ahead

from portal.wsgi import application  # noqa: E402 (see above)

__all__ = ["application"]
