"""Living with a namespace: the list, and one page per side of it.

Everything shown is what was approved and what a worker last read back, with its age; nothing here
asks a cluster. Missing and invisible namespaces answer alike (404).
"""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onboarding.domain.lifecycle import ENDED
from onboarding.domain.refusals import NotFound
from onboarding.models import ManagedNamespace
from onboarding.pages.access_lines import access_lines_of
from onboarding.pages.event_lines import event_lines
from onboarding.pages.namespace import (
    build_bindings,
    build_namespace_page,
    build_overview,
    build_policies,
)
from onboarding.pages.outdated import build_outdated, groups_still_in
from onboarding.plan.model import load_plan
from onboarding.plan.pod_security import pod_security_sentences
from onboarding.plan.render_yaml import render_documents
from onboarding.queries.namespaces import events_of, in_force, load_namespace, visible_to
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.services.retry import try_again
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import only

PAGE_SIZE = 50
ACTIVITY_SHOWN = 100


@allow(Who.SIGNED_IN)
def namespace_list(request: SignedIn) -> HttpResponse:
    """List the namespaces the person may see; q, team, cluster, state and outdated narrow it."""
    names = ("q", "team", "cluster", "outdated")
    wanted = {name: request.GET.get(name, "").strip()[:80] for name in names}
    state = request.GET.get("state", "live")
    seen = visible_to(request.permissions)
    rows = seen.order_by("name", "id")
    if state != "all":
        rows = rows.exclude(state__in=sorted(ENDED))
    for name, column in (("team", "team__slug"), ("cluster", "cluster__name")):
        if wanted[name]:
            rows = rows.filter(**{column: wanted[name]})
    if wanted["outdated"]:
        rows = rows.filter(outdated__isnull=False).exclude(state__in=sorted(ENDED))
    if wanted["q"]:
        rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(team__slug__icontains=wanted["q"]))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "truths": truths_of(page.object_list),
        "wanted": wanted,
        "with_gone": state == "all",
        "filtered": any(wanted.values()),
        "nothing_yet": not seen.exists(),
        "teams": seen.order_by("team__slug").values_list("team__slug", flat=True).distinct(),
        "clusters": seen.order_by("cluster__name")
        .values_list("cluster__name", flat=True)
        .distinct(),
        "clear_url": reverse("namespace-list"),
        "now": database_now(),
    }
    return render(request, "namespaces/namespace_list.html", context)


@allow(Who.READERS)
def namespace_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show isolation, identity, bounds and what stands in the way."""
    row = load_namespace(request.permissions, public_id)
    context = {
        "overview": build_overview(row, request.permissions, now=database_now()),
        "outdated": build_outdated(row, request.permissions),
    }
    return _tab(request, row, "overview", context)


@allow(Who.READERS)
def namespace_policies(request: SignedIn, public_id: str) -> HttpResponse:
    """Show every object in force: its template, what it means, its YAML."""
    row = load_namespace(request.permissions, public_id)
    return _tab(request, row, "policies", {"policies": build_policies(in_force(row))})


@allow(Who.READERS)
def namespace_access(request: SignedIn, public_id: str) -> HttpResponse:
    """Show who gets in, with which role, and what that role leaves out."""
    row = load_namespace(request.permissions, public_id)
    people = row.team.memberships.select_related("user").order_by("role", "user__username")
    revision = in_force(row)
    context = {
        "bindings": build_bindings(revision),
        "access": access_lines_of(revision),
        "pod_security": [*pod_security_sentences(load_plan(revision.plan))] if revision else [],
        "still_in": groups_still_in(row),
        "people": people,
    }
    return _tab(request, row, "access", context)


@allow(Who.READERS)
def namespace_activity(request: SignedIn, public_id: str) -> HttpResponse:
    """Show the namespace's part of history, newest first."""
    row = load_namespace(request.permissions, public_id)
    events = list(events_of(row)[: ACTIVITY_SHOWN + 1])
    context = {
        "lines": event_lines(events[:ACTIVITY_SHOWN]),
        "has_more": len(events) > ACTIVITY_SHOWN,
    }
    return _tab(request, row, "activity", context)


@allow(Who.READERS)
def namespace_yaml(request: SignedIn, public_id: str) -> HttpResponse:
    """Send the objects in force as one YAML file, in the order they are applied."""
    row = load_namespace(request.permissions, public_id)
    revision = in_force(row)
    if revision is None:
        raise NotFound("Nothing was approved for this namespace yet.")
    if not row.checks_out:  # whoever applies the file would apply what nobody approved
        raise NotFound("What is stored for this namespace does not check out as approved.")
    text = render_documents(load_plan(revision.plan).manifests())
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.name}-r{revision.number}.yaml"'
    return response


@require_POST
@allow(Who.LEADS)
def namespace_try_again(request: SignedIn, public_id: str) -> HttpResponse:
    """Make a stuck namespace due now; the service checks that the person is a lead or an admin."""
    only(request)
    row = load_namespace(request.permissions, public_id)
    try_again(row.pk, by=by(request), now=database_now())
    messages.success(request, _("A worker looks at %(name)s again now.") % {"name": row.name})
    return redirect("namespace-detail", public_id=row.public_id)


def _tab(
    request: SignedIn, row: ManagedNamespace, tab: str, context: dict[str, Any]
) -> HttpResponse:
    """Render one tab: the head they share, then its own contents."""
    template = "detail" if tab == "overview" else tab
    head = build_namespace_page(row, request.permissions, tab=tab)
    shared = {"head": head, "ns": row, "now": database_now()}
    return render(request, f"namespaces/namespace_{template}.html", {**shared, **context})
