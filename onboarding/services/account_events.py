"""What happens to accounts, as history tells it: signing in and out, passwords, second factors.

Names that nobody has are not kept: people type passwords where the name belongs. Failures about one
person are told a hundred times an hour at most, wishes for a link by mail too, and about nobody
known as often altogether, so that nobody can bury history; the limits of sign-in come first, and
the log has every single one. What changes an account is told every time.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from onboarding.domain.actions import Action
from onboarding.domain.objects import Manifest
from onboarding.models import Event, User
from onboarding.services.history import About, Actor, about_user, actor_for, record

VIA = "account"
TOLD_AN_HOUR = 100
# They change nothing, and anybody can do them again and again.
BOUNDED = frozenset({Action.SIGN_IN_FAILED, Action.PASSWORD_RESET_ASKED, Action.ADDRESS_LINK_ASKED})
NOBODY_KNOWN = About(kind="person", id="unknown", label="unknown")
log = structlog.get_logger()


def somebody(ip: str | None) -> Actor:
    """Return who acts before anybody knows who it is."""
    return Actor(id="somebody", name="Somebody", via=VIA, ip=ip)


def person_called(login: str) -> User | None:
    """Return whom a typed name or address means, if anybody."""
    own = Q(username__iexact=login) | Q(email__iexact=login)
    verified = Q(emailaddress__email__iexact=login, emailaddress__verified=True)
    return User.objects.filter(own | verified).order_by("-is_active", "pk").first()


def record_account(
    action: Action, person: User, *, ip: str | None, now: datetime, body: Manifest | None = None
) -> None:
    """Write one event of a person about their own account."""
    actor = actor_for(person, via=VIA, ip=ip)
    with transaction.atomic():
        record(action, actor=actor, at=now, about=about_user(person), body=body)


def record_by_somebody(
    action: Action, person: User | None, *, ip: str | None, now: datetime, body: Manifest
) -> None:
    """Write what somebody unknown did about a person's account, or about nobody's.

    Of what is bounded the last one of an hour says that it is; those after it are in the log only.
    """
    about = about_user(person) if person else NOBODY_KNOWN
    told_already = _told_already(action, about, now) if action in BOUNDED else 0
    if told_already >= TOLD_AN_HOUR:
        log.warning("not in history, too many an hour", action=action.value, person=about.id)
        return
    if told_already == TOLD_AN_HOUR - 1:
        body = {**body, "further": "only in the log, for an hour"}
    with transaction.atomic():
        record(action, actor=somebody(ip), at=now, about=about, body=body)


def _told_already(action: Action, about: About, now: datetime) -> int:
    """Count what was told within the hour, and no further than matters."""
    told = Event.objects.filter(
        action=action.value, object_id=about.id, at__gt=now - timedelta(hours=1)
    )
    return len(told.order_by("-id").values_list("pk")[:TOLD_AN_HOUR])
