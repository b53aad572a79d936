"""Several requests at once: which were chosen, and what exactly of each is approved."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lanes import Lane
from onboarding.services.decide import MAX_REASON
from onboarding.services.decide_several import Pick

_PICK = re.compile(r"([0-9A-Z]{1,20}) (platform|network|security) (sha256:[0-9a-f]{64})")


def written_pick(request: str, lane: Lane, digest: str) -> str:
    """Return a pick as the form carries it."""
    return f"{request} {lane.value} {digest}"


class SeveralForm(forms.Form):
    """pick (once for each approval), reason."""

    pick = forms.MultipleChoiceField(
        error_messages={"required": _("Choose at least one request.")},
    )
    reason = forms.CharField(
        label=_("Reason for all of them"),
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The requesters and auditors read it."),
    )

    def __init__(self, data: Any = None) -> None:
        """Take whatever is shaped like a pick: the service judges each by itself."""
        super().__init__(data)
        sent = data.getlist("pick") if data is not None else []
        choices = [(one, one) for one in sent if _PICK.fullmatch(one)]
        self["pick"].field.choices = choices  # type: ignore[attr-defined]  # a choice field

    def picks(self) -> list[Pick]:
        """Return what was picked, of a valid form."""
        found = map(_PICK.fullmatch, self.cleaned_data["pick"])
        return [Pick(one[1], Lane(one[2]), one[3]) for one in found if one]
