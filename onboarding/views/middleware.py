"""Around every request: an id that can be quoted, and refusals turned into pages."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import escape
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from onboarding.models import User
from onboarding.services.client_address import client_address
from onboarding.services.sessions import SessionStore
from onboarding.views.errors import page_above, refusal_page
from onboarding.views.keeping import signed_out_answer
from onboarding.views.typed import is_background

Next = Callable[[HttpRequest], HttpResponse]
access = structlog.get_logger("onboarding.access")
# Asked all day: a line only where the answer is bad.
PULSES = frozenset({"/healthz", "/readyz", "/metrics"})
STATUS: dict[type[Refusal], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422}


class RequestId:
    """Gives each request an id: in the log, in the X-Request-Id header and on error pages.

    With it the log's lines carry who asked, by number, and from where. All of it stays bound when
    the answer has left: Django writes its line about a 404 only then, on the same thread.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bind the id to the log, answer, and write the line that says how it was answered."""
        began = time.perf_counter()
        request_id = secrets.token_hex(8)
        request.request_id = request_id  # type: ignore[attr-defined]  # declared on SignedIn
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=request_id, address=client_address(request.META)
        )
        response = self.get_response(request)
        note_person(getattr(request, "_cached_user", None))
        milliseconds = round((time.perf_counter() - began) * 1000)
        status = response.status_code
        if not (request.path in PULSES and status == 200):
            access.info(f"{request.method} {_route(request)}", status=status, ms=milliseconds)
        response["X-Request-Id"] = request_id
        return response


def note_person(user: object) -> None:
    """Bind the person's number to the log; names do not belong there."""
    if isinstance(user, User):
        structlog.contextvars.bind_contextvars(person=user.pk)


def _route(request: HttpRequest) -> str:
    """Return the path; of accounts only its pattern, because links for one use are paths."""
    match = request.resolver_match
    return f"/{match.route}" if match and match.route.startswith("accounts/") else request.path


class NoStore:
    """Nothing that a page shows is kept where the next person at the screen finds it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual, and forbid every store: also the one behind the Back button."""
        response = self.get_response(request)
        response["Cache-Control"] = "no-store, private"
        return response


class SignInRequired(LoginRequiredMiddleware):
    """Every page needs a person unless it says otherwise. What was typed is not lost by it."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Send the person to sign in; keep the form they sent; leave the page a script asked from.

        A page for anybody does not ask who it is: probes touch no session, whoever sends them one.
        """
        if not getattr(view_func, "login_required", True):
            return None
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        note_person(getattr(request, "_cached_user", None))
        if isinstance(answer, HttpResponseRedirect):
            return signed_out_answer(request, answer)
        if answer is None and not is_pulse(request):
            prolong(request)
        return answer


def is_pulse(request: HttpRequest) -> bool:
    """Tell whether a page asked by itself, as a poll does: nobody need sit before it."""
    return request.headers.get("HX-Request") == "true" and request.method != "POST"


def prolong(request: HttpRequest) -> None:
    """Let the session go on. Where that cannot be stored now, the page is shown all the same."""
    session = request.session
    if not isinstance(session, SessionStore):
        return
    try:
        session.slide()
    except DatabaseError:
        structlog.get_logger().warning("a session could not be prolonged", exc_info=True)


class Refusals:
    """Turns a Refusal raised anywhere below a view into its page. Bugs pass through to 500.

    So it does with an address that takes forms only, where a person opened it: an answer without
    a word would get the browser's own page.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual; `process_exception` does the work for refusals."""
        response = self.get_response(request)
        is_read = "text/html" in request.headers.get("Accept", "") and not is_background(request)
        if response.status_code != 405 or not is_read:
            return response
        page = refusal_page(request, 405, "", back_url=page_above(request.path))
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page for a refusal, or None for everything else."""
        if not isinstance(error, Refusal):
            return None
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        return refusal_page(request, status, str(error), title=_title(request, error))


def _title(request: HttpRequest, error: Refusal) -> str:
    """Return what kind of refusal it is, "" for the usual words of its page."""
    if isinstance(error, Conflict):
        return _(error.title) if error.title else ""
    is_form = request.method == "POST" or not isinstance(error, Invalid)
    return "" if is_form else _("This page cannot be shown as it was asked for")


class TitledErrors:
    """A page whose form was refused says so first, in its title: that is what is read out first."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual; put "Error" before the title of a 422."""
        response = self.get_response(request)
        if response.status_code == 422 and not response.streaming:
            title = _("Error: %(title)s") % {"title": ""}
            begun = f"<title>{escape(title)}".encode()
            response.content = response.content.replace(b"<title>", begun, 1)
        return response
