"""End a person's sessions: their very next request meets the sign-in page."""

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from onboarding.models import User


def end_sessions(person: User, *, now: datetime) -> int:
    """Sign the person out everywhere; return of how many browsers.

    A session does not name its person in a column: each that is live is opened.
    """
    live = Session.objects.filter(expire_date__gt=now)
    own = [one.pk for one in live.iterator() if _belongs_to(one, person)]
    return Session.objects.filter(pk__in=own).delete()[0]


def _belongs_to(session: Session, person: User) -> bool:
    return bool(session.get_decoded().get(SESSION_KEY) == str(person.pk))
