"""What of a posted form is words that somebody typed: what is kept, shown again, offered to copy.

Never kept: proofs of origin, secrets, and whatever decides or confirms something. Who comes back
finds the words again and decides anew. What a form was about stands in the address it was sent to:
it is how its own place is found again, and is filled in nowhere.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest

# Proofs, keys and what a button says.
_OF_THE_PAGE = frozenset(
    {
        "csrfmiddlewaretoken",
        "form_key",
        "action",
        "digest",
        "picture",
        "next",
        "shown",
        "tried",
        "add",
        "remove",
    }
)
# A decision, its signature, and what is typed or ticked to confirm that something shall be lost.
_DECIDES = frozenset(
    {
        *("vote", "lane", "pick", "signed", "passkey"),
        *("typed_name", "confirms", "confirm", "anyway", "revoke_keys"),
    }
)
# What a form is about, where several go to one address.
_ABOUT = ("deviation", "digest", "lane", "suggestion")
# What a page hides in its forms, so that nobody wrote it, and what a button says, too.
_HIDDEN = frozenset(
    {*("version", "at", "up_to", "was", "what.was.shown"), *("from", "to", "port", "protocol")}
)
_PRESSED = frozenset({"role", "namespace", "cluster"})
_SECRET = re.compile("password|secret|code|token", re.IGNORECASE)


def typed_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of a posted form that may be kept, as they came; [] with a secret in it."""
    names = set(request.POST)
    if request.path.startswith("/accounts/") or any(
        _SECRET.search(name) for name in names - {"csrfmiddlewaretoken"}
    ):
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _OF_THE_PAGE | _DECIDES and name not in _ABOUT
        for value in values
    ]


def holds_words(request: HttpRequest) -> bool:
    """Tell whether anything was written or chosen, so that there is something to keep.

    A button is pressed again as easily as its form is found again.
    """
    return any(
        value.strip() and name not in _HIDDEN | _PRESSED for name, value in typed_fields(request)
    )


def sent_to(request: HttpRequest) -> str:
    """Return the address a form was sent to, and in its query what the form was about."""
    about = [(name, value) for name in _ABOUT for value in request.POST.getlist(name)]
    return f"{request.path}?{urlencode(about)}" if about else request.path


def typed_words(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (field, text) of what was typed, to be copied from a page that cannot keep it."""
    return readable_words(typed_fields(request))


def readable_words(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (field, text) of fields for a person to read: no empty one, none that is hidden."""
    return [
        (_readable(name), value) for name, value in fields if value.strip() and name not in _HIDDEN
    ]


def is_from_our_page(request: HttpRequest) -> bool:
    """Tell whether a form was sent by a page of this portal, as the browser says."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    ours = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    said = request.headers.get("Origin") or _origin_of(request.headers.get("Referer", ""))
    return said in ours


def page_of(request: HttpRequest) -> str:
    """Return path and query of the page whose form was posted; where it went if none is told."""
    told = urlsplit(request.headers.get("Referer", ""))
    path = f"{told.path}?{told.query}" if told.query else told.path
    is_path = path.startswith("/") and not path.startswith(("//", "/\\", "/accounts/"))
    return path if is_path else request.get_full_path()


def is_background(request: HttpRequest) -> bool:
    """Tell whether a script asked, whose page stays as it is whatever is answered."""
    if request.headers.get("HX-Request") == "true":
        return True
    return request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"


def _origin_of(address: str) -> str:
    told = urlsplit(address)
    return f"{told.scheme}://{told.netloc}"


def _readable(name: str) -> str:
    words = re.sub(r"^[a-z]+-\d+-", "", name).replace("_", " ")
    return words[:1].upper() + words[1:]
