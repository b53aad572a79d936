"""Forms take exactly the fields they show; anything else was not made by our page."""

from django.core.exceptions import SuspiciousOperation

from onboarding.views.access import SignedIn


def only(request: SignedIn, *names: str) -> None:
    """Raise SuspiciousOperation (answered 400) when the form carries a field not in `names`."""
    unknown = set(request.POST) - {*names, "csrfmiddlewaretoken"}
    if unknown:
        raise SuspiciousOperation(f"Unknown fields: {', '.join(sorted(unknown))[:200]}")
