"""Rendering namespaces anew: what is outdated and could be asked for, and deciding it at once."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.forms.decision import DecisionForm
from onboarding.forms.refresh import RefreshForm
from onboarding.models import ManagedNamespace, Refresh, Vote
from onboarding.pages.refresh import LaneOffer, RefreshPage, build_refresh_page, outdated_lines
from onboarding.queries.refreshes import load_refresh, outdated_for, with_open_request
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.services.refresh import MOST_AT_ONCE, ask_refresh, cancel_refresh, decide_refresh
from onboarding.templatetags.wording import approval_name
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.errors import conflict_page
from onboarding.views.posted import asked, only, signature_in

# Query → column: what narrows the list of what is outdated.
SCOPES = {
    "team": "team__public_id",
    "cluster": "cluster__public_id",
    "namespace": "public_id",
}


@allow(Who.LEADS_AND_ADMINS)
def refresh_new(request: SignedIn) -> HttpResponse:
    """List what is outdated and why; POST asks to render the chosen ones anew."""
    asked(request, *SCOPES)
    rows = _in_scope(request)
    shown = rows.select_related("cluster__observation")[:MOST_AT_ONCE]
    lines = outdated_lines(list(shown))
    offered = [line.namespace for line in lines if not line.why_not]
    form = RefreshForm(request.POST if request.method == "POST" else None, offered=offered, why="")
    if request.method == "POST":
        only(request, "namespaces", "reason", "form_key")
        if form.is_valid() and (sent := _ask(request, form)):
            return redirect("refresh-detail", public_id=sent.public_id)
    chosen = {str(value) for value in form["namespaces"].value() or ()}
    context = {
        "form": form,
        "lines": [(line, line.namespace.public_id in chosen) for line in lines],
        "truths": truths_of(line.namespace for line in lines),
        "offered": len(offered),
        "left_out": max(0, rows.count() - len(lines)),
        "now": database_now(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "refreshes/refresh_new.html", context, status=status)


@allow(Who.READERS)
def refresh_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show what one refresh does to each namespace; POST decides a lane of all that go together."""
    asked(request)
    row = load_refresh(request.permissions, public_id)
    if request.method == "POST":
        return _decide(request, row)
    return _show(request, row, None)


@forms_only
@allow(Who.LEADS)
def refresh_cancel(request: SignedIn, public_id: str) -> HttpResponse:
    """Take one's own refresh back; the service checks that it is."""
    only(request)
    row = load_refresh(request.permissions, public_id)
    count = cancel_refresh(row, by=by(request), now=database_now())
    words = ngettext(
        "%(count)d request was cancelled.", "%(count)d requests were cancelled.", count
    )
    messages.success(request, words % {"count": count})
    return redirect("refresh-detail", public_id=row.public_id)


def _in_scope(request: SignedIn) -> QuerySet[ManagedNamespace]:
    rows = with_open_request(outdated_for(request.permissions))
    for name, column in SCOPES.items():
        if value := request.GET.get(name, "")[:40]:
            rows = rows.filter(**{column: value})
    return rows


def _ask(request: SignedIn, form: RefreshForm) -> Refresh | None:
    try:
        row = ask_refresh(
            form.chosen(),
            by=by(request),
            reason=form.cleaned_data["reason"],
            form_key=form.cleaned_data["form_key"],
            now=database_now(),
        )
    except Invalid as wrong:
        form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        return None
    messages.success(request, _("Request sent. Nothing changes before it is approved."))
    return row


def _decide(request: SignedIn, row: Refresh) -> HttpResponse:
    only(request, "lane", "vote", "digest", "reason", "signed")
    offered = [lane for lane in request.permissions.lanes if lane == request.POST.get("lane")]
    form = DecisionForm(request.POST, offered=offered, may_return=False)
    if not form.is_valid():
        return _show(request, row, form)
    try:
        signature = signature_in(request)
        count = decide_refresh(
            row, **form.word, by=by(request), now=database_now(), signature=signature
        )
    except Invalid as wrong:
        form.refuse(wrong)
        return _show(request, row, form)
    except Conflict as faster:
        return conflict_page(request, faster, reverse("refresh-detail", args=[row.public_id]))
    messages.success(request, _said(form.word["vote"], form.word["lane"], count))
    return redirect("refresh-detail", public_id=row.public_id)


def _said(vote: Vote, lane: Lane, count: int) -> str:
    if vote is Vote.APPROVE:
        words = ngettext(
            "You gave %(approval)s for %(count)d request.",
            "You gave %(approval)s for %(count)d requests.",
            count,
        )
    else:
        words = ngettext(
            "You rejected %(count)d request (%(approval)s).",
            "You rejected %(count)d requests (%(approval)s).",
            count,
        )
    return words % {"approval": approval_name(lane), "count": count}


def _show(request: SignedIn, row: Refresh, form: DecisionForm | None) -> HttpResponse:
    """Render the page. A form in error answers 422 and keeps what was typed."""
    page = build_refresh_page(row, request.permissions, request.user)
    context = {
        "refresh": row,
        "page": page,
        "forms": _forms(page, form),
        "wrong": form,
        "now": database_now(),
    }
    status = 422 if form else 200
    return render(request, "refreshes/refresh_detail.html", context, status=status)


def _forms(page: RefreshPage, bound: DecisionForm | None) -> list[tuple[LaneOffer, DecisionForm]]:
    """Return one form per lane; the one in error is shown as it was typed."""
    said = bound.data.get("lane") if bound else None
    return [
        (
            offer,
            bound
            if bound and said == offer.lane.value
            else DecisionForm(
                initial={"digest": offer.digest, "lane": offer.lane.value},
                offered=[offer.lane],
                may_return=False,
                auto_id=f"id_{offer.lane.value}_%s",
            ),
        )
        for offer in page.offers
    ]
