"""What people write to each other about a request: a page of its own, and a part of two others."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Invalid
from onboarding.forms.comment import CommentForm
from onboarding.models import Request
from onboarding.pages.conversation import conversation_of
from onboarding.queries.requests import load_sent
from onboarding.services.clock import database_now
from onboarding.services.comment import comment
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import asked, only

STOP_POLLING = 286  # htmx: swap this answer in and ask no more
# Where the form stood: the person goes back there.
_PAGES = {"decision": "decision", "request": "request-detail"}


@allow(Who.READERS)
def request_conversation(request: SignedIn, public_id: str) -> HttpResponse:
    """Show what was written; POST adds to it and goes back to where the form stood."""
    asked(request)
    row = load_sent(request.permissions, public_id)
    if request.method != "POST":
        return _page(request, row, None)
    only(request, "text", "at")
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    try:
        comment(row.pk, by=by(request), text=form.cleaned_data["text"], now=database_now())
    except Invalid as wrong:
        form.add_error("text", str(wrong))
        return _page(request, row, form)
    messages.success(request, _("Sent. Both sides see it."))
    page = _PAGES.get(request.POST.get("at", ""), "request-conversation")
    return redirect(f"{reverse(page, args=[row.public_id])}#conversation")


@allow(Who.READERS)
def request_conversation_lines(request: SignedIn, public_id: str) -> HttpResponse:
    """Return the lines where there are newer ones than `seen`; 204 tells htmx to leave the page."""
    row = load_sent(request.permissions, public_id)
    conversation = conversation_of(row, request.permissions)
    if request.GET.get("seen") == str(conversation.newest):
        return HttpResponse(status=204 if conversation.is_open else STOP_POLLING)
    context = {
        "conversation": conversation,
        "is_swapped_in": True,
        "reader": str(request.user.pk),
        "now": database_now(),
    }
    return render(request, "requests/_conversation_lines.html", context)


def _page(request: SignedIn, row: Request, form: CommentForm | None) -> HttpResponse:
    context = {
        "row": row,
        "conversation": conversation_of(row, request.permissions, form),
        "now": database_now(),
    }
    status = 422 if form else 200
    return render(request, "requests/conversation.html", context, status=status)
