"""Asking to render namespaces anew: which of those that are offered, and why."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.models import ManagedNamespace
from onboarding.services.decide import MAX_REASON


class RefreshForm(forms.Form):
    """namespaces, reason, form_key. Everything offered is chosen at first."""

    namespaces = forms.MultipleChoiceField(
        label=_("Namespaces"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one namespace."),
            "invalid_choice": _("One of them can no longer be chosen. Look at the list again."),
        },
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Those who decide and auditors read it."),
        error_messages={"required": _("Say why, for those who decide and for the record.")},
    )
    form_key = forms.RegexField(regex=r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, offered: Sequence[ManagedNamespace], why: str) -> None:
        """Offer these namespaces by their public ids; `why` is the reason to begin with."""
        self.by_id = {row.public_id: row for row in offered}
        first = {"form_key": uuid.uuid4().hex, "reason": why, "namespaces": [*self.by_id]}
        super().__init__(data, initial=first)
        self["namespaces"].field.choices = [  # type: ignore[attr-defined]  # a choice field
            (row.public_id, row.name) for row in offered
        ]

    def chosen(self) -> list[int]:
        """Return the primary keys of what was chosen, of a valid form."""
        return [self.by_id[public_id].pk for public_id in self.cleaned_data["namespaces"]]
