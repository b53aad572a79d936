"""Retiring asks for the namespace's name, typed out, so that no click does it alone.

Where something was seen in it, one more phrase is to be typed; the service checks that one.
"""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.spec import RequestKind
from onboarding.forms.why import WhyField


class RetireForm(forms.Form):
    """Valid only when the typed name equals the namespace's, character by character."""

    why = WhyField(RequestKind.RETIRE)
    typed_name = forms.CharField(
        label=gettext_lazy("Namespace name"),
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    confirms = forms.CharField(
        label=gettext_lazy("Confirmation"),
        strip=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    form_key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, name: str, phrase: str = "", why: str = "") -> None:
        """Remember the name that must be typed; `phrase` is what is typed beside it, if any.

        `why` is the reason to begin with.
        """
        super().__init__(data, initial={"form_key": uuid.uuid4().hex, "why": why})
        self.wanted_name, self.phrase = name, phrase
        self.fields["confirms"].error_messages["required"] = _("Type %(phrase)s.") % {
            "phrase": phrase
        }
        if not phrase:
            del self.fields["confirms"]

    def clean_typed_name(self) -> str:
        """Return the name. ValidationError when it is not the one."""
        typed = str(self.cleaned_data["typed_name"])
        if typed != self.wanted_name:
            raise forms.ValidationError(
                _("This is not the name. Type %(name)s.") % {"name": self.wanted_name}
            )
        return typed
