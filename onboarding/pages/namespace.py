"""What the pages of a namespace show: the head they share, and each tab's contents. Reads only."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.domain.objects import Manifest, items, text
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import Decision, ManagedNamespace, Revision, Run
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import PlannedObject, load_plan
from onboarding.plan.render_yaml import render_yaml
from onboarding.queries.closings import closing_of
from onboarding.queries.holdings import Holdings, UsedBound, holdings_of, used_bounds
from onboarding.queries.leads import leads_of
from onboarding.queries.namespaces import (
    has_open_request,
    in_force,
    is_adoptable,
    latest_run,
    may_adopt,
    may_change,
    may_retire,
    uid_to_remove,
)
from onboarding.queries.permissions import Permissions
from onboarding.queries.truth import Truth, truth_of
from onboarding.reachability.sentences import sentences

STUCK = frozenset({NamespaceState.BLOCKED.value, NamespaceState.RETRYING.value})

_ENDED_WORDS = {
    NamespaceState.GONE.value: gettext_lazy("The namespace is gone. Request a new one instead."),
    NamespaceState.UNCREATED.value: gettext_lazy(
        "The namespace was never created. Its name is free for another request, unless somebody "
        "else has it on the cluster."
    ),
    NamespaceState.LOST.value: gettext_lazy(
        "The namespace was lost with its cluster. Request a new one on another cluster."
    ),
}
WHAT_TO_DO: dict[str, str | Promise] = {
    BlockedReason.TAKEN: gettext_lazy(
        "A namespace of this name is on the cluster and Bulkhead did not make it. Nothing was "
        "written to it. Ask a platform admin to remove it and try again, or retire this one and "
        "ask for another name."
    ),
    BlockedReason.UID_CHANGED: gettext_lazy(
        "Somebody deleted the namespace and made another of the same name. Ask a platform admin "
        "which of them is meant; then try again."
    ),
    BlockedReason.REFUSED: gettext_lazy(
        "The API server refused an object, in the words above. Ask a platform admin to lift what "
        "stands in the way, or request a change; then try again."
    ),
    BlockedReason.NOT_AS_PLANNED: gettext_lazy(
        "What the cluster stored is not what was approved; something changes objects on their "
        "way in. Ask a platform admin to find it; then try again."
    ),
    BlockedReason.TEAM_MAY_WRITE_POLICY: gettext_lazy(
        "Another grant on the cluster lets the team's group write policy, which would undo the "
        "isolation. Ask a platform admin to remove that grant; then try again."
    ),
    BlockedReason.RESTORED: gettext_lazy(
        "Nothing is written to it until a lead of the team asks to "
        "take it over again and approvers have seen how it differs; or ask for its removal. The "
        "access that came back with it stands meanwhile."
    ),
    BlockedReason.NEWER_ON_CLUSTER: gettext_lazy(
        "The cluster holds something this portal does not remember, so its pages may be wrong "
        "about this namespace. A platform admin can find out whether the portal’s database was "
        "restored. A lead of the team can ask to take the namespace over again, or to remove it."
    ),
    BlockedReason.REAPPEARED: gettext_lazy(
        "It was removed by request and lives again, probably by a backup of the cluster. A lead "
        "of the team or a platform admin can try again: the approved removal then runs anew."
    ),
}
REMOVE_AGAIN = gettext_lazy(
    "Its removal was approved, and it came back meanwhile with another uid, probably by a backup. "
    "A lead of the team or a platform admin can try again: then what came back is removed as well."
)


def what_to_do(row: ManagedNamespace) -> str:
    """Return what a person can do about a namespace that waits for one; "" where none must."""
    if row.reason == BlockedReason.RESTORED and uid_to_remove(row):
        return str(REMOVE_AGAIN)
    return str(WHAT_TO_DO.get(row.reason, ""))


@dataclass(frozen=True)
class Tab:
    """One side of a namespace, with its own URL."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class NamespacePage:
    """The head of every tab. `why_not` explains to a lead why nothing can be requested now.

    `truth` is the newest that is known: what was read back, or what was seen since.
    """

    tabs: list[Tab]
    is_lead: bool
    may_change: bool
    may_retire: bool
    may_adopt: bool
    why_not: str
    truth: Truth


@dataclass(frozen=True)
class Overview:
    """The first tab. `revision` is None until something was approved."""

    revision: Revision | None
    spec: NamespaceSpec | None
    deciders: list[Decision]
    objects: int
    run: Run | None
    what_to_do: str
    who_may_ask: list[str]
    may_try_again: bool
    size_title: str
    bounds: tuple[UsedBound, ...]
    holdings: Holdings | None
    asked_by: str
    lost_because: str = ""


