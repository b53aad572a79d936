"""One word on one lane: the decision bar. The services decide again whether it may be said.

The digest is a hidden field: what is approved is what was on the screen, not what is stored now.
So are the marks of the picture of who can talk to whom, which moves with the cluster.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.models import Vote
from onboarding.reachability.shown import LONGEST_TOKEN
from onboarding.services.decide import MAX_REASON

NEEDS_REASON = frozenset({Vote.RETURN.value, Vote.REJECT.value})


class Word(TypedDict):
    """One person's word on one lane, for the digest that was shown."""

    lane: Lane
    vote: Vote
    digest: str
    reason: str


class DecisionForm(forms.Form):
    """lane, vote, digest, reason. `offered` are the lanes the page lets the person choose.

    `may_return` tells that there are answers the requester could change.
    """

    lane = forms.ChoiceField(
        label=_("Approval you give"), choices=[(lane.value, lane.value.title()) for lane in Lane]
    )
    vote = forms.ChoiceField(choices=Vote.choices)
    digest = forms.CharField(max_length=71, widget=forms.HiddenInput)
    picture = forms.CharField(max_length=LONGEST_TOKEN, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason (needed to return or reject)"),
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 1, "data-key": "r"}),
    )

    def __init__(
        self,
        *args: Any,
        offered: Sequence[Lane] = (),
        may_return: bool = True,
        **kwargs: Any,
    ) -> None:
        """Offer `offered` only; what else is posted is left for the service to refuse in words."""
        super().__init__(*args, **kwargs)
        self.offered = tuple(offered)
        if not may_return:
            self.fields["reason"].label = _("Reason (needed to reject)")
        if len(self.offered) > 1:
            choices = [(lane.value, lane.value.title()) for lane in self.offered]
            self["lane"].field.widget = forms.Select(choices=choices)
        else:
            self["lane"].field.widget = forms.HiddenInput()

    @property
    def word(self) -> Word:
        """Return what the person said, once the form is valid, as the services take it."""
        return {
            "lane": Lane(self.cleaned_data["lane"]),
            "vote": Vote(self.cleaned_data["vote"]),
            "digest": self.cleaned_data["digest"],
            "reason": self.cleaned_data["reason"],
        }

    @property
    def token(self) -> str:
        """Return the marks of the picture that was shown, once the form is valid; "" for none."""
        return str(self.cleaned_data["picture"])

    def refuse(self, wrong: Invalid) -> None:
        """Show a refusal of the service at its field, or above the form."""
        self.add_error(wrong.field if wrong.field in self.fields else None, str(wrong))

    def clean(self) -> dict[str, Any]:
        """Demand a reason with every word that is not a plain yes."""
        cleaned: dict[str, Any] = super().clean() or {}
        reason = cleaned.get("reason", "").strip()
        if cleaned.get("vote") in NEEDS_REASON and not reason:
            self.add_error("reason", _("Say why, so that the requester knows what to change."))
        return {**cleaned, "reason": reason}
