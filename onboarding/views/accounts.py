"""Accounts come from allauth; sign-up is closed unless a setting opens it."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.internal.ratelimit import consume, get_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onboarding.domain.actions import Action
from onboarding.models import User
from onboarding.services.account_events import person_called, record_by_somebody
from onboarding.services.client_address import client_address
from onboarding.services.clock import database_now
from onboarding.services.own_address import keep_own_address
from onboarding.services.sealed_seeds import CannotUnseal, seal, unseal
from onboarding.views.known_browsers import browser_of, known_browser, remember_browser
from onboarding.views.pending import lead_to_kept

log = structlog.get_logger()


class AccountAdapter(DefaultAccountAdapter):
    """The portal's own answers to allauth's questions."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many tries. Try again in 5 minutes or reset your password."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Tell whether strangers may create accounts."""
        return bool(settings.SIGNUP_OPEN)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return by what limits count. Where addresses cannot be known, all share one count."""
        return client_address(request.META) or "unknown"

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count by person and address: who types wrong passwords here locks nobody out elsewhere.

        allauth has no setting for this; `tests/web/test_sign_in.py` notices if its hook moves.
        """
        by_person = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{by_person}:{get_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse what is over the limit. These tries are in the log only, or they fill history."""
        login = credentials.get("username") or credentials.get("email") or ""
        known = known_browser(request, person_called(str(login)))
        try:
            if known:
                self._count_own(request, known)
            else:
                super().pre_authenticate(request, **credentials)
        except ValidationError:
            log.warning("sign-in refused by the limits")
            raise

    def _count_own(self, request: HttpRequest, known: str) -> None:
        """Count a try of a browser that this person has signed in with, apart from all others."""
        usage = consume(request, app="allauth.account", action="login_failed_known", key=known)
        self._login_failed_rl_usage = usage  # a right password gives it back
        if not usage:
            raise self.validation_error("too_many_login_attempts")

    def post_login(self, request: HttpRequest, user: Any, **rest: Any) -> Any:
        """Sign in, know the browser from now on, and lead to the form that was kept in it."""
        response = super().post_login(request, user, **rest)
        before = browser_of(request)
        after = remember_browser(request, response, user)
        return lead_to_kept(request, response, user, before=before, after=after)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Verify an address, which never makes it the account's by the way."""
        keep_own_address(email_address.user)
        return bool(super().confirm_email(request, email_address))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send what is no event, if allauth has anything: nothing that this portal offers does."""
        whole = {"request": self.request, "email": email, "portal": settings.BASE_URL}
        mail: EmailMessage = self.render_mail(template_prefix, email, whole | context)
        transaction.on_commit(mail.send, robust=True)

    def send_notification_mail(self, *_about: Any, **_more: Any) -> None:
        """Send nothing: each change is an event, and workers tell of it (services/tell.py)."""

    def send_password_reset_mail(self, user: Any, email: str, _context: dict[str, Any]) -> None:
        """Record that somebody asked for a link. A worker makes and sends it; it is not stored."""
        self._record_wish(Action.PASSWORD_RESET_ASKED, user, email)

    def send_confirmation_mail(
        self,
        _request: HttpRequest,
        emailconfirmation: Any,
        signup: bool,  # noqa: ARG002, FBT001  # allauth's signature
    ) -> None:
        """Record that a link to confirm an address was asked for; a worker makes and sends it."""
        address = emailconfirmation.email_address
        self._record_wish(Action.ADDRESS_LINK_ASKED, address.user, address.email)

    def _record_wish(self, action: Action, person: User, email: str) -> None:
        ip = client_address(self.request.META)
        record_by_somebody(action, person, ip=ip, now=database_now(), body={"sent_to": email})


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors sealed in the database."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "sealed": _("The portal cannot check this code now. Tell a platform admin."),
    }

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return seal(settings.BULKHEAD_SECOND_FACTOR_KEYS, text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. One that no key opens, or that was never sealed, opens nothing."""
        try:
            return unseal(settings.BULKHEAD_SECOND_FACTOR_KEYS, encrypted_text)
        except CannotUnseal as closed:
            log.exception("a second factor cannot be opened")
            raise self.validation_error("sealed") from closed
