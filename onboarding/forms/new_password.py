"""A person's first password, typed twice. Which are too easy is a rule of services/invitations."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.refusals import Invalid


def _password(label: Any) -> forms.CharField:
    attrs = {"autocomplete": "new-password"}
    return forms.CharField(label=label, strip=False, widget=forms.PasswordInput(attrs=attrs))


class FirstPasswordForm(forms.Form):
    """password, again."""

    password = _password(gettext_lazy("Password"))
    again = _password(gettext_lazy("Password, once more"))

    def __init__(self, data: Any = None) -> None:
        """Say what a password must be before one is typed."""
        super().__init__(data)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean(self) -> dict[str, Any]:
        """Refuse two that differ."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "again" in cleaned and cleaned.get("password") != cleaned["again"]:
            self.add_error("again", _("The two passwords differ. Type both again."))
        return cleaned

    def refuse(self, wrong: Invalid) -> None:
        """Show why a password is too easy."""
        for violation in wrong.violations:
            self.add_error("password", violation.words)
