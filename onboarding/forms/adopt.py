"""Taking over again asks for nothing but the click: what it means stands on the page."""

import uuid
from typing import Any

from django import forms


class AdoptForm(forms.Form):
    """Carries the key of the rendered form, so that a click sent twice is one request."""

    form_key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    def __init__(self, data: Any = None) -> None:
        """Give the form its key."""
        super().__init__(data, initial={"form_key": uuid.uuid4().hex})
