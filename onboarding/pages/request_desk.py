"""What is on the desk: the request form of a new, edited or changed namespace, and what it asks.

One flow for all of them: `Desk` says which form is filled and what it would do, a view sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Forbidden, NotFound, NotNow
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.forms.answers import answers_of
from onboarding.forms.namespace_request import FIXED_IN_CHANGE, NamespaceRequestForm
from onboarding.forms.offers import Offer
from onboarding.forms.opening_rows import is_of_a_row, rows_in
from onboarding.forms.suggestions import Proposal
from onboarding.models import ManagedNamespace, Request, Suggestion
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import load_plan
from onboarding.queries import clusters, namespaces, requests
from onboarding.queries.deciders import authors_of
from onboarding.queries.leads import teams_led
from onboarding.queries.permissions import Permissions
from onboarding.queries.suggestions import suggestion_of
from onboarding.services.clock import database_now
from onboarding.services.preview import NamespaceWish, change_wish


@dataclass(frozen=True)
class Desk:
    """What is being written: a new request, an edited one, or a change of a namespace.

    `rows` are the openings a kept form had, if one is shown again: its page has to have them too.
    """

    offer: Offer
    editing: Request | None = None
    namespace: ManagedNamespace | None = None
    start: NamespaceSpec | None = None
    proposed: Proposal = field(default_factory=Proposal)
    suggestion: Suggestion | None = None
    rows: Mapping[str, str] | None = None

    @property
    def fields(self) -> frozenset[str]:
        """Return the names a posted form may carry: those that are shown, no fixed fact."""
        fixed = FIXED_IN_CHANGE if self.offer.fixed else ()
        return frozenset(NamespaceRequestForm.base_fields) - frozenset(fixed)

    def takes(self, posted: Mapping[str, Any]) -> frozenset[str]:
        """Return the names a posted form may carry, with those of the rows that are in it."""
        rows = rows_in(posted, self.offer.catalogue)
        return self.fields | {name for row in rows for name in row.names_in(posted)}

    def form(self, data: Any = None, *, is_draft: bool = False) -> NamespaceRequestForm:
        """Return the form, filled from what the desk starts with."""
        initial = {**answers_of(self.start), **self.proposed.answers} if self.start else {}
        if self.editing:
            initial["why"] = self.editing.why or ""
        elif self.suggestion:
            initial["why"] = self.suggestion.note or self.suggestion.about
        initial["version"] = self.version
        rows = () if self.rows is None else rows_in(self.rows, self.offer.catalogue)
        if self.rows is not None:
            kept = {name for row in rows for name in row.names}
            initial = {name: one for name, one in initial.items() if not is_of_a_row(name)}
            initial |= {name: one for name, one in self.rows.items() if name in kept}
        return NamespaceRequestForm(data, offer=self.offer, initial=initial, is_draft=is_draft)

    @property
    def name(self) -> str:
        """Return which form it is, among those of one person."""
        if self.editing:
            return f"request {self.editing.public_id}"
        return f"namespace {self.namespace.public_id}" if self.namespace else "new"

    @property
    def version(self) -> str:
        """Return what stands now of what is written over; "" where nothing is."""
        if self.editing:
            return self.editing.digest
        return f"generation {self.namespace.generation}" if self.namespace else ""

    def wish(self, spec: NamespaceSpec, *, why: str = "") -> NamespaceWish:
        """Return what the form's answers ask for, for this reason."""
        if self.namespace:
            removes = load_plan(self.editing.plan).removes if self.editing else ()
            wish = change_wish(self.namespace, spec, removes, why=why)
            return replace(wish, suggestion=self.suggestion)
        team, cluster = self.offer.team(spec.team), self.offer.cluster(spec.cluster)
        return NamespaceWish(RequestKind.ONBOARD, spec, team, cluster, why=why)

    def authors(self, writer: int) -> frozenset[int]:
        """Return whom the request would come from, sent by `writer`: they decide no lane of it."""
        return authors_of(self.editing) | {writer}


def build_offer(
    permissions: Permissions,
    *,
    fixed: NamespaceSpec | None = None,
    editing: Request | None = None,
) -> Offer:
    """Return what the person may choose from. Raise Forbidden for somebody who leads no team."""
    if not permissions.leads:
        raise Forbidden(_("Only team leads ask for namespaces. Ask the lead of your team."))
    return Offer(
        teams=tuple(teams_led(permissions)),
        clusters=tuple(clusters.usable()),
        catalogue=load_catalogue(),
        now=database_now(),
        fixed=fixed,
        editing=editing,
    )


def change_desk(
    permissions: Permissions, namespace: ManagedNamespace, editing: Request | None = None
) -> Desk:
    """Return the desk of a change: the fixed facts, and what is in force or was asked before."""
    revision = namespaces.in_force(namespace)
    if revision is None:
        raise NotNow(_("%(name)s has nothing in force yet.") % {"name": namespace.name})
    offer = build_offer(permissions, fixed=revision.wanted, editing=editing)
    start = editing.wanted if editing else revision.wanted
    return Desk(offer, editing=editing, namespace=namespace, start=start)


def edit_desk(permissions: Permissions, row: Request) -> Desk:
    """Return the desk of a draft or returned request."""
    if row.namespace:
        desk = change_desk(permissions, row.namespace, row)
        is_draft = row.state == RequestState.DRAFT.value
        return replace(desk, suggestion=suggestion_of(row)) if is_draft else desk
    return Desk(build_offer(permissions, editing=row), editing=row, start=row.wanted)


def desk_named(permissions: Permissions, *, request: str = "", namespace: str = "") -> Desk:
    """Return the desk of a draft, a change or a new request, by public ids. Raise NotFound."""
    if request:
        return edit_desk(permissions, requests.load_own(permissions, request))
    if namespace:
        row = namespaces.visible_to(permissions).filter(public_id=namespace).first()
        if row is None:
            raise NotFound("No such namespace.")
        return change_desk(permissions, row)
    return Desk(build_offer(permissions))
