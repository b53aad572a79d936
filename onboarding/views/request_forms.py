"""The request form from every side: new, duplicated, edited, changed; its preview and name check.

One flow for all of them: `Desk` says which form is on the desk and what it would do, the view sends
it. The preview is the same on the page, as a fragment beside the form, and as a download.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.forms.answers import answers_of
from onboarding.forms.namespace_request import FIXED_IN_CHANGE, NamespaceRequestForm
from onboarding.forms.offers import Offer
from onboarding.models import ManagedNamespace, Request, Team
from onboarding.pages.request_preview import build_preview, objects_as_file
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries import clusters, namespaces, requests
from onboarding.queries.names import check_name
from onboarding.queries.progress import returned_with
from onboarding.services.preview import NamespaceWish, change_wish
from onboarding.services.submit import save_draft, submit
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import only

ACTIONS = frozenset({"submit", "draft", "preview"})


@dataclass(frozen=True)
class Desk:
    """What is being written: a new request, an edited one, or a change of a namespace."""

    offer: Offer
    editing: Request | None = None
    namespace: ManagedNamespace | None = None
    start: NamespaceSpec | None = None
    suggested: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[str]:
        """Return the names a posted form may carry: those that are shown, no fixed fact."""
        fixed = FIXED_IN_CHANGE if self.offer.fixed else ()
        return frozenset(NamespaceRequestForm.base_fields) - frozenset(fixed)

    def form(self, data: Any = None, *, is_draft: bool = False) -> NamespaceRequestForm:
        """Return the form, filled from what the desk starts with."""
        initial = {**answers_of(self.start), **self.suggested} if self.start else {}
        return NamespaceRequestForm(data, offer=self.offer, initial=initial, is_draft=is_draft)

    def wish(self, spec: NamespaceSpec) -> NamespaceWish:
        """Return what the form's answers ask for."""
        if self.namespace:
            return change_wish(self.namespace, spec)
        team, cluster = self.offer.team(spec.team), self.offer.cluster(spec.cluster)
        return NamespaceWish(RequestKind.ONBOARD, spec, team, cluster)


def build_offer(
    request: SignedIn, *, fixed: NamespaceSpec | None = None, editing: Request | None = None
) -> Offer:
    """Return what the person may choose from. Raise Forbidden for somebody who leads no team."""
    if not request.permissions.leads:
        raise Forbidden(_("Only team leads ask for namespaces. Ask the lead of your team."))
    return Offer(
        teams=tuple(Team.objects.filter(pk__in=request.permissions.leads)),
        clusters=tuple(clusters.usable()),
        catalogue=load_catalogue(),
        now=timezone.now(),
        fixed=fixed,
        editing=editing,
    )


def change_desk(
    request: SignedIn, namespace: ManagedNamespace, editing: Request | None = None
) -> Desk:
    """Return the desk of a change: the fixed facts, and what is in force or was asked before."""
    revision = namespaces.in_force(namespace)
    if revision is None:
        raise Conflict(_("%(name)s has nothing in force yet.") % {"name": namespace.name})
    offer = build_offer(request, fixed=revision.wanted, editing=editing)
    start = editing.wanted if editing else revision.wanted
    return Desk(offer, editing=editing, namespace=namespace, start=start)


def edit_desk(request: SignedIn, row: Request) -> Desk:
    """Return the desk of a draft or returned request."""
    if row.namespace:
        return change_desk(request, row.namespace, row)
    return Desk(build_offer(request, editing=row), editing=row, start=row.wanted)


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
    if not form.is_valid() or action == "preview":
        return _page(request, desk, form, template, is_preview=action == "preview")
    try:
        row = _store(request, desk, form, action)
    except Invalid as wrong:
        form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
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
        now=timezone.now(),
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
    preview = build_preview(form, desk.wish) if desk.offer.clusters else None
    context = {
        "form": form,
        "preview": preview,
        "fixed": desk.offer.fixed,
        "editing": desk.editing,
        "returned": returned_with(desk.editing) if desk.editing else None,
        "namespace": desk.namespace,
        "has_clusters": bool(desk.offer.clusters),
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


def _desk_of(request: SignedIn) -> Desk:
    """Return the desk the page named in its address."""
    if public_id := request.GET.get("request"):
        return edit_desk(request, requests.load_own(request.permissions, public_id))
    if public_id := request.GET.get("namespace"):
        row = namespaces.visible_to(request.permissions).filter(public_id=public_id).first()
        if row is None:
            raise NotFound("No such namespace.")
        return change_desk(request, row)
    return Desk(build_offer(request))


@allow(Who.TEAM_LEADS)
def request_new(request: SignedIn) -> HttpResponse:
    """Ask for a namespace; ?from= starts with the answers of an earlier request."""
    start = None
    if public_id := request.GET.get("from"):
        row = requests.visible_to(request.permissions).filter(public_id=public_id).first()
        if row is None:
            raise NotFound("No such request.")
        start = row.wanted.changed(name="")
    desk = Desk(build_offer(request), start=start)
    return answer(request, desk, "requests/request_new.html")


@allow(Who.LEADS)
def request_edit(request: SignedIn, public_id: str) -> HttpResponse:
    """Go on with a draft, or mend what was returned. Retirements have their own page."""
    if request.method == "POST" and (known := already_sent(request)):
        return known
    row = requests.load_own(request.permissions, public_id)
    if row.kind == RequestKind.RETIRE.value and row.namespace:
        return redirect("namespace-retire", public_id=row.namespace.public_id)
    return answer(request, edit_desk(request, row), "requests/request_edit.html")


@require_POST
@allow(Who.TEAM_LEADS)
def request_preview(request: SignedIn) -> HttpResponse:
    """Return the preview of what stands in the form; ?download= sends its objects as a file."""
    desk = _desk_of(request)
    only(request, *desk.fields, "action", "shown")
    form = desk.form(request.POST)
    form.is_valid()
    preview = build_preview(form, desk.wish, shown=request.POST.get("shown", ""))
    if "download" in request.GET:
        return objects_as_file(preview.text, form.likely_spec().name)
    return render(request, "requests/_preview.html", {"preview": preview})


@allow(Who.TEAM_LEADS)
def name_check(request: SignedIn) -> HttpResponse:
    """Say whether a name is free on a cluster, why not, and which variant is."""
    name, cluster_name = request.GET.get("name", ""), request.GET.get("cluster", "")
    cluster = clusters.usable().filter(name=cluster_name).first()
    editing = (
        requests.load_own(request.permissions, request.GET["request"])
        if "request" in request.GET
        else None
    )
    check = None
    if name and cluster:
        check = check_name(cluster, name, now=timezone.now(), except_request=editing)
    context = {"check": check, "name": name[:80], "cluster": cluster, "now": timezone.now()}
    return render(request, "requests/_name_check.html", context)
