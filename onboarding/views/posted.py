"""Forms take exactly the fields they show; anything else was not made by our page.

The same holds for addresses: what a page does not know in its own is refused, not ignored.
"""

from django.utils.translation import gettext as _

from onboarding.domain.approval import Signed, Unreadable, read_sent
from onboarding.domain.refusals import Invalid
from onboarding.views.access import SignedIn
from onboarding.views.errors import UnknownFields


def only(request: SignedIn, *names: str) -> None:
    """Raise UnknownFields (answered 400) when the form carries a field not in `names`."""
    unknown = set(request.POST) - {*names, "csrfmiddlewaretoken"}
    if unknown:
        raise UnknownFields(f"Unknown fields: {', '.join(sorted(unknown))[:200]}")


def asked(request: SignedIn, *names: str) -> None:
    """Raise Invalid (answered 422) when a page is opened with a parameter not in `names`."""
    unknown = [name for name in request.GET if name not in names]
    if request.method != "GET" or not unknown:
        return
    words = _("This page knows no “%(unknown)s” in its address.")
    raise Invalid(words % {"unknown": ", ".join(unknown)[:200]})


def signature_in(request: SignedIn) -> Signed | None:
    """Return what a passkey signed in the page, None where nothing was. Raise Invalid."""
    sent = request.POST.get("signed", "")
    try:
        return read_sent(sent) if sent else None
    except Unreadable as error:
        raise Invalid(f"The signature cannot be accepted: {error}.") from error
