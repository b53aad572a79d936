"""Living with a namespace: one page per side of it.

Everything shown is what was approved and what a worker last read back, with its age; nothing here
asks a cluster. Missing and invisible namespaces answer alike (404).
"""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import NotFound
from onboarding.models import ManagedNamespace
from onboarding.pages.access_lines import access_lines_of
from onboarding.pages.event_lines import by_day, event_lines
from onboarding.pages.namespace import (
    build_bindings,
    build_namespace_page,
    build_overview,
    build_policies,
)
from onboarding.pages.outdated import build_outdated, groups_still_in
from onboarding.pages.suggestions import build_suggestions
from onboarding.plan.model import load_plan
from onboarding.plan.pod_security import pod_security_sentences
from onboarding.plan.render_yaml import render_documents
from onboarding.queries.namespaces import events_of, in_force, load_namespace
from onboarding.services.clock import database_now
from onboarding.services.retry import try_again
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import asked, only

ACTIVITY_SHOWN = 100


@allow(Who.READERS)
def namespace_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show isolation, identity, bounds and what stands in the way."""
    asked(request)
    row = load_namespace(request.permissions, public_id)
    now = database_now()
    context = {
        "now": now,
        "overview": build_overview(row, request.permissions, now=now),
        "outdated": build_outdated(row, request.permissions),
        "suggestions": build_suggestions(row, request.permissions),
    }
    return _tab(request, row, "overview", context)


@allow(Who.READERS)
def namespace_policies(request: SignedIn, public_id: str) -> HttpResponse:
    """Show every object in force: its template, what it means, its YAML."""
    asked(request)
    row = load_namespace(request.permissions, public_id)
    return _tab(request, row, "policies", {"policies": build_policies(in_force(row))})


@allow(Who.READERS)
def namespace_access(request: SignedIn, public_id: str) -> HttpResponse:
    """Show who gets in, with which role, and what that role leaves out."""
    asked(request)
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
    asked(request)
    row = load_namespace(request.permissions, public_id)
    events = list(events_of(row)[: ACTIVITY_SHOWN + 1])
    context = {
        "days": by_day(event_lines(events[:ACTIVITY_SHOWN], request.permissions)),
        "has_more": len(events) > ACTIVITY_SHOWN,
    }
    return _tab(request, row, "activity", context)


@allow(Who.READERS)
def namespace_yaml(request: SignedIn, public_id: str) -> HttpResponse:
    """Send the objects in force as one YAML file, in the order they are applied."""
    asked(request)
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


@forms_only
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
    now = context.get("now") or database_now()
    head = build_namespace_page(row, request.permissions, tab=tab, now=now)
    shared = {"head": head, "ns": row, "now": now}
    return render(request, f"namespaces/namespace_{template}.html", {**shared, **context})
