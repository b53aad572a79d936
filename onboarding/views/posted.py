"""Forms take exactly the fields they show; anything else was not made by our page."""

from onboarding.views.access import SignedIn
from onboarding.views.errors import UnknownFields


def only(request: SignedIn, *names: str) -> None:
    """Raise UnknownFields (answered 400) when the form carries a field not in `names`."""
    unknown = set(request.POST) - {*names, "csrfmiddlewaretoken"}
    if unknown:
        raise UnknownFields(f"Unknown fields: {', '.join(sorted(unknown))[:200]}")
