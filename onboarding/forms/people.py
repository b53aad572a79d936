"""What the admin site accepts for people: one active account for an e-mail address.

The database refuses a second one too; here it becomes an error at its field, also when an account
is switched on again.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.utils.translation import gettext as _

from onboarding.models import User

# Generic for the type checker only: Django's own classes take no parameter when they run.
if TYPE_CHECKING:
    PersonRow = forms.ModelForm[User]
    ChangeRow = UserChangeForm[User]
    CreationRow = AdminUserCreationForm[User]
else:
    PersonRow, ChangeRow, CreationRow = forms.ModelForm, UserChangeForm, AdminUserCreationForm


class OneAccountEach(PersonRow):
    """The check of both forms."""

    def clean(self) -> dict[str, Any]:
        """Refuse the address of another active person, in any spelling."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        email = cleaned.get("email", "")
        if email and cleaned.get("is_active", True):
            others = User.objects.filter(is_active=True, email__iexact=email)
            if other := others.exclude(pk=self.instance.pk).first():
                words = _("%(other)s, who is active, has this address. One person is one account.")
                self.add_error("email", words % {"other": other.label})
        return cleaned


class PersonForm(OneAccountEach, ChangeRow):
    """Changing a person."""


class NewPersonForm(OneAccountEach, CreationRow):
    """Adding a person."""
