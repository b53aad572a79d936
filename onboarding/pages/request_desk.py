"""What is on the desk: the request form of a new, edited or changed namespace, and what it asks.

One flow for all of them: `Desk` says which form is filled and what it would do, a view sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from onboarding.domain.refusals import Forbidden, NotNow
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.forms.answers import answers_of
from onboarding.forms.namespace_request import FIXED_IN_CHANGE, NamespaceRequestForm
from onboarding.forms.offers import Offer
from onboarding.models import ManagedNamespace, Request
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import load_plan
from onboarding.queries import clusters, namespaces
from onboarding.queries.deciders import authors_of
from onboarding.queries.leads import teams_led
from onboarding.queries.permissions import Permissions
from onboarding.services.clock import database_now
from onboarding.services.preview import NamespaceWish, change_wish


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
            removes = load_plan(self.editing.plan).removes if self.editing else ()
            return change_wish(self.namespace, spec, removes)
        team, cluster = self.offer.team(spec.team), self.offer.cluster(spec.cluster)
        return NamespaceWish(RequestKind.ONBOARD, spec, team, cluster)

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
        return change_desk(permissions, row.namespace, row)
    return Desk(build_offer(permissions, editing=row), editing=row, start=row.wanted)
