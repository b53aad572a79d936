"""What holds after a restore: one choice for each namespace that differs."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onboarding.domain.after_restore import Differing, RestoreChoice
from onboarding.queries.after_restore import RestoreDifference, shown_of

LABELS: Mapping[tuple[Differing, RestoreChoice], Any] = {
    (Differing.NEWER, RestoreChoice.LEAVE): _(
        "Leave what is on the cluster; its lead can ask to take it over"
    ),
    (Differing.NEWER, RestoreChoice.APPLY_RECORDED): _(
        "Put back what is recorded here, over what is on the cluster"
    ),
    (Differing.OLDER, RestoreChoice.APPLY_RECORDED): _("Put back what was approved last"),
    (Differing.CHANGED, RestoreChoice.APPLY_RECORDED): _("Put back what is recorded here"),
    (Differing.ANOTHER, RestoreChoice.LEAVE): _(
        "Leave it; once workers have seen it, its lead can ask to take it over"
    ),
    (Differing.GONE, RestoreChoice.RECORD_GONE): _("It was removed: record that"),
    (Differing.GONE, RestoreChoice.MAKE_AGAIN): _(
        "Make it again, empty, with the access that was approved"
    ),
    (Differing.ALIVE, RestoreChoice.REMOVE_AGAIN): _("Remove it again, as was approved"),
    (Differing.ALIVE, RestoreChoice.LEAVE): _("Leave it, blocked, for now"),
    (Differing.UNKNOWN, RestoreChoice.LEAVE): _(
        "Leave it; a lead of its team can ask for it, and approvers see what stands there"
    ),
}


class AfterRestoreForm(forms.Form):
    """A field for each namespace, by its name. None is chosen to begin with, unless it is alone."""

    def __init__(self, data: Any = None, *, differing: Sequence[RestoreDifference]) -> None:
        """Offer what can be decided for each."""
        super().__init__(data)
        self.differing = differing
        self.shown = shown_of(differing)
        for one in differing:
            self.fields[one.name] = forms.ChoiceField(
                label=_("What holds for %(name)s") % {"name": one.name},
                choices=[(c.value, LABELS[one.kind, c]) for c in one.choices],
                widget=forms.RadioSelect,
                initial=one.choices[0].value if len(one.choices) == 1 else None,
                error_messages={"required": _("Decide what holds for this namespace.")},
            )

    def rows(self) -> list[tuple[RestoreDifference, forms.BoundField]]:
        """Return each difference with its field."""
        return [(one, self[one.name]) for one in self.differing]

    def choices(self) -> dict[str, RestoreChoice]:
        """Return what was decided, by the namespaces' names, of a valid form."""
        return {one.name: RestoreChoice(self.cleaned_data[one.name]) for one in self.differing}
