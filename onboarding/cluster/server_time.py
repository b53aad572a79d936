"""What an API server says of time: its clock, by the Date of answers, and how long tokens live.

Nothing here is compared with a clock of this host. How long ago an answer came is monotonic, which
nobody sets.
"""

import base64
import binascii
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

_NEWS_SECONDS = 60.0  # what was heard before says nothing of now
_HALF_A_SECOND = timedelta(milliseconds=500)  # Date tells whole seconds, cut off
_LONGEST_LIFE_SECONDS = 366 * 24 * 3600


class MintedToken(NamedTuple):
    """A new token, and how long it lives from when it was asked for."""

    token: str
    life: timedelta


class ServerClock:
    """The clock of one API server, by its newest answer. Safe to share between threads."""

    def __init__(self) -> None:
        self._heard: tuple[datetime, float] | None = None

    def hear(self, date: datetime | None, *, arrived: float) -> None:
        """Take what an answer that arrived then (monotonic) says; None says nothing."""
        if date is not None:
            self._heard = (date + _HALF_A_SECOND, arrived)

    def now(self) -> datetime | None:
        """Return what that clock shows now, within a second or so; None without a fresh answer."""
        heard = self._heard
        if heard is None or (passed := time.monotonic() - heard[1]) > _NEWS_SECONDS:
            return None
        return heard[0] + timedelta(seconds=passed)


def date_of(header: str) -> datetime | None:
    """Return the time of a Date header, None for anything else."""
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return date.astimezone(UTC) if date.tzinfo else None


def life_of(token: str) -> timedelta | None:
    """Return how long a JWT lives by its own claims, exp and iat; None where it has none.

    Nothing is verified and nothing else is read: both are times of the clock that will judge it,
    so their difference holds whatever that clock shows.
    """
    claims = _claims(token)
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        return None
    if not 0 < expires - issued <= _LONGEST_LIFE_SECONDS:
        return None
    return timedelta(seconds=expires - issued)


def life_until(expires: str, *, by: datetime | None) -> timedelta | None:
    """Return how long it is until a time that was written by the clock that shows `by`."""
    try:
        left = datetime.fromisoformat(expires) - by if by else None
    except (ValueError, TypeError):
        return None
    return left if left and left > timedelta(0) else None


def _claims(token: str) -> dict[str, object]:
    _, _, rest = token.partition(".")
    payload, dot, _ = rest.partition(".")
    padded = payload + "=" * (-len(payload) % 4)
    try:
        claims = json.loads(base64.urlsafe_b64decode(padded)) if dot else None
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
