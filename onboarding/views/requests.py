"""Requests after they are written: the list, one request with its progress, taking it back."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import RequestKind
from onboarding.forms.close_request import CloseRequestForm
from onboarding.models import Request
from onboarding.pages.decision import (
    build_decision_page,
    lane_states,
    staffed_lane_states,
)
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
from onboarding.queries.requests import EDITABLE, LANES_READ, load_request, visible_to
from onboarding.queries.truth import truth_of
from onboarding.services.clock import database_now
from onboarding.services.submit import cancel
from onboarding.services.take_over import close_abandoned, take_over
from onboarding.templatetags.states import REQUEST_KINDS, REQUEST_STATES
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import only

PAGE_SIZE = 25
STOP_POLLING = 286  # htmx: swap this answer in and ask no more
CANCELLABLE = OPEN_REQUEST | {RequestState.DRAFT}
# These are asked for on the page of the namespace they are about, and nowhere else.
OF_ONE_NAMESPACE = frozenset({RequestKind.RETIRE.value, RequestKind.ADOPT.value})


@allow(Who.SIGNED_IN)
def request_list(request: SignedIn) -> HttpResponse:
    """List the requests the person may see, newest first; state and kind narrow it."""
    seen = visible_to(request.permissions)
    wanted = {name: request.GET.get(name, "") for name in ("state", "kind")}
    page = Paginator(_matching(seen, wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, lane_states(row, request.permissions)) for row in page],
        "state_chips": _chips("state", _state_labels(), wanted),
        "kind_chips": _chips("kind", _kind_labels(), wanted),
        "clear_url": reverse("request-list") if any(wanted.values()) else "",
        "is_lead": bool(request.permissions.leads),
        "now": database_now(),
    }
    return render(request, "requests/request_list.html", context)


@allow(Who.READERS)
def request_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show one request: who asked, who must agree, what it does, and how far it is."""
    row = load_request(request.permissions, public_id)
    return _detail(request, row, CloseRequestForm())


def _detail(request: SignedIn, row: Request, close_form: CloseRequestForm) -> HttpResponse:
    now = database_now()
    page = build_decision_page(row, request.permissions, now=now)
    context = {
        **_progress_context(request, row),
        **_offered_actions(request, row, is_abandoned=page.abandoned is not None),
        "page": page,
        "close_form": close_form,
        "spec": row.wanted,
        "kind": REQUEST_KINDS[row.kind],
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
        "may_cancel": is_own and state in CANCELLABLE,
        "may_edit": is_own and state in EDITABLE and leads,
        "may_decide": permissions.is_approver and state is RequestState.PENDING and not is_own,
        "may_take_over": is_abandoned and leads,
        "may_close": is_abandoned and (leads or permissions.is_platform_admin),
    }


@allow(Who.READERS)
def request_progress(request: SignedIn, public_id: str) -> HttpResponse:
    """Return the timeline alone; 286 tells htmx that nothing moves by itself any more."""
    context = _progress_context(request, load_request(request.permissions, public_id))
    context["is_swapped_in"] = True
    progress: Progress = context["progress"]
    status = STOP_POLLING if progress.is_over else 200
    return render(request, "requests/_progress.html", context, status=status)


@require_POST
@allow(Who.LEADS)
def request_cancel(request: SignedIn, public_id: str) -> HttpResponse:
    """Take one's own request back."""
    only(request)
    row = cancel(
        load_request(request.permissions, public_id).pk,
        by=by(request),
        now=database_now(),
    )
    messages.success(request, _("%(request)s was cancelled.") % {"request": row.label})
    return redirect("request-detail", public_id=row.public_id)


@require_POST
@allow(Who.LEADS)
def request_take_over(request: SignedIn, public_id: str) -> HttpResponse:
    """Make a request that lost its requester one's own, and go on to edit it."""
    only(request)
    row = load_request(request.permissions, public_id)
    row = take_over(row.pk, by=by(request), now=database_now())
    words = _("%(request)s is yours now. Look at it and send it again.")
    messages.success(request, words % {"request": row.label})
    return redirect("request-edit", public_id=row.public_id)


@require_POST
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
        "may_duplicate": bool(request.permissions.leads)
        and row.kind not in OF_ONE_NAMESPACE
        and not row.refresh_id,
        "is_retirement": row.kind == RequestKind.RETIRE.value,
        "what_to_do": guidance_for(namespace, request.permissions) if namespace else "",
        "waiting": waiting_page(namespace, request.permissions),
        "may_try_again": may_push and progress.stage in {Stage.BLOCKED, Stage.RETRYING},
        "now": database_now(),
    }


def _matching(rows: QuerySet[Request], wanted: dict[str, str]) -> QuerySet[Request]:
    given = {name: value for name, value in wanted.items() if value}
    return rows.filter(**given).prefetch_related(*LANES_READ).order_by("-id")


def _state_labels() -> dict[str, str]:
    return {state: str(face.words) for state, face in REQUEST_STATES.items()}


def _kind_labels() -> dict[str, str]:
    return {kind: str(words) for kind, words in REQUEST_KINDS.items()}


def _chips(name: str, labels: dict[str, str], wanted: dict[str, str]) -> list[dict[str, object]]:
    """Return one link per value that sets the filter, or drops it where it is set."""
    chips: list[dict[str, object]] = []
    for value, label in labels.items():
        is_active = wanted[name] == value
        query = {**wanted, name: "" if is_active else value}
        kept = urlencode({key: text for key, text in query.items() if text})
        chips.append({"label": label, "url": f"?{kept}", "active": is_active})
    return chips
