"""Around every request: an id that can be quoted, and refusals turned into pages."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from onboarding.models import User
from onboarding.services.client_address import client_address
from onboarding.views.errors import refusal_page

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
    """Every page needs a person unless it says otherwise. A poll reloads instead of swapping."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Send the person to sign in; for a background request, send the whole page there.

        A page for anybody does not ask who it is: probes touch no session, whoever sends them one.
        """
        if not getattr(view_func, "login_required", True):
            return None
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        note_person(getattr(request, "_cached_user", None))
        polled = request.headers.get("HX-Request") == "true"
        if polled and isinstance(answer, HttpResponseRedirect):
            return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
        return answer


class Refusals:
    """Turns a Refusal raised anywhere below a view into its page. Bugs pass through to 500."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual; `process_exception` does the work."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page for a refusal, or None for everything else."""
        if not isinstance(error, Refusal):
            return None
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        title = error.title if isinstance(error, Conflict) else ""
        return refusal_page(request, status, str(error), title=_(title) if title else "")
