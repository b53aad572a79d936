"""Accounts come from allauth; sign-up is closed unless a setting opens it."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """The portal's own answers to allauth's questions."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Tell whether strangers may create accounts."""
        return bool(settings.SIGNUP_OPEN)
