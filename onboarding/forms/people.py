"""E-mail addresses of people: one active account for each, as the admin and the person type it.

The database refuses a second one too; here it becomes an error at its field.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.forms import AddEmailForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _

from onboarding.models import User
from onboarding.queries.identity import active_person_with
from onboarding.services.own_address import keep_own_address

# Generic for the type checker only: Django's own classes take no parameter when they run.
if TYPE_CHECKING:
    PersonRow = forms.ModelForm[User]
else:
    PersonRow = forms.ModelForm


class PersonForm(PersonRow):
    """A person's row in the admin site, without the password: nobody types one for another."""

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email"]

    def clean(self) -> dict[str, Any]:
        """Refuse the address of another active person, in any spelling."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        email, is_active = cleaned.get("email", ""), self.instance.is_active
        other = active_person_with(email, besides=self.instance.pk) if email and is_active else None
        if other:
            words = _("%(other)s, who is active, has this address. One person is one account.")
            self.add_error("email", words % {"other": other.label})
        return cleaned


class NewAddressForm(AddEmailForm):
    """A person's own further address, on the account page."""

    def clean_email(self) -> str:
        """Refuse what could never become theirs, before a mail is sent to somebody else."""
        email: str = super().clean_email()
        if active_person_with(email, besides=self.user.pk if self.user else None):
            raise forms.ValidationError(_("Another account has this address."))
        return email

    def save(self, request: HttpRequest) -> Any:
        """Add it beside the account's own address, which stays the primary one."""
        if isinstance(self.user, User):
            keep_own_address(self.user)
        return super().save(request)
