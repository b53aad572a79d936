"""Closing a request that nobody stands behind any more: the reason, which its team reads."""

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.services.take_over import MAX_REASON


class CloseRequestForm(forms.Form):
    """reason."""

    reason = forms.CharField(
        label=_("Reason for closing it"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The team, approvers and auditors read it. Closing frees the name."),
    )
