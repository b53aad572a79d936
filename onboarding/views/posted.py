"""Forms take exactly the fields they show; anything else was not made by our page."""

from onboarding.domain.approval import Signed, Unreadable, read_sent
from onboarding.domain.refusals import Invalid
from onboarding.views.access import SignedIn
from onboarding.views.errors import UnknownFields


def only(request: SignedIn, *names: str) -> None:
    """Raise UnknownFields (answered 400) when the form carries a field not in `names`."""
    unknown = set(request.POST) - {*names, "csrfmiddlewaretoken"}
    if unknown:
        raise UnknownFields(f"Unknown fields: {', '.join(sorted(unknown))[:200]}")


def signature_in(request: SignedIn) -> Signed | None:
    """Return what a passkey signed in the page, None where nothing was. Raise Invalid."""
    sent = request.POST.get("signed", "")
    try:
        return read_sent(sent) if sent else None
    except Unreadable as error:
        raise Invalid(f"The signature cannot be accepted: {error}.") from error
