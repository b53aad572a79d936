"""The routes of accounts, which are allauth's, with one transaction around each change.

Its event is written by a signal in the middle of the change: so they stand or fall together.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from allauth import urls
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver

View = Callable[..., HttpResponseBase]
# These change nothing but the session, which is stored after its event. They check passwords,
# which takes long: SQLite would let nobody else write meanwhile.
SIGN_IN = frozenset({"account_login", "mfa_authenticate", "mfa_login_webauthn"})


def whole(view: View) -> View:
    """Return the view with one transaction around what it does to a POST."""

    @wraps(view)
    def one_transaction(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return one_transaction


def _make_whole(routes: Sequence[URLPattern | URLResolver]) -> None:
    for route in routes:
        if isinstance(route, URLResolver):
            _make_whole(route.url_patterns)
        elif route.name not in SIGN_IN:
            route.callback = whole(route.callback)


urlpatterns = urls.urlpatterns
_make_whole(urlpatterns)
