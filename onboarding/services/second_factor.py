"""Remove a second factor that its owner has lost: by another platform admin, or the console."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Conflict, Forbidden
from onboarding.models import User
from onboarding.services import history
from onboarding.services.history import Actor


class OwnSecondFactor(Forbidden):
    """One's own is changed on the account page, where it is asked for first."""


def remove_second_factor(person: User, *, actor: Actor, now: datetime) -> None:
    """Remove every second factor of a person and end their sessions, with one event.

    Raises OwnSecondFactor, and Conflict where there is none.
    """
    if actor.id == str(person.pk):
        raise OwnSecondFactor("Another platform admin removes your second factor.")
    with transaction.atomic():
        factors = Authenticator.objects.select_for_update().filter(user=person)
        kinds = sorted(factors.values_list("type", flat=True))
        if not kinds:
            raise Conflict(f"{person.label} has no second factor.")
        factors.delete()
        _end_sessions(person, now)
        history.record(
            Action.SECOND_FACTOR_REMOVED,
            actor=actor,
            at=now,
            about=history.about_user(person),
            body={"factors": [*kinds]},
        )


def _end_sessions(person: User, now: datetime) -> None:
    """Sign the person out everywhere. A session does not name its person in a column."""
    live = Session.objects.filter(expire_date__gt=now)
    own = [one.pk for one in live.iterator() if _belongs_to(one, person)]
    Session.objects.filter(pk__in=own).delete()


def _belongs_to(session: Session, person: User) -> bool:
    return bool(session.get_decoded().get(SESSION_KEY) == str(person.pk))
