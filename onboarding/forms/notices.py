"""The inbox's filter, and what somebody wants to be told of and how."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onboarding.domain.notices import Delivery, NoticeKind
from onboarding.forms.list_filter import ListFilter, choice_field
from onboarding.queries.notice_words import DELIVERY_WORDS, KIND_WORDS

SHOWN = {"unread": _("Unread"), "read": _("Read")}


class NoticeFilter(ListFilter):
    """Narrows the inbox by whether something was read, and by what it is about."""

    shown = choice_field(_("Shown"))
    kind = choice_field(_("About"))

    def __init__(
        self, data: QueryDict, *, shown: Mapping[str, int], kinds: Mapping[str, int]
    ) -> None:
        """Bind to the URL; the numbers are those of the whole inbox."""
        super().__init__(data)
        self.offer("shown", SHOWN, counts=shown, whatever=_("Read and unread"))
        words = {kind.value: KIND_WORDS[kind].label for kind in NoticeKind if kind.value in kinds}
        self.offer("kind", words, counts=kinds, whatever=_("Everything"))


class PreferencesForm(forms.Form):
    """One choice for each kind that this person can be told of."""

    def __init__(self, *args: Any, kinds: Sequence[NoticeKind], **kwargs: Any) -> None:
        """Offer a choice for each of the kinds."""
        super().__init__(*args, **kwargs)
        for kind in kinds:
            self.fields[kind.value] = forms.ChoiceField(
                label=str(KIND_WORDS[kind].label),
                choices=[(one.value, DELIVERY_WORDS[one]) for one in Delivery],
                widget=forms.Select,
            )

    @property
    def chosen(self) -> dict[NoticeKind, Delivery]:
        """Return the choices of a valid form."""
        return {NoticeKind(name): Delivery(value) for name, value in self.cleaned_data.items()}
