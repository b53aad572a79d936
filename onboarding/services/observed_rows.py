"""Write what a look saw of each namespace: rows that changed, and no other.

Last part of a look (observe.py), inside its one transaction.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from onboarding.domain.objects import Json
from onboarding.domain.observed import CONNECTING_KINDS, SeenNamespace
from onboarding.models import Cluster, NamespaceObservation
from onboarding.services.compare_observed import (
    COMPARED_KINDS,
    Expectations,
    since,
    untouched,
    wake,
    wakes,
)

# The digest stands for uid, labels, policies and pods.
_COMPARED = (
    "digest",
    "portal",
    "contents",
    "quotas",
    "differs",
    "differs_at",
    "unread",
    "waiting_pods",
)
_KEPT = ("uid", "first_seen_at")
_NOTHING: Mapping[str, Any] = dict.fromkeys((*_COMPARED, *_KEPT))


def write_namespaces(
    cluster: Cluster, seen: Iterable[SeenNamespace], expectations: Expectations, *, began: datetime
) -> bool:
    """Make the stored namespaces equal to the seen ones, and wake those that are not as approved.

    Return whether anything changed on which connectivity depends.
    """
    rows = NamespaceObservation.objects.filter(cluster=cluster)
    stored = {row["name"]: row for row in rows.values("name", *_COMPARED, *_KEPT)}
    verified = untouched(cluster, expectations)
    seen = _with_last_read(rows, [*seen])
    # What is not seen at all leaves no row to say so; the worker that is woken will.
    woken = {name for name in verified if expectations.of(name)}
    waiting = {name for name in verified if expectations.keeps_waiting(name)}
    writing, changed = [], False
    for one in seen:
        old, row = stored.pop(one.name, _NOTHING), _row(cluster, one)
        row.first_seen_at = old["first_seen_at"] if old["uid"] == one.uid else began
        row.waiting_pods = None if "Pod" in one.unread else expectations.waiting[one.name]
        if one.name in verified and COMPARED_KINDS.intersection(one.unread):
            row.differs, row.differs_at = old["differs"], old["differs_at"]  # half says nothing
        elif one.name in verified:
            row.differs = expectations.of(one.name)
            row.differs_at = _since(row.differs, old, verified[one.name], began)
            if not wakes(row.differs, since=row.differs_at, began=began):
                woken.discard(one.name)
        changed = changed or old["digest"] != row.digest
        if any(old[name] != getattr(row, name) for name in _COMPARED):
            writing.append(row)
    NamespaceObservation.objects.bulk_create(
        writing,
        update_conflicts=True,
        unique_fields=["cluster", "name"],
        update_fields=["labels", "marks", "policies", "pods", *_COMPARED, *_KEPT],
    )
    if stored:
        rows.filter(name__in=sorted(stored)).delete()
    wake(expectations, woken | waiting)
    return changed or bool(stored)


def last_unread(cluster: Cluster) -> dict[str, Collection[str]]:
    """Return the kinds that the last look could not read, by namespace. One query."""
    rows = NamespaceObservation.objects.filter(cluster=cluster, unread__isnull=False)
    return {name: unread or () for name, unread in rows.values_list("name", "unread")}


def _with_last_read(
    rows: QuerySet[NamespaceObservation], seen: list[SeenNamespace]
) -> list[SeenNamespace]:
    """Return the namespaces with what was not read of them as it was when it last was."""
    partly = {one.name for one in seen if CONNECTING_KINDS.intersection(one.unread)}
    if not partly:
        return seen
    before = {row.name: row for row in rows.filter(name__in=partly)}
    return [_as_last_read(one, before.get(one.name)) for one in seen]


def _as_last_read(one: SeenNamespace, before: NamespaceObservation | None) -> SeenNamespace:
    if before is None or before.uid != one.uid:
        return one
    return replace(
        one,
        policies=before.policies if "NetworkPolicy" in one.unread else one.policies,
        pods=before.pods if "Pod" in one.unread else one.pods,
    )


def _since(
    differs: list[Json] | None, old: Mapping[str, Any], verified_at: datetime, began: datetime
) -> datetime | None:
    if not differs:
        return None
    before = (old["differs"], old["differs_at"])
    return since(differs, stored=before, verified_at=verified_at, began=began)


def _row(cluster: Cluster, seen: SeenNamespace) -> NamespaceObservation:
    return NamespaceObservation(
        cluster=cluster,
        name=seen.name,
        digest=seen.digest,
        uid=seen.uid,
        labels=seen.labels,
        marks=seen.marks or None,
        policies=seen.policies,
        pods=seen.pods,
        portal=seen.portal,
        contents=seen.contents,
        quotas=seen.quotas,
        unread=[*seen.unread] or None,
    )