@dataclass(frozen=True)
class PolicyCard:
    """One object in force: what it is for, what it means, and itself."""

    planned: PlannedObject
    sentences: tuple[str, ...]
    yaml: str
    element_id: str


@dataclass(frozen=True)
class Binding:
    """One RoleBinding: a group and the role it is bound to."""

    group: str
    role: str
    name: str


def build_namespace_page(
    row: ManagedNamespace, permissions: Permissions, *, tab: str
) -> NamespacePage:
    """Return the head of a tab: the tabs, and what the person may request."""
    is_lead = row.team_id in permissions.leads
    change, retire = may_change(permissions, row), may_retire(permissions, row)
    names = [
        ("overview", _("Overview"), "namespace-detail"),
        ("policies", _("Policies"), "namespace-policies"),
        ("connectivity", _("Connectivity"), "namespace-connectivity"),
        ("access", _("Access"), "namespace-access"),
        ("activity", _("Activity"), "namespace-activity"),
        ("revisions", _("Revisions"), "namespace-revisions"),
    ]
    return NamespacePage(
        tabs=[
            Tab(label, reverse(route, args=[row.public_id]), current=key == tab)
            for key, label, route in names
        ],
        is_lead=is_lead,
        may_change=change,
        may_retire=retire,
        may_adopt=may_adopt(permissions, row),
        why_not="" if change else _why_no_change(row, is_lead=is_lead),
        truth=truth_of(row),
    )


def build_overview(row: ManagedNamespace, permissions: Permissions) -> Overview:
    """Return the overview: intended, accepted, bounds, and what stands in the way."""
    revision = in_force(row)
    spec = revision.wanted if revision else None
    size = load_catalogue().sizes.get(spec.size) if spec else None
    is_lead, holdings = row.team_id in permissions.leads, holdings_of(row)
    return Overview(
        revision=revision,
        spec=spec,
        deciders=_deciders(revision),
        objects=len(load_plan(revision.plan).objects) if revision else 0,
        run=latest_run(row),
        what_to_do=what_to_do(row),
        who_may_ask=_who_may_ask(row) if not is_lead else [],
        may_try_again=row.state in STUCK and (is_lead or permissions.is_platform_admin),
        size_title=size.title if size else "",
        bounds=used_bounds(load_plan(revision.plan), holdings) if revision else (),
        holdings=holdings,
        asked_by=revision.request.requester.label if revision else "",
        lost_because=_why_lost(row),
    )


def build_policies(revision: Revision | None) -> list[PolicyCard]:
    """Return every object in force in apply order; [] before anything was approved."""
    if revision is None:
        return []
    return [
        PolicyCard(
            planned=planned,
            sentences=_meaning(planned.manifest),
            yaml=render_yaml(planned.manifest),
            element_id=f"object-{number}",
        )
        for number, planned in enumerate(load_plan(revision.plan).objects, start=1)
    ]


def build_bindings(revision: Revision | None) -> list[Binding]:
    """Return the groups the approved objects let in."""
    if revision is None:
        return []
    return [
        Binding(
            group=text(subject, "name"),
            role=text(planned.manifest, "roleRef", "name"),
            name=planned.key.name,
        )
        for planned in load_plan(revision.plan).objects
        if planned.key.kind == "RoleBinding"
        for subject in items(planned.manifest, "subjects")
    ]


def _meaning(manifest: Manifest) -> tuple[str, ...]:
    """Return what a policy allows by itself. What it isolates is the fence's part to say."""
    if manifest.get("kind") != "NetworkPolicy":
        return ()
    return sentences([manifest])


def _why_lost(row: ManagedNamespace) -> str:
    """Return why the cluster was closed, in the words of the one who asked for that."""
    closing = closing_of(row.cluster) if row.state == NamespaceState.LOST.value else None
    return closing.reason if closing else ""


def _who_may_ask(row: ManagedNamespace) -> list[str]:
    """Return the names of those who may ask to take over what was found, if something was."""
    return [lead.label for lead in leads_of(row.team)] if is_adoptable(row) else []


def _deciders(revision: Revision | None) -> list[Decision]:
    if revision is None:
        return []
    return list(
        revision.request.decisions.filter(voided_at__isnull=True)
        .select_related("person")
        .order_by("decided_at")
    )


def _why_no_change(row: ManagedNamespace, *, is_lead: bool) -> str:
    if not is_lead:
        return _("Only a lead of team %(team)s may request changes.") % {"team": row.team.slug}
    if row.state in _ENDED_WORDS:
        return str(_ENDED_WORDS[row.state])
    if has_open_request(row):
        return _("A request for this namespace is open. A new one can follow when it is closed.")
    return _("A change can be requested once the namespace is ready.")
