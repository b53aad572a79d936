"""A form that meets a session which has ended is kept, and shown again after signing in.

Two ways lead here: the form's proof of origin still holds and nobody is signed in any more, or the
proof is of an earlier sign-in. Kept is only what certainly comes from a page of ours, made for a
person who signed in in this browser; everything else is offered on the answer itself, to be copied.
"""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.models import KeptForm
from onboarding.services.clock import database_now
from onboarding.services.kept_forms import keep_form, kept_in
from onboarding.views.errors import page_at, refusal_page
from onboarding.views.known_browsers import browser_of, owner_of_page
from onboarding.views.pending import add_pending
from onboarding.views.typed import (
    holds_words,
    is_background,
    is_from_our_page,
    page_of,
    sent_to,
    typed_fields,
    typed_words,
)

# What live.js reads: nobody is signed in any more, or the page's proof is an earlier sign-in's.
SESSION_HEADER = "X-Bulkhead-Session"
_ENDED = gettext_lazy(
    "Your sign-in ended before the form was sent. Sign in and send it again; nothing was saved."
)
_EARLIER = gettext_lazy(
    "The page was opened before you signed in. Nothing was saved: open it again and send it anew."
)


def signed_out_answer(request: HttpRequest, otherwise: HttpResponse) -> HttpResponse:
    """Answer a request that needs a person and has none: the page stays, the form is kept."""
    if is_background(request):
        answer = HttpResponse(status=401)
        answer[SESSION_HEADER] = "ended"
        return answer
    if request.method != "POST" or not is_from_our_page(request):
        return otherwise
    if not holds_words(request):
        said = _("You were signed out, so what you pressed was not done. Sign in and do it again.")
        messages.warning(request, said)
        return redirect_to_login(page_at(page_of(request)))
    row = _keep(request)
    if row is None:
        return _offer_words(request)
    said = _(
        "You were signed out before the form was sent. It is kept: sign in, and it is shown again, "
        "not sent."
    )
    messages.warning(request, said)
    return redirect_to_login(row.page)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer a form whose proof of origin does not hold: of an earlier sign-in, or not ours.

    Nothing of it is done in any case.
    """
    if is_background(request):
        answer = refusal_page(request, 403, _("This page is of an earlier sign-in."))
        answer[SESSION_HEADER] = "stale" if request.user.is_authenticated else "ended"
        return answer
    is_anonymous = not request.user.is_authenticated
    if not is_from_our_page(request):
        said = _("The form did not come from a page of this portal. Nothing was saved.")
        return refusal_page(request, 403, said)
    if not holds_words(request):
        return refusal_page(request, 403, str(_ENDED if is_anonymous else _EARLIER))
    if is_anonymous:
        return signed_out_answer(request, redirect_to_login(page_at(page_of(request))))
    row = _keep(request) if owner_of_page(request) == request.user.pk else None
    if row is None:
        return _offer_words(request)
    add_pending(request, row)
    return redirect(row.page)


def _keep(request: HttpRequest) -> KeptForm | None:
    """Keep the posted form for its person and return the row; None where it cannot be."""
    browser, owner, now = browser_of(request), owner_of_page(request), database_now()
    page, action = page_at(page_of(request)), sent_to(request)
    if not browser or owner is None or max(len(page), len(action)) > 1000:
        return None
    fields = typed_fields(request)
    if not keep_form(
        browser=browser, person=owner, page=page, action=action, fields=fields, now=now
    ):
        return None
    return kept_in(browser, now=now)[0]


def _offer_words(request: HttpRequest) -> HttpResponse:
    """Answer 403 with what was typed, because nothing keeps it once this page is left."""
    context = {
        "words": typed_words(request),
        "back_url": page_at(page_of(request)),
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, "kept/not_kept.html", context, status=403)
