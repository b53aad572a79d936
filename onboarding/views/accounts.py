"""Accounts come from allauth; sign-up is closed unless a setting opens it."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


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

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count by person and address: who types wrong passwords here locks nobody out elsewhere.

        allauth has no setting for this; `tests/web/test_sign_in.py` notices if its hook moves.
        """
        by_person = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{by_person}:{get_ip(request)}"
