"""Browsers that somebody has signed in with: others' wrong passwords do not stop that person there.

Limits by address stop everybody behind it, a whole office too. A browser keeps a signed cookie that
names who signed in with it last, and tries for that person from it have a count of their own. The
cookie opens nothing: without the password it is worth five more wrong ones.
"""

import secrets

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from onboarding.models import User

COOKIE = "__Host-known" if settings.HTTPS else "known"
SALT = "bulkhead known browser"
AGE_SECONDS = 90 * 86400


def remember_browser(response: HttpResponseBase, person: User) -> None:
    """Let the browser that gets the response be known as one of the person's."""
    response.set_signed_cookie(
        COOKIE,
        f"{person.pk}:{secrets.token_hex(8)}",
        salt=SALT,
        max_age=AGE_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def known_browser(request: HttpRequest, person: User | None) -> str:
    """Return what the browser's tries for this person are counted by; "" if it is not known."""
    known = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=AGE_SECONDS) or ""
    return known if person and known.startswith(f"{person.pk}:") else ""
