"""What is asked before somebody's second factor goes, or their account is switched off."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.services.second_factor import MAX_CHECK
from onboarding.services.switch_people import MAX_REASON


class ResetFactorForm(forms.Form):
    """checked, revoke_keys (where there are keys)."""

    checked = forms.CharField(
        label=_("How did you make sure that it is the person who asks?"),
        max_length=MAX_CHECK,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": _("Called back on the office number")}
        ),
        help_text=_("Auditors read it."),
    )
    revoke_keys = forms.BooleanField(
        label=_("Revoke the approval keys too"),
        required=False,
        initial=True,
        help_text=_(
            "Whoever found the device might sign approvals with it. What was signed with a revoked "
            "key and is not applied yet has to be asked for again."
        ),
    )

    def __init__(self, data: Any = None, *, has_keys: bool) -> None:
        """Ask of approval keys only where there are some."""
        super().__init__(data)
        if not has_keys:
            del self.fields["revoke_keys"]


class SwitchOffForm(forms.Form):
    """reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Auditors read it."),
    )
