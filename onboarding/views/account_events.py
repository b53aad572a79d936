"""The edge where signals of allauth and Django become events. Connected when the app is ready.

A sign-in is an event before the session is stored: where the event cannot be written, the answer
is an error and nobody is signed in. Changes of an account share its transaction (account_pages).
"""

from typing import Any, cast

import structlog
from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from onboarding.domain.actions import Action
from onboarding.domain.objects import Json, Manifest
from onboarding.models import User
from onboarding.services.account_events import person_called, record_account, record_by_somebody
from onboarding.services.client_address import client_address
from onboarding.services.clock import database_now
from onboarding.services.sessions import SessionStore

log = structlog.get_logger()
_FACTORS = {"totp": "app code", "recovery_codes": "recovery code", "webauthn": "passkey"}
_RECOVERY = Authenticator.Type.RECOVERY_CODES


@receiver(account.user_logged_in)
def signed_in(request: HttpRequest, user: User, **_rest: Any) -> None:
    """With which factors somebody signed in."""
    used: list[Json] = [
        *dict.fromkeys(map(_factor, get_authentication_records(request, user))),
    ]
    _record(Action.SIGNED_IN, request, user, {"factors": used})


@receiver(auth.user_logged_in)
def session_begins(request: HttpRequest, **_rest: Any) -> None:
    """Whose session begins here: it slides, and has an end in any case."""
    session = cast("SessionStore", request.session)
    session.begin(now=database_now())


@receiver(auth.user_login_failed)
def password_refused(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_rest: Any
) -> None:
    """A wrong password, at the door or where it is asked for again."""
    login = credentials.get("username") or credentials.get("email") or ""
    _record_failure(request, person_called(str(login)), "password")


@receiver(mfa.authentication_failed)
def code_refused(request: HttpRequest, user: User | None, authenticator: Any, **_rest: Any) -> None:
    """A wrong code, or a passkey that was refused."""
    _record_failure(request, user, _FACTORS[authenticator.type])


@receiver(auth.user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_rest: Any) -> None:
    """Somebody signed out."""
    if user:
        _record(Action.SIGNED_OUT, request, user)


@receiver(account.user_signed_up)
def signed_up(request: HttpRequest, user: User, **_rest: Any) -> None:
    """An account that its person made."""
    _record(Action.ROW_ADDED, request, user, {"roles": []})


@receiver(account.password_changed)
@receiver(account.password_set)
def password_changed(request: HttpRequest, user: User, **_rest: Any) -> None:
    """A new password, by who knew the old one."""
    _record(Action.PASSWORD_CHANGED, request, user)


@receiver(account.password_reset)
def password_reset(request: HttpRequest, user: User, **_rest: Any) -> None:
    """A new password, by who had the link."""
    _record(Action.PASSWORD_RESET, request, user)


@receiver(account.email_added)
def address_added(
    request: HttpRequest, user: User, email_address: EmailAddress, **_rest: Any
) -> None:
    """A further address, not yet verified."""
    _record(Action.ADDRESS_CHANGED, request, user, {"added": email_address.email})


@receiver(account.email_removed)
def address_removed(
    request: HttpRequest, user: User, email_address: EmailAddress, **_rest: Any
) -> None:
    """One address less."""
    _record(Action.ADDRESS_CHANGED, request, user, {"removed": email_address.email})


@receiver(account.email_changed)
def address_made_primary(
    request: HttpRequest,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **_rest: Any,
) -> None:
    """Another address is the account's now."""
    before = from_email_address.email if from_email_address else None
    body: Manifest = {"primary": to_email_address.email, "before": before}
    _record(Action.ADDRESS_CHANGED, request, user, body)


@receiver(account.email_confirmed)
def address_verified(request: HttpRequest, email_address: EmailAddress, **_rest: Any) -> None:
    """An address verified by whoever had the link: its person only where they are signed in."""
    body: Manifest = {"verified": email_address.email}
    if request.user == email_address.user:
        _record(Action.ADDRESS_CHANGED, request, email_address.user, body)
    else:
        _record_by_somebody(Action.ADDRESS_CHANGED, request, email_address.user, body)


@receiver(post_save, sender=Authenticator)
def factor_added(instance: Any, created: bool, **_rest: Any) -> None:  # noqa: FBT001  # Django's signature
    """A second factor, or new recovery codes. allauth's own signal comes after the commit."""
    if not created or context.request is None:
        return
    action = (
        Action.RECOVERY_CODES_MADE if instance.type == _RECOVERY else Action.SECOND_FACTOR_ADDED
    )
    _record(action, context.request, instance.user, {"factors": [_FACTORS[instance.type]]})


@receiver(mfa.authenticator_removed)
def factor_removed(request: HttpRequest, user: User, authenticator: Any, **_rest: Any) -> None:
    """A second factor that its person took away."""
    body: Manifest = {"factors": [_FACTORS[authenticator.type]]}
    _record(Action.SECOND_FACTOR_DROPPED, request, user, body)


def _factor(used: dict[str, Any]) -> str:
    """Return one step of signing in, in words."""
    return _FACTORS.get(used.get("type", ""), str(used["method"]))


def _record(
    action: Action, request: HttpRequest, person: User, body: Manifest | None = None
) -> None:
    ip = client_address(request.META)
    record_account(action, person, ip=ip, now=database_now(), body=body)


def _record_by_somebody(
    action: Action, request: HttpRequest | None, person: User | None, body: Manifest
) -> None:
    ip = client_address(request.META) if request else None
    record_by_somebody(action, person, ip=ip, now=database_now(), body=body)


def _record_failure(request: HttpRequest | None, person: User | None, factor: str) -> None:
    """Tell of a failed try: history within bounds, the log always. What was typed is not kept."""
    log.warning("sign-in failed", person=person.pk if person else None, factor=factor)
    _record_by_somebody(Action.SIGN_IN_FAILED, request, person, {"factors": [factor]})
