"""Closing a cluster asks for its name, typed out, and for a reason from the one who asks first."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.services.close_cluster import MAX_REASON


class ConfirmClosingForm(forms.Form):
    """Valid only when the typed name equals the cluster's, character by character."""

    typed_name = forms.CharField(
        label=gettext_lazy("Cluster name"),
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, name: str) -> None:
        """Remember the name that must be typed."""
        super().__init__(data)
        self.wanted_name = name

    def clean_typed_name(self) -> str:
        """Return the name. ValidationError when it is not the one."""
        typed = str(self.cleaned_data["typed_name"])
        if typed != self.wanted_name:
            raise forms.ValidationError(
                _("This is not the name. Type %(name)s.") % {"name": self.wanted_name}
            )
        return typed


class AskToCloseForm(ConfirmClosingForm):
    """The first of the two says why, too."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Teams that look for their namespaces read it."),
    )
    field_order = ("reason", "typed_name")
