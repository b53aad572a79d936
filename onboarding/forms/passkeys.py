"""Passkeys that are refused, told like wrong codes: allauth's own forms send no signal for them."""

from typing import TYPE_CHECKING, Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.mfa.webauthn.forms import (
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms

# For the type checker only: what the three forms have in common.
if TYPE_CHECKING:
    AnyPasskeyForm = AuthenticateWebAuthnForm
else:
    AnyPasskeyForm = object


class TellsRefusal(AnyPasskeyForm):
    """Send allauth's signal of a failed factor. Whose it is, is known only after a password."""

    def clean_credential(self) -> Any:
        """Return the passkey that answered. What limits refuse is not told one by one."""
        try:
            return super().clean_credential()
        except forms.ValidationError as refused:
            if refused.code != "too_many_login_attempts":
                authentication_failed.send(
                    sender=Authenticator,
                    request=context.request,
                    user=self.user,
                    authenticator=Authenticator(type=Authenticator.Type.WEBAUTHN),
                    reauthentication=self.reauthenticated,
                )
            raise


class PasskeySignIn(TellsRefusal, LoginWebAuthnForm):
    """A passkey in place of name and password."""


class PasskeySecond(TellsRefusal, AuthenticateWebAuthnForm):
    """A passkey after the password."""


class PasskeyAgain(TellsRefusal, ReauthenticateWebAuthnForm):
    """A passkey where somebody is asked again."""
