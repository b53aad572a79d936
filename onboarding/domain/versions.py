"""What a form carries of what its reader saw, so that it silently undoes nobody else's change."""

import hashlib

from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Conflict


class SavedMeanwhile(Conflict):
    """Somebody else saved it since the form was opened."""

    title = "Changed meanwhile"


def version_of_tree(said: Json) -> str:
    """Return what stands for everything that is said."""
    return hashlib.sha256(canonical(said)).hexdigest()[:32]


def check_version(seen: str, said: Json, what: str) -> None:
    """Raise SavedMeanwhile unless what was seen is what is said now."""
    if version_of_tree(said) != seen:
        raise SavedMeanwhile(f"{what} changed meanwhile. Look again, then change it.")
