"""What a form that carries its version comes to: saved, refused, or shown again with more to read.

What somebody else saved meanwhile is shown first, and what becomes outdated is confirmed first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onboarding.domain.refusals import Invalid
from onboarding.forms.versioned import VersionedForm
from onboarding.services.teams import WouldBeOutdated


@dataclass(frozen=True)
class SavedForm:
    """`status` is of the page that shows the form again; `outdated` names what it would change."""

    is_saved: bool = False
    status: int = 422
    outdated: tuple[str, ...] = ()


def save_if_current(form: VersionedForm, save: Callable[[], None]) -> SavedForm:
    """Save a valid form, but for one whose page showed something else than is saved by now."""
    if form.is_stale:
        form.show_saved()
        return SavedForm(status=409)
    if not form.is_valid():
        return SavedForm(status=422 if form.is_bound else 200)
    try:
        save()
    except Invalid as wrong:
        form.refuse(wrong)
        return SavedForm()
    except WouldBeOutdated as asks:
        return SavedForm(outdated=tuple(asks.names))
    return SavedForm(is_saved=True)
