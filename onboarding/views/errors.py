"""Error pages: what happened, what to do, and the id to quote."""

import sys

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, is_valid_path, resolve
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Conflict
from onboarding.queries.database_trouble import trouble_behind
from onboarding.views.typed import is_from_our_page, typed_words
from onboarding.views.unavailable import unavailable

# Every limit that ends in this page counts within a minute (settings.ACCOUNT_RATE_LIMITS).
RETRY_AFTER_SECONDS = 60


class UnknownFields(SuspiciousOperation):
    """A form carries fields that our page does not have. The text names them."""


class UnreadableForm(SuspiciousOperation):
    """Something in the request is of a kind nothing here can take. The text says what."""


def refusal_page(
    request: HttpRequest, status: int, message: str, *, title: str = "", back_url: str = ""
) -> HttpResponse:
    """Return the product's page for a status from 400 to 429 with a person's message on it.

    Where a form of ours was refused, the page holds what was typed into it: nothing else does.
    """
    context = {
        "words": typed_words(request) if _is_our_form(request) and status != 400 else [],
        "message": "" if status == 404 else message,
        "title": title,
        "back_url": back_url,
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, f"{status}.html", context, status=status)


def page_above(path: str) -> str:
    """Return the nearest address above this one that is a page's, the home page if none is."""
    while path != "/":
        path = f"{path.rstrip('/').rpartition('/')[0]}/"
        if is_valid_path(path):
            return path
    return "/"


def page_at(address: str) -> str:
    """Return the address, or that of the page above it where it takes forms only."""
    path = address.partition("?")[0]
    try:
        view = resolve(path).func
    except Resolver404:
        return address
    return page_above(path) if getattr(view, "takes_forms_only", False) else address


def _is_our_form(request: HttpRequest) -> bool:
    return request.method == "POST" and is_from_our_page(request)


def conflict_page(request: HttpRequest, conflict: Conflict, back_url: str) -> HttpResponse:
    """Answer 409 with what kind of conflict it was, and the way back to what holds now."""
    title = _(conflict.title) if conflict.title else ""
    return refusal_page(request, 409, str(conflict), title=title, back_url=back_url)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: too large, malformed, or with fields our forms do not have.

    A session that could not be stored comes here too: then the database is what was wrong.
    """
    if trouble := trouble_behind(exception):
        return unavailable(request, trouble, exception)
    if isinstance(exception, RequestDataTooBig):
        return refusal_page(request, 400, _("The form is larger than 2 MB. Shorten the texts."))
    if isinstance(exception, UnknownFields | UnreadableForm):
        return refusal_page(request, 400, str(exception))
    return refusal_page(request, 400, _("The request could not be read."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 403."""
    return refusal_page(request, 403, _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 404: missing and invisible look the same."""
    return refusal_page(request, 404, "")


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer 429: too many tries to sign in, to reset a password or to enter a code."""
    response = refusal_page(request, 429, "")
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 from a template that needs nothing, or 503 where the database cannot be used."""
    error = sys.exc_info()[1]
    if error and (trouble := trouble_behind(error)):
        return unavailable(request, trouble, error)
    context = {"request_id": getattr(request, "request_id", "")}
    # No request context: what builds it reads the database, which may be what broke.
    return HttpResponse(render_to_string("500.html", context), status=500)
