"""What was approved for many namespaces: the wish in force, its request, and who approved it.

For pages that list namespaces with what lets them through. Two queries for any number.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Decision, IngressSource, ManagedNamespace, Revision, Vote


@dataclass(frozen=True)
class InForce:
    """The newest approved wish of a namespace. `people` approved its request, in that order."""

    spec: NamespaceSpec
    request_id: str
    request_label: str
    at: datetime
    people: tuple[str, ...]


def approved_of(namespaces: Collection[ManagedNamespace]) -> dict[int, InForce]:
    """Return what is in force for each namespace that has something, by its key. Two queries."""
    newest: dict[int, Revision] = {}
    rows = Revision.objects.filter(namespace__in=[row.pk for row in namespaces])
    rows = rows.exclude(request__kind=RequestKind.RETIRE.value).select_related("request")
    few = rows.defer("plan", "request__plan", "request__spec", "request__found")
    for revision in few.order_by("namespace", "-number"):
        newest.setdefault(revision.namespace_id, revision)
    people = _approvers([revision.request_id for revision in newest.values()])
    return {
        key: InForce(
            revision.wanted,
            revision.request.public_id,
            revision.request.label,
            revision.created_at,
            people.get(revision.request_id, ()),
        )
        for key, revision in newest.items()
    }


def has_web_entry(clusters: Collection[str]) -> bool:
    """Tell whether any of the clusters, by name, has an ingress source. One query."""
    return IngressSource.objects.filter(cluster__name__in=clusters).exists()


def _approvers(requests: Collection[int]) -> dict[int, tuple[str, ...]]:
    rows = Decision.objects.filter(request__in=requests, voided_at=None, vote=Vote.APPROVE)
    found: dict[int, list[str]] = defaultdict(list)
    for decision in rows.select_related("person").order_by("decided_at", "id"):
        if decision.person.label not in found[decision.request_id]:
            found[decision.request_id].append(decision.person.label)
    return {key: tuple(names) for key, names in found.items()}
