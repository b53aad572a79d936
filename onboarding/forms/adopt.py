"""Taking over again asks for a reason and a click: what it means stands on the page."""

import uuid
from typing import Any

from django import forms

from onboarding.domain.spec import RequestKind
from onboarding.forms.why import WhyField


class AdoptForm(forms.Form):
    """Carries the key of the rendered form, so that a click sent twice is one request."""

    why = WhyField(RequestKind.ADOPT)
    form_key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, why: str = "") -> None:
        """Give the form its key; `why` is the reason to begin with."""
        super().__init__(data, initial={"form_key": uuid.uuid4().hex, "why": why})
