"""Browsers that somebody has signed in with: others' wrong passwords do not stop that person there.

Limits by address stop everybody behind it, a whole office too. A browser keeps a signed cookie that
names who signed in with it last, and tries for that person from it have a count of their own. The
cookie opens nothing: without the password it is worth five more wrong ones.

It also tells whose a page is that was opened before its session ended: each form carries the proof
of origin that began with a sign-in, and the cookie holds a hash of it. The hashes of earlier
sign-ins stay while they are the same person's.
"""

import hashlib
import re
import secrets

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import csrf
from django.utils.crypto import constant_time_compare, salted_hmac

from onboarding.models import User

COOKIE = "__Host-known" if settings.HTTPS else "known"
SALT = "bulkhead known browser"
AGE_SECONDS = 90 * 86400
MOST_PROOFS = 4
_IS_MASKED = re.compile(r"[A-Za-z0-9]{64}")


def remember_browser(request: HttpRequest, response: HttpResponseBase, person: User) -> str:
    """Let the browser be known as one of the person's; return what it is known by from now on."""
    before = known_browser(request, person).split(":")[2:]
    proof = _hash_of(request.META["CSRF_COOKIE"]) if "CSRF_COOKIE" in request.META else "none"
    proofs = list(dict.fromkeys([proof, *before[:MOST_PROOFS]]))[:MOST_PROOFS]
    value = ":".join([str(person.pk), secrets.token_hex(8), *proofs])
    response.set_signed_cookie(
        COOKIE,
        value,
        salt=SALT,
        max_age=AGE_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return name_of(value)


def known_browser(request: HttpRequest, person: User | None) -> str:
    """Return what the browser's tries for this person are counted by; "" if it is not known."""
    known = _known(request)
    return known if person and known.startswith(f"{person.pk}:") else ""


def browser_of(request: HttpRequest) -> str:
    """Return by what forms of this browser are kept; "" if nobody ever signed in in it."""
    known = _known(request)
    return name_of(known) if known else ""


def owner_of_page(request: HttpRequest) -> int | None:
    """Return for whom the page was made whose form was posted; None where that is not sure."""
    token = request.POST.get("csrfmiddlewaretoken", "")
    person, _random, *proofs = [*_known(request).split(":"), ""]
    if not _IS_MASKED.fullmatch(token):
        return None
    mine = _hash_of(_secret_in(token))
    is_known = any(constant_time_compare(mine, proof) for proof in proofs)
    return int(person) if person.isdecimal() and is_known else None


def name_of(known: str) -> str:
    """Return a browser's name in the database, which tells nobody its cookie."""
    return hashlib.sha256(known.encode()).hexdigest()


def _known(request: HttpRequest) -> str:
    return request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=AGE_SECONDS) or ""


def _secret_in(token: str) -> str:
    """Return the secret of a proof, which is written masked, as Django reads it.

    Django has no public name for that; `tests/web/test_kept_forms.py` notices if it changes.
    """
    letters = csrf.CSRF_ALLOWED_CHARS
    half = len(token) // 2
    pairs = zip(token[half:], token[:half], strict=True)
    return "".join(letters[letters.index(one) - letters.index(mask)] for one, mask in pairs)


def _hash_of(secret: str) -> str:
    return salted_hmac("bulkhead proof of a page", secret).hexdigest()[:32]
