"""Error pages: what happened, what to do, and the id to quote."""

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


class UnknownFields(SuspiciousOperation):
    """A form carries fields that our page does not have. The text names them."""


def refusal_page(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """Return the product's page for 400, 403, 404, 409 or 422 with a person's message on it."""
    context = {
        "message": "" if status == 404 else message,
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, f"{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: too large, malformed, or with fields our forms do not have."""
    if isinstance(exception, RequestDataTooBig):
        return refusal_page(request, 400, _("The form is larger than 2 MB. Shorten the texts."))
    if isinstance(exception, UnknownFields):
        return refusal_page(request, 400, str(exception))
    return refusal_page(request, 400, _("The request could not be read."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 403."""
    return refusal_page(request, 403, _("You may not do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer 403 to a form that did not come from a page of ours."""
    message = _("The form was sent without its proof of origin. Open the page again and resend it.")
    return refusal_page(request, 403, message)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 404: missing and invisible look the same."""
    return refusal_page(request, 404, "")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 from a template that needs nothing."""
    context = {"request_id": getattr(request, "request_id", "")}
    # No request context: what builds it reads the database, which may be what broke.
    return HttpResponse(render_to_string("500.html", context), status=500)
