"""E-mail addresses of people: one active account for each, as the admin and the person type it.

The database refuses a second one too; here it becomes an error at its field, also when an account
is switched on again.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.forms import AddEmailForm
from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from onboarding.models import User
from onboarding.services.own_address import keep_own_address

# Generic for the type checker only: Django's own classes take no parameter when they run.
if TYPE_CHECKING:
    PersonRow = forms.ModelForm[User]
    ChangeRow = UserChangeForm[User]
    CreationRow = AdminUserCreationForm[User]
else:
    PersonRow, ChangeRow, CreationRow = forms.ModelForm, UserChangeForm, AdminUserCreationForm


def who_has(address: str, *, besides: AbstractBaseUser | None) -> User | None:
    """Return another active person with the address, their own or verified, in any spelling."""
    verified = Q(emailaddress__email__iexact=address, emailaddress__verified=True)
    active = User.objects.filter(Q(email__iexact=address) | verified, is_active=True)
    return (active.exclude(pk=besides.pk) if besides else active).first()


class OneAccountEach(PersonRow):
    """The check of both forms."""

    def clean(self) -> dict[str, Any]:
        """Refuse the address of another active person, in any spelling."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        email = cleaned.get("email", "")
        is_active = cleaned.get("is_active", True)
        other = who_has(email, besides=self.instance) if email and is_active else None
        if other:
            words = _("%(other)s, who is active, has this address. One person is one account.")
            self.add_error("email", words % {"other": other.label})
        return cleaned


class PersonForm(OneAccountEach, ChangeRow):
    """Changing a person."""


class NewPersonForm(OneAccountEach, CreationRow):
    """Adding a person."""


class NewAddressForm(AddEmailForm):
    """A person's own further address, on the account page."""

    def clean_email(self) -> str:
        """Refuse what could never become theirs, before a mail is sent to somebody else."""
        email: str = super().clean_email()
        if who_has(email, besides=self.user):
            raise forms.ValidationError(_("Another account has this address."))
        return email

    def save(self, request: HttpRequest) -> Any:
        """Add it beside the account's own address, which stays the primary one."""
        if isinstance(self.user, User):
            keep_own_address(self.user)
        return super().save(request)
