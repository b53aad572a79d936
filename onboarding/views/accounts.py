"""Accounts come from allauth; sign-up is closed unless a setting opens it."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.internal.ratelimit import consume, get_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.sites.requests import RequestSite
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onboarding.domain.actions import Action
from onboarding.services.account_events import person_called, record_by_somebody
from onboarding.services.client_address import client_address
from onboarding.services.clock import database_now
from onboarding.services.own_address import keep_own_address
from onboarding.services.sealed_seeds import CannotUnseal, seal, unseal
from onboarding.views.known_browsers import known_browser, remember_browser

log = structlog.get_logger()


class AccountAdapter(DefaultAccountAdapter):
    """The portal's own answers to allauth's questions."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many wrong passwords from where you are. Wait five minutes, then try again."
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
        """Sign in, and know the browser from now on."""
        response = super().post_login(request, user, **rest)
        remember_browser(response, user)
        return response

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Verify an address, which never makes it the account's by the way."""
        keep_own_address(email_address.user)
        return bool(super().confirm_email(request, email_address))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail about what is stored: once it is, and with no transaction waiting for it."""
        transaction.on_commit(self._mail(template_prefix, email, context).send)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person of a change. A mail that does not go out is logged and undoes nothing."""
        to = email or EmailAddress.objects.get_primary_email(user)
        if not to:
            return
        about = {"at": database_now(), "ip": client_address(self.request.META), **(context or {})}
        transaction.on_commit(self._mail(template_prefix, to, about).send, robust=True)

    def _mail(self, template_prefix: str, to: str, context: dict[str, Any]) -> EmailMessage:
        whole = {"request": self.request, "email": to, "current_site": RequestSite(self.request)}
        mail: EmailMessage = self.render_mail(template_prefix, to, whole | context)
        return mail

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """Send the link, and record that somebody asked for it."""
        ip = client_address(self.request.META)
        record_by_somebody(
            Action.PASSWORD_RESET_ASKED, user, ip=ip, now=database_now(), body={"sent_to": email}
        )
        super().send_password_reset_mail(user, email, context)


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
