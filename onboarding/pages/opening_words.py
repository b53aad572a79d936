"""An opening in words: its template's own, with the values that were asked for."""

from onboarding.domain.objects import Json
from onboarding.domain.spec import Opening
from onboarding.plan.catalogue_files import load_catalogue


def opening_words(opening: Opening) -> str:
    """Return what an opening lets through, as it completes "Opens …".

    One that is not on offer is called by its template and its key: nobody knows what it opens.
    """
    template = load_catalogue().template_of(opening)
    if template is None:
        return f"{opening.ref} {opening.key}"
    shown = {name: shown_value(opening.values.get(name)) for name in template.asked}
    return template.opens.format_map(shown)


def shown_value(value: Json) -> str:
    """Return a value for a sentence: a list by commas."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
