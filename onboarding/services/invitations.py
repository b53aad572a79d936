"""Invitations: a link for one use, with which a new person sets their own password.

Nobody types a password for somebody else. The link is made when it is sent and stored nowhere: it
is a code over the account as it is, so whatever changes the account, accepting it first of all,
ends every link that was sent before.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Conflict, Invalid, Violation
from onboarding.models import User
from onboarding.queries.role_holders import is_invited
from onboarding.services import history

GOOD_FOR = timedelta(days=7)
SALT = "onboarding.services.invitations"


class EndedInvitation(Conflict):
    """The link was used, is too old, or another one was sent since."""


def invitation_link(person: User, *, now: datetime) -> str:
    """Return the path with which the person sets a password, once, within GOOD_FOR from now."""
    at = int(now.timestamp())
    token = f"{int_to_base36(at)}-{_code(person, at)}"
    return reverse("invitation", args=[int_to_base36(person.pk), token])


def invited_by_link(number: str, token: str, *, now: datetime) -> User:
    """Return whom a link invites. Raises EndedInvitation, whatever is wrong with it."""
    try:
        person = User.objects.filter(pk=base36_to_int(number)).first()
        at = base36_to_int(token.partition("-")[0])
    except ValueError:
        person, at = None, 0
    if person is None or not is_invited(person):
        raise EndedInvitation("This invitation cannot be used any more.")
    right = constant_time_compare(token.partition("-")[2], _code(person, at))
    if not right or not 0 <= now.timestamp() - at <= GOOD_FOR.total_seconds():
        raise EndedInvitation("This invitation cannot be used any more.")
    return person


def accept_invitation(
    number: str, token: str, *, password: str, ip: str | None, now: datetime
) -> User:
    """Set the password of whom the link invites; their address counts as verified by it.

    Raises EndedInvitation, Invalid (a password that is too easy).
    """
    person = invited_by_link(number, token, now=now)
    try:
        validate_password(password, person)
    except ValidationError as weak:
        raise Invalid.of([Violation("password", words) for words in weak.messages]) from weak
    hashed = make_password(password)  # takes long: not while others wait for the database
    with transaction.atomic():
        was = User.objects.filter(pk=person.pk, password=person.password, email=person.email)
        if not was.filter(is_active=True).update(password=hashed):
            raise EndedInvitation("This invitation cannot be used any more.")
        _verify_address(person)
        history.record(
            Action.INVITATION_ACCEPTED,
            actor=history.actor_for(person, via="account", ip=ip),
            at=now,
            about=history.about_user(person),
            body={"verified": person.email},
        )
    return person


def _verify_address(person: User) -> None:
    """Note that whoever got the mail reads it, unless another account has verified the address."""
    same = EmailAddress.objects.filter(email__iexact=person.email)
    taken = same.filter(verified=True).exclude(user=person).exists()
    own = same.filter(user=person).first() or EmailAddress(user=person, email=person.email)
    EmailAddress.objects.filter(user=person, primary=True).exclude(pk=own.pk).update(primary=False)
    own.verified, own.primary = not taken, True
    own.save()


def _code(person: User, at: int) -> str:
    said = f"{person.pk}:{person.password}:{person.email}:{at}"
    return salted_hmac(SALT, said, algorithm="sha256").hexdigest()[:40]
