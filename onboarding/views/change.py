"""Asking for a change or the end of a namespace. Same lanes and rules as asking for a new one."""

from collections.abc import Mapping
from dataclasses import replace

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Invalid, NotNow
from onboarding.domain.spec import RequestKind
from onboarding.forms.adopt import AdoptForm
from onboarding.forms.retire import RetireForm
from onboarding.forms.suggestions import proposed_answers
from onboarding.models import ManagedNamespace, Request
from onboarding.pages.adoption import compare_found
from onboarding.pages.request_desk import Desk, change_desk
from onboarding.plan.render_yaml import render_yaml
from onboarding.queries.deciders import authors_of, barred_from, nobody_can, staff
from onboarding.queries.holdings import Holdings, holdings_of
from onboarding.queries.namespaces import (
    load_led,
    may_adopt,
    may_change,
    may_retire,
    why_not_now,
)
from onboarding.queries.suggestions import in_force_then, load_suggestion
from onboarding.queries.usual_wait import usual_waits
from onboarding.services.clock import database_now
from onboarding.services.preview import (
    NamespaceWish,
    Preview,
    adopt_wish,
    preview,
    retire_wish,
)
from onboarding.services.submit import submit
from onboarding.services.suggest import check_standing, is_standing
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.errors import conflict_page
from onboarding.views.form_answers import answer
from onboarding.views.posted import asked, only


@allow(Who.LEADS)
def namespace_change(request: SignedIn, public_id: str) -> HttpResponse:
    """Show the form filled with what is in force; POST asks for the difference.

    A query may propose other answers; see forms/suggestions.py.
    """
    row = load_led(request.permissions, public_id)
    if request.method != "POST" and not may_change(request.permissions, row):
        return _not_now(request, row)
    desk = change_desk(request.permissions, row)
    asked(request, *desk.fields, "suggestion", "go_on")
    desk = _suggested(request, row, desk)
    return answer(request, desk, "change/namespace_change.html")


def _suggested(request: SignedIn, row: ManagedNamespace, desk: Desk) -> Desk:
    """Return the desk with what the address proposes: answers, or a member's suggestion of them.

    What is sent after the suggestion was settled, or while what it asks for is not on offer, is
    the lead's own request, like any other.
    """
    if desk.start is None:
        return desk
    query: Mapping[str, str] = request.GET
    suggestion, then = None, None
    if wanted := request.GET.get("suggestion", ""):
        suggestion = load_suggestion(row, wanted[:20])
        if request.method != "POST":
            check_standing(suggestion)
        query, then = suggestion.answers, in_force_then(suggestion)
        suggestion = suggestion if is_standing(suggestion) else None
    proposed = proposed_answers(query, offer=desk.offer, in_force=desk.start, then=then)
    suggestion = None if proposed.left_out else suggestion
    if not wanted:  # nobody asked for it, and an address puts no words on a page
        proposed = replace(proposed, left_out=())
    return replace(desk, proposed=proposed, suggestion=suggestion)


@allow(Who.LEADS)
def namespace_retire(request: SignedIn, public_id: str) -> HttpResponse:
    """List what goes with the namespace; POST with its typed name asks for the removal."""
    asked(request)
    row = load_led(request.permissions, public_id)
    returned = _returned(request, row, RequestKind.RETIRE)
    if returned is None and request.method != "POST" and not may_retire(request.permissions, row):
        return _not_now(request, row)
    holdings, posted = holdings_of(row), request.POST if request.method == "POST" else None
    phrase, why = holdings.confirmation if holdings else "", _why_before(returned)
    form = RetireForm(posted, name=row.name, phrase=phrase, why=why)
    if request.method == "POST":
        only(request, "why", "typed_name", "confirms", "form_key")
        if form.is_valid() and (sent := _send(request, _retirement(row, form), form, returned)):
            messages.success(request, _("Request sent. Nothing is removed before it is approved."))
            return redirect("request-detail", public_id=sent.public_id)
    return _retire_page(request, row, form, returned, holdings=holdings)


@allow(Who.LEADS)
def namespace_adopt(request: SignedIn, public_id: str) -> HttpResponse:
    """Show how what was found differs from what is approved; POST asks to take it over."""
    asked(request)
    row = load_led(request.permissions, public_id)
    returned = _returned(request, row, RequestKind.ADOPT)
    if returned is None and request.method != "POST" and not may_adopt(request.permissions, row):
        return _not_now(request, row)
    posted = request.POST if request.method == "POST" else None
    form = AdoptForm(posted, why=_why_before(returned))
    if request.method == "POST":
        only(request, "why", "form_key")
        if form.is_valid() and (sent := _send(request, _adoption(row, form), form, returned)):
            messages.success(request, _("Request sent. Nothing is written before it is approved."))
            return redirect("request-detail", public_id=sent.public_id)
    wish = adopt_wish(row)
    thought = preview(wish)
    context = {
        "ns": row,
        "form": form,
        **_who_must_agree(request, wish, thought, returned),
        "found": compare_found(row.found, thought.plan),
    }
    status = 422 if form.is_bound else 200
    return render(request, "change/namespace_adopt.html", context, status=status)


def _send(
    request: SignedIn, wish: NamespaceWish, form: Form, returned: Request | None
) -> Request | None:
    try:
        return submit(
            wish,
            by=by(request),
            form_key=form.cleaned_data["form_key"],
            now=database_now(),
            request=returned,
        )
    except Invalid as wrong:
        form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        return None


def _retirement(row: ManagedNamespace, form: RetireForm) -> NamespaceWish:
    answers = form.cleaned_data
    return retire_wish(row, confirms=answers.get("confirms", ""), why=answers["why"])


def _adoption(row: ManagedNamespace, form: AdoptForm) -> NamespaceWish:
    return adopt_wish(row, why=form.cleaned_data["why"])


def _why_before(returned: Request | None) -> str:
    return (returned.why or "") if returned else ""


def _retire_page(
    request: SignedIn,
    row: ManagedNamespace,
    form: RetireForm,
    returned: Request | None,
    *,
    holdings: Holdings | None,
) -> HttpResponse:
    wish = retire_wish(row)
    thought = preview(wish)
    context = {
        "ns": row,
        "form": form,
        **_who_must_agree(request, wish, thought, returned),
        "found": compare_found(row.found, thought.plan),
        "holdings": holdings,
        "objects": [(change, render_yaml(change.planned.manifest)) for change in thought.changes],
    }
    status = 422 if form.is_bound else 200
    return render(request, "change/namespace_retire.html", context, status=status)


def _who_must_agree(
    request: SignedIn, wish: NamespaceWish, thought: Preview, returned: Request | None
) -> dict[str, object]:
    authors = authors_of(returned) | {request.user.pk}
    barred = barred_from(wish.team, wish.spec.environment, authors)
    lanes = staff(thought.lanes, barred)
    return {"lanes": lanes, "waits": usual_waits(), "nobody": nobody_can(lanes, barred)}


def _returned(request: SignedIn, row: ManagedNamespace, kind: RequestKind) -> Request | None:
    return row.requests.filter(
        requester=request.user,
        kind=kind.value,
        state=RequestState.RETURNED.value,
    ).first()


def _not_now(request: SignedIn, row: ManagedNamespace) -> HttpResponse:
    """Answer 409 with what has to happen first, and the way back to the namespace."""
    back_url = reverse("namespace-detail", args=[row.public_id])
    return conflict_page(request, NotNow(why_not_now(row)), back_url)
