"""This host's clock, compared with the database's: the one place that reads it.

Nothing the portal stores or decides depends on it, so no process stops or refuses to start for it.
What does go by it is other people's code: codes of authenticator apps, limits of sign-in, links for
one use. So a clock that is wrong is said, once, and once more when it is right again.
"""

from datetime import timedelta

import structlog
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.utils import timezone

from onboarding.domain.clocks import CLOCKS_AGREE
from onboarding.services.clock import database_now

log = structlog.get_logger()
_said_to_be_wrong = False


def watch_host_clock() -> None:
    """From now on, compare the clocks at each new connection to the database."""
    connection_created.connect(_compare)


def note_host_clock() -> timedelta:
    """Compare the clocks and return how far the host's is ahead; a change is a line in the log."""
    global _said_to_be_wrong  # noqa: PLW0603 (losing it costs one line)
    ahead = host_ahead()
    is_wrong = abs(ahead) > CLOCKS_AGREE
    if is_wrong != _said_to_be_wrong:
        _said_to_be_wrong = is_wrong
        seconds = round(ahead.total_seconds())
        if is_wrong:
            log.error("this host's clock differs from the database's", seconds_ahead=seconds)
        else:
            log.info("this host's clock agrees with the database's again", seconds_ahead=seconds)
    return ahead


def host_ahead() -> timedelta:
    """Return how far this host's clock is ahead of the database's."""
    before = timezone.now()  # noqa: TID251 (here the host's clock is what is asked about)
    database = database_now()
    after = timezone.now()  # noqa: TID251 (as above)
    return before + (after - before) / 2 - database


def _compare(connection: BaseDatabaseWrapper, **_signal: object) -> None:
    if connection.alias != DEFAULT_DB_ALIAS:  # e.g. that by which a database is dropped
        return
    try:
        note_host_clock()
    except DatabaseError as error:  # whoever wanted the connection finds out as well
        log.warning("the database does not say what time it is", error=str(error))
