"""Requests after they are written: one request with its progress, taking it back."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.domain.refusals import Forbidden, Invalid
from onboarding.domain.spec import RequestKind
from onboarding.forms.close_request import CloseRequestForm
from onboarding.models import Request
from onboarding.pages.conversation import conversation_of
from onboarding.pages.decision import (
    build_decision_page,
    staffed_lane_states,
)
from onboarding.pages.decision_facts import heading_of
from onboarding.pages.guidance import guidance_for
from onboarding.pages.request_preview import objects_as_file
from onboarding.pages.step_words import step_views
from onboarding.pages.waiting import waiting_page
from onboarding.plan.model import load_plan
from onboarding.plan.render_yaml import render_documents
from onboarding.queries.progress import (
    Progress,
    Stage,
    closed_with,
    progress_of,
    returned_with,
    taken_over_with,
)
from onboarding.queries.requests import EDITABLE, load_request
from onboarding.queries.truth import truth_of
from onboarding.services.clock import database_now
from onboarding.services.submit import cancel
from onboarding.services.take_over import close_abandoned, take_over
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import asked, only

STOP_POLLING = 286  # htmx: swap this answer in and ask no more
CANCELLABLE = OPEN_REQUEST | {RequestState.DRAFT}
# These are asked for on the page of the namespace they are about, and nowhere else.
OF_ONE_NAMESPACE = frozenset({RequestKind.RETIRE.value, RequestKind.ADOPT.value})


@allow(Who.READERS)
def request_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show one request: who asked, who must agree, what it does, and how far it is."""
    asked(request)
    row = load_request(request.permissions, public_id)
    return _detail(request, row, CloseRequestForm())


def _detail(request: SignedIn, row: Request, close_form: CloseRequestForm) -> HttpResponse:
    now = database_now()
    page = build_decision_page(row, request.permissions, now=now)
    context = {
        **_progress_context(request, row),
        **_offered_actions(request, row, is_abandoned=page.abandoned is not None),
        "page": page,
        "conversation": conversation_of(row, request.permissions),
        "close_form": close_form,
        "spec": row.wanted,
        "heading": heading_of(row),
        "returned": returned_with(row),
        "taken_over": taken_over_with(row),
        "now": now,
    }
    status = 422 if close_form.is_bound else 200
    return render(request, "requests/request_detail.html", context, status=status)


def _offered_actions(request: SignedIn, row: Request, *, is_abandoned: bool) -> dict[str, bool]:
    """Return which buttons the person gets; the services refuse the same."""
    is_own, state = row.requester_id == request.user.pk, RequestState(row.state)
    permissions = request.permissions
    leads = row.team_id in permissions.leads
    return {
        "may_cancel": _may_cancel(request, row),
        "may_edit": is_own and state in EDITABLE and leads,
        "may_decide": permissions.is_approver and state is RequestState.PENDING and not is_own,
        "may_take_over": is_abandoned and leads,
        "may_close": is_abandoned and (leads or permissions.is_platform_admin),
    }


def _may_cancel(request: SignedIn, row: Request) -> bool:
    return row.requester_id == request.user.pk and RequestState(row.state) in CANCELLABLE


def _may_duplicate(request: SignedIn, row: Request) -> bool:
    of_one = row.kind in OF_ONE_NAMESPACE or row.refresh_id is not None
    return bool(request.permissions.leads) and not of_one


@allow(Who.READERS)
def request_progress(request: SignedIn, public_id: str) -> HttpResponse:
    """Return the timeline alone; 286 tells htmx that nothing moves by itself any more."""
    context = _progress_context(request, load_request(request.permissions, public_id))
    context["is_swapped_in"] = True
    progress: Progress = context["progress"]
    status = STOP_POLLING if progress.is_over else 200
    return render(request, "requests/_progress.html", context, status=status)


@allow(Who.LEADS)
def request_cancel(request: SignedIn, public_id: str) -> HttpResponse:
    """Ask whether one's own request shall be taken back; POST does it."""
    asked(request)
    row = load_request(request.permissions, public_id)
    if request.method == "POST":
        only(request)
        row = cancel(row.pk, by=by(request), now=database_now())
        messages.success(request, _("%(request)s was cancelled.") % {"request": row.label})
        return redirect("request-detail", public_id=row.public_id)
    if not _may_cancel(request, row):
        raise Forbidden(_("Only the person who asked can cancel it, while it is open."))
    context = {
        "row": row,
        "heading": heading_of(row),
        "decided": len(row.decisions.all()),
        "may_duplicate": _may_duplicate(request, row),
        "now": database_now(),
    }
    return render(request, "requests/request_cancel.html", context)


@forms_only
@allow(Who.LEADS)
def request_take_over(request: SignedIn, public_id: str) -> HttpResponse:
    """Make a request that lost its requester one's own, and go on to edit it."""
    only(request)
    row = load_request(request.permissions, public_id)
    row = take_over(row.pk, by=by(request), now=database_now())
    words = _("%(request)s is yours now. Look at it and send it again.")
    messages.success(request, words % {"request": row.label})
    return redirect("request-edit", public_id=row.public_id)


@forms_only
@allow(Who.LEADS)
def request_close(request: SignedIn, public_id: str) -> HttpResponse:
    """End a request that lost its requester, with a reason."""
    only(request, "reason")
    row = load_request(request.permissions, public_id)
    form = CloseRequestForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        close_abandoned(row.pk, by=by(request), reason=reason, now=database_now())
    except Invalid:
        return _detail(request, row, form)
    messages.success(request, _("%(request)s was closed.") % {"request": row.label})
    return redirect("request-detail", public_id=row.public_id)


@allow(Who.READERS)
def request_yaml(request: SignedIn, public_id: str) -> HttpResponse:
    """Send every object of the request as one YAML file, in apply order."""
    asked(request)
    row = load_request(request.permissions, public_id)
    return objects_as_file(render_documents(load_plan(row.plan).manifests()), row.name)


def _progress_context(request: SignedIn, row: Request) -> dict[str, Any]:
    progress = progress_of(row)
    namespace = progress.namespace
    may_push = request.permissions.is_platform_admin or row.team_id in request.permissions.leads
    return {
        "row": row,
        "progress": progress,
        "truth": truth_of(namespace) if namespace and progress.stage is Stage.DONE else None,
        "steps": step_views(progress.steps),
        "lanes": {"lanes": staffed_lane_states(row, request.permissions)},
        "closing": closed_with(row),
        "may_duplicate": _may_duplicate(request, row),
        "is_retirement": row.kind == RequestKind.RETIRE.value,
        "what_to_do": guidance_for(namespace, request.permissions) if namespace else "",
        "waiting": waiting_page(namespace, request.permissions),
        "may_try_again": may_push and progress.stage in {Stage.BLOCKED, Stage.RETRYING},
        "now": database_now(),
    }
