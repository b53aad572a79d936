"""Sessions in the database, as Django keeps them, that begin and end by the database's clock.

Otherwise a web process on a host that is ahead would sign everybody out who comes to it, and the
sessions made there would outlive their age on every other.

A session of somebody who is signed in slides: it ends after SESSION_COOKIE_AGE without a page being
asked for, and after SESSION_MOST_AGE in any case. It is written again only when a good part of the
first has passed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models.functions import Now

SLIDES_AFTER = 0.25  # of the time without a page
_AT_MOST_UNTIL = "at_most_until"


class SessionStore(db.SessionStore):
    """The store that `SESSION_ENGINE` names.

    `read_at` and `ends_at` are the database's time when the row was read and the end it had; None
    for a session that was not read from the database.
    """

    read_at: datetime | None = None
    ends_at: datetime | None = None

    def _get_session_from_db(self) -> Session | None:
        """Return the row, unless its end has passed."""
        live = Session.objects.filter(session_key=self.session_key, expire_date__gt=Now())
        session = live.annotate(read_at=Now()).first()
        if session is None:
            self._session_key = None
            return None
        self.read_at, self.ends_at = session.read_at, session.expire_date
        return session

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Return the row to be saved; its end is counted by the database when it is written."""
        session = super().create_model_instance(data)
        session.expire_date = Now() + self._age(data)
        return session

    def begin(self, *, now: datetime) -> None:
        """Let it slide from now on: somebody has just signed in."""
        most = now + timedelta(seconds=settings.SESSION_MOST_AGE)
        self[_AT_MOST_UNTIL] = most.isoformat()

    @property
    def at_most_until(self) -> datetime | None:
        """Return when it ends in any case; None for one that does not slide."""
        written = self.get(_AT_MOST_UNTIL)
        return datetime.fromisoformat(written).astimezone(UTC) if written else None

    def slide(self, *, at_once: bool = False) -> None:
        """Count its end from now, if a good part of its time has passed or `at_once` is asked."""
        if self.read_at is None or self.ends_at is None or self.at_most_until is None:
            return
        age = self._age({_AT_MOST_UNTIL: self.get(_AT_MOST_UNTIL)})
        gained = self.read_at + age - self.ends_at
        good_part = timedelta(seconds=0 if at_once else self.get_expiry_age() * SLIDES_AFTER)
        if gained <= good_part:
            return
        live = Session.objects.filter(session_key=self.session_key, expire_date__gt=Now())
        if live.update(expire_date=Now() + age):
            self.ends_at = self.read_at + age

    def _age(self, data: dict[str, Any]) -> timedelta:
        """Return how long it may last from now on."""
        age = timedelta(seconds=self.get_expiry_age())
        most = data.get(_AT_MOST_UNTIL)
        if not most or self.read_at is None:
            return age
        return max(timedelta(0), min(age, datetime.fromisoformat(most) - self.read_at))
