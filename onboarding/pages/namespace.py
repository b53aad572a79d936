"""What the pages of a namespace show: the head they share, and each tab's contents. Reads only."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.lifecycle import ENDED, NamespaceState
from onboarding.domain.objects import Manifest, items, text
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import Decision, Deviation, ManagedNamespace, Revision, Run
from onboarding.pages.deviations import DeviationCard, build_deviations
from onboarding.pages.guidance import Guidance, guidance_for
from onboarding.pages.waiting import WaitingPage, waiting_page
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import PlannedObject, load_plan
from onboarding.plan.render_yaml import render_yaml
from onboarding.queries.closings import closing_of
from onboarding.queries.clusters import ClusterTruth, Freshness, look_at, truth_of_cluster
from onboarding.queries.deviations import last_made_again, may_be_opened
from onboarding.queries.guards import GuardTruth, guards_of
from onboarding.queries.holdings import Holdings, UsedBound, holdings_of, used_bounds
from onboarding.queries.namespaces import (
    CHANGEABLE,
    in_force,
    latest_run,
    may_adopt,
    may_change,
    may_retire,
    why_not_now,
)
from onboarding.queries.permissions import Permissions
from onboarding.queries.truth import Truth, truth_of
from onboarding.reachability.sentences import sentences
from onboarding.templatetags.wording import ended_ago

_ENDED_WORDS = {
    NamespaceState.GONE.value: gettext_lazy("The namespace is gone. Request a new one instead."),
    NamespaceState.UNCREATED.value: gettext_lazy(
        "The namespace was never created. Ask for a new one, under another name if somebody else "
        "has this one on the cluster."
    ),
    NamespaceState.LOST.value: gettext_lazy(
        "The namespace was lost with its cluster. Request a new one on another cluster."
    ),
}


@dataclass(frozen=True)
class Tab:
    """One side of a namespace, with its own URL."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class NamespacePage:
    """The head of every tab. `why_not` tells leads why they can request no change now, and
    everybody where nobody can any more. `title` is that of the tab.

    `truth` is the newest that is known: what was read back, or what was seen since. `guards` is
    about the cluster it lives on, `look` how that is by the newest that is known; None: it ended.
    """

    tabs: list[Tab]
    is_lead: bool
    may_change: bool
    may_retire: bool
    may_adopt: bool
    why_not: str
    title: str
    truth: Truth
    guards: GuardTruth
    look: ClusterTruth | None

    @property
    def is_not_looked_at(self) -> bool:
        """Tell whether nobody has looked at its cluster for long, so that all this may be old."""
        return self.look is not None and self.look.state == Freshness.OLD

    @property
    def is_look_failed(self) -> bool:
        """Tell whether the last look at its cluster failed, so that all this may be old."""
        return self.look is not None and self.look.state == Freshness.FAILED


@dataclass(frozen=True)
class Overview:
    """The first tab. `revision` is None until something was approved."""

    revision: Revision | None
    spec: NamespaceSpec | None
    deciders: list[Decision]
    objects: int
    run: Run | None
    guidance: Guidance
    deviations: list[DeviationCard]
    may_ask_removal: bool
    form_key: str
    made_again: Deviation | None
    waiting: WaitingPage | None
    last_look_failed: bool
    is_over: bool
    ended_ago: str
    size_title: str
    bounds: tuple[UsedBound, ...]
    holdings: Holdings | None
    asked_by: str
    lost_because: str = ""
    may_be_opened: bool = False


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
    row: ManagedNamespace, permissions: Permissions, *, tab: str, now: datetime
) -> NamespacePage:
    """Return the head of a tab: the tabs, and what the person may request.

    Two queries at most of a row read by `load_namespace`.
    """
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
        title=next(label for key, label, _route in names if key == tab),
        truth=truth_of(row),
        guards=GuardTruth() if row.state in ENDED else guards_of(row.cluster),
        look=None
        if row.state in ENDED
        else truth_of_cluster(row.cluster, look_at(row.cluster), now=now),
    )


def build_overview(row: ManagedNamespace, permissions: Permissions, *, now: datetime) -> Overview:
    """Return the overview: intended, accepted, bounds, and what stands in the way."""
    revision = in_force(row)
    plan = load_plan(revision.plan) if revision else None
    deviations = build_deviations(row, permissions, plan, now=now)
    spec = revision.wanted if revision else None
    size = load_catalogue().sizes.get(spec.size) if spec else None
    holdings = holdings_of(row)
    return Overview(
        revision=revision,
        spec=spec,
        deciders=_deciders(revision),
        objects=len(plan.objects) if plan else 0,
        run=latest_run(row),
        guidance=guidance_for(row, permissions),
        deviations=deviations,
        may_ask_removal=any(card.may_ask_removal for card in deviations),
        form_key=uuid.uuid4().hex,
        made_again=last_made_again(row),
        waiting=waiting_page(row, permissions),
        last_look_failed=row.state == NamespaceState.READY.value and row.attempts > 0,
        is_over=row.state in ENDED,
        ended_ago="" if row.state in ENDED else ended_ago(row.expires_at, now),
        size_title=size.title if size else "",
        bounds=used_bounds(load_plan(revision.plan), holdings) if revision else (),
        holdings=holdings,
        asked_by=revision.request.requester.label if revision else "",
        lost_because=_why_lost(row),
        may_be_opened=may_be_opened(row),
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


def _deciders(revision: Revision | None) -> list[Decision]:
    if revision is None:
        return []
    return list(
        revision.request.decisions.filter(voided_at__isnull=True)
        .select_related("person")
        .order_by("decided_at")
    )


def _is_retired(row: ManagedNamespace) -> bool:
    """Tell whether nobody can ask for anything any more: it has ended, or its end was approved."""
    if row.state in CHANGEABLE:
        return False
    newest = row.revisions.first()
    return row.state in ENDED or bool(newest and newest.ends_namespace)


def _why_no_change(row: ManagedNamespace, *, is_lead: bool) -> str:
    """Return why nobody can ask for a change: to leads, and where it is for good to everybody."""
    if is_lead or _is_retired(row):
        return str(_ENDED_WORDS.get(row.state) or why_not_now(row))
    return ""
