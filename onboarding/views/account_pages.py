"""The routes of accounts, which are allauth's, with one transaction around each change.

Its event is written by a signal in the middle of the change: so they stand or fall together.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth import urls
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver

TOO_MANY, LOCKED_OUT_SECONDS = "too_many_login_attempts", 300
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


def counted(view: View) -> View:
    """Return the view with the status that says so where the limits refuse a sign-in.

    The form says the same in words; programs that try passwords read no words.
    """

    @wraps(view)
    def too_many(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        if _is_locked_out(answer):
            answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
            answer.headers["Retry-After"] = str(LOCKED_OUT_SECONDS)
        return answer

    return too_many


def _is_locked_out(answer: HttpResponseBase) -> bool:
    form = (getattr(answer, "context_data", None) or {}).get("form")
    errors = form.errors.as_data().values() if form is not None and form.is_bound else ()
    return any(one.code == TOO_MANY for found in errors for one in found)


def _make_whole(routes: Sequence[URLPattern | URLResolver]) -> None:
    for route in routes:
        if isinstance(route, URLResolver):
            _make_whole(route.url_patterns)
        elif route.name not in SIGN_IN:
            route.callback = whole(route.callback)
        elif route.name == "account_login":
            route.callback = counted(route.callback)


urlpatterns = urls.urlpatterns
_make_whole(urlpatterns)
