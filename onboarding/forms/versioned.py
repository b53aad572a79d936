"""Forms that carry what their reader saw, and show what somebody else saved meanwhile."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from onboarding.forms.refused import RefusedForm


class VersionedForm(RefusedForm):
    """version, hidden; `initial` has what is saved and its version."""

    version = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    @property
    def is_stale(self) -> bool:
        """Tell whether the form was sent from a page that showed something else."""
        return self.is_bound and self.data.get("version", "") != self.initial["version"]

    def show_saved(self) -> None:
        """Keep what was typed, with what is saved now beside it; sent again, it is saved."""
        saved = {bound.name: bound.initial for bound in self if not bound.is_hidden}
        typed = {name: self.data.get(name, value) for name, value in saved.items()}
        self.data = {**typed, "version": self.initial["version"]}
        self.full_clean()
        self.add_error(
            None,
            _(
                "Somebody else saved this since you opened it. Nothing of yours is saved yet. What "
                "is saved now stands where it differs: take it over, or save to replace it."
            ),
        )
        for name, value in saved.items():
            if value is not None and _words(value) != _words(typed[name]):
                words = " ".join(_words(value)) or _("nothing")
                self.add_error(name, _("Saved now: %(words)s") % {"words": words})


def _words(value: Any) -> list[str]:
    """Return a value's words: a browser ends lines in its own way."""
    return str(value or "").split()
