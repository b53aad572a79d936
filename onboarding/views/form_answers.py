"""Answers the request form, whoever put it on the desk: shows, previews, keeps or sends it.

Shared by the views of new, edited and changed requests; views do not import each other.
"""

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Invalid
from onboarding.forms.namespace_request import NamespaceRequestForm
from onboarding.models import Request
from onboarding.pages.request_desk import Desk
from onboarding.pages.request_preview import build_preview
from onboarding.queries.progress import returned_with, taken_over_with
from onboarding.services.clock import database_now
from onboarding.services.submit import save_draft, submit
from onboarding.views.access import SignedIn
from onboarding.views.actors import by
from onboarding.views.posted import only

ACTIONS = frozenset({"submit", "draft", "preview"})


def answer(request: SignedIn, desk: Desk, template: str) -> HttpResponse:
    """Show the form; POST previews, keeps or sends it. A form in error answers 422."""
    if request.method != "POST":
        return _page(request, desk, desk.form(), template)
    only(request, *desk.fields, "action")
    if known := already_sent(request):
        return known
    action = request.POST.get("action", "submit")
    if action not in ACTIONS:
        raise SuspiciousOperation(f"Unknown action: {action[:40]}")
    form = desk.form(request.POST, is_draft=action == "draft")
    if action == "preview":
        form.is_valid()
        return _page(request, desk, form, template, is_preview=True)
    if not form.is_valid():
        # Its twin may have been stored since: then nothing is wrong but that the name is asked for.
        return already_sent(request) or _page(request, desk, form, template)
    try:
        row = _store(request, desk, form, action)
    except Invalid as wrong:
        for violation in wrong.violations:
            form.refuse(violation)
        return _page(request, desk, form, template)
    return redirect("request-detail", public_id=row.public_id)


def already_sent(request: SignedIn) -> HttpResponse | None:
    """Return the answer the same rendered form got before (double click, lost answer), or None."""
    mine = Request.objects.filter(requester=request.user)
    row = mine.filter(form_key=request.POST.get("form_key", "")[:40]).first()
    if row is None:
        return None
    if row.state == RequestState.DRAFT.value and request.POST.get("action") == "submit":
        messages.warning(request, _("This form was saved as a draft before. Edit it to send it."))
    return redirect("request-detail", public_id=row.public_id)


def _store(request: SignedIn, desk: Desk, form: NamespaceRequestForm, action: str) -> Request:
    store = save_draft if action == "draft" else submit
    row = store(
        desk.wish(form.spec()),
        by=by(request),
        form_key=form.cleaned_data["form_key"],
        now=database_now(),
        request=desk.editing,
    )
    said = _("Draft saved. Nobody else sees it.") if action == "draft" else _("Request sent.")
    messages.success(request, said)
    return row


def _page(
    request: SignedIn,
    desk: Desk,
    form: NamespaceRequestForm,
    template: str,
    *,
    is_preview: bool = False,
) -> HttpResponse:
    is_wrong = form.is_bound and not is_preview and bool(form.errors)
    authors = desk.authors(request.user.pk)
    preview = build_preview(form, desk.wish, authors) if desk.offer.clusters else None
    context = {
        "form": form,
        "preview": preview,
        "fixed": desk.offer.fixed,
        "editing": desk.editing,
        "returned": returned_with(desk.editing) if desk.editing else None,
        "taken_over": taken_over_with(desk.editing) if desk.editing else None,
        "namespace": desk.namespace,
        "clusters": desk.offer.clusters,
        "show_errors": not is_preview,
        "about": _about(desk),
        "is_suggested": bool(desk.suggested) and not form.is_bound,
    }
    return render(request, template, context, status=422 if is_wrong else 200)


def _about(desk: Desk) -> str:
    """Return the query that tells the preview and the name check what is being written."""
    if desk.editing:
        return f"?request={desk.editing.public_id}"
    return f"?namespace={desk.namespace.public_id}" if desk.namespace else ""
