"""Which namespaces have a template in force: read off the plans that were approved.

Every object of a plan names the template version it came from. So the text of a plan tells exactly,
of the baseline as well as of openings, whatever version its spec is of. Texts inside JSON have
their quotes escaped: nothing that people write looks like such a mark.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from onboarding.domain.catalogue import Template
from onboarding.domain.ownership import TEMPLATE
from onboarding.models import ManagedNamespace, Revision
from onboarding.queries.namespaces import live_and_visible_to
from onboarding.queries.permissions import Permissions

_ENDS_NAMESPACE = Q(plan__objects=[])
# More than there will ever be. A subquery with an end is worked out by itself: without one,
# PostgreSQL writes each plan as text anew for every template that is looked for in it.
_ALL = 10**9


@dataclass(frozen=True)
class VersionUse:
    """In how many namespaces a template version is in force, and only other versions of it."""

    this: int
    only_others: int


def uses_of(permissions: Permissions, templates: Iterable[Template]) -> Mapping[str, int]:
    """Return for each template version how many namespaces have it in force: {ref: number}.

    Of those that the person may see. One query, however many templates and namespaces there are.
    """
    return _counted(permissions, {one.ref: _is_made_of(one) for one in templates})


def use_of_versions(permissions: Permissions, template: Template) -> VersionUse:
    """Return the same of one, and of what is known of it under other numbers. One query."""
    this = _is_made_of(template)
    found = _counted(permissions, {"this": this, "others": _is_made_of_any(template) & ~this})
    return VersionUse(found["this"], found["others"])


def users_of(permissions: Permissions, template: Template) -> QuerySet[ManagedNamespace]:
    """Return the namespaces with the template version in force that the person may see."""
    made = _in_force(permissions).filter(_is_made_of(template))
    rows = ManagedNamespace.objects.select_related("team", "cluster__observation")
    return rows.filter(pk__in=made.values("namespace"))


def _in_force(permissions: Permissions) -> QuerySet[Revision]:
    """Return of each namespace the revision that `queries.namespaces.in_force` names, as `made`.

    Until a namespace that shall be gone is, what was in force before still stands there.
    """
    making = Revision.objects.exclude(_ENDS_NAMESPACE)
    newer = making.filter(namespace=OuterRef("namespace"), number__gt=OuterRef("number"))
    seen = live_and_visible_to(permissions).values("pk")
    rows = making.filter(~Exists(newer), namespace__in=seen).order_by()
    return rows.annotate(made=Cast(F("plan"), TextField()))


def _counted(permissions: Permissions, conditions: Mapping[str, Q]) -> dict[str, int]:
    names = {f"of_{number}": name for number, name in enumerate(conditions)}
    counts = {alias: Count("pk", filter=conditions[name]) for alias, name in names.items()}
    found = _in_force(permissions)[:_ALL].aggregate(**counts)
    return {names[alias]: number for alias, number in found.items()}


def _is_made_of(template: Template) -> Q:
    return Q(made__contains=f'"{TEMPLATE}": "{template.ref}"')


def _is_made_of_any(template: Template) -> Q:
    return Q(made__contains=f'"{TEMPLATE}": "{template.slug}@')
