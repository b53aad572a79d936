"""Sessions in the database, as Django keeps them, that begin and end by the database's clock.

Otherwise a web process on a host that is ahead would sign everybody out who comes to it, and the
sessions made there would outlive their age on every other.
"""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models.functions import Now


class SessionStore(db.SessionStore):
    """The store that `SESSION_ENGINE` names."""

    def _get_session_from_db(self) -> Session | None:
        """Return the row, unless its end has passed."""
        live = Session.objects.filter(session_key=self.session_key, expire_date__gt=Now())
        session = live.first()
        if session is None:
            self._session_key = None
        return session

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Return the row to be saved; its end is counted by the database when it is written."""
        session = super().create_model_instance(data)
        session.expire_date = Now() + timedelta(seconds=self.get_expiry_age())
        return session
