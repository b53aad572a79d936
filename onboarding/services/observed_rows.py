"""Write what a look saw of each namespace: rows that changed, and no other.

Last part of a look (observe.py), inside its one transaction.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from onboarding.domain.objects import Json
from onboarding.domain.observed import SeenNamespace
from onboarding.models import Cluster, NamespaceObservation
from onboarding.services.compare_observed import Expectations, since, untouched, wake, wakes

# The digest stands for uid, labels, policies and pods.
_COMPARED = ("digest", "portal", "contents", "quotas", "differs", "differs_at")
_NOTHING: Mapping[str, Any] = dict.fromkeys(_COMPARED)


def write_namespaces(
    cluster: Cluster, seen: Iterable[SeenNamespace], expectations: Expectations, *, began: datetime
) -> bool:
    """Make the stored namespaces equal to the seen ones, and wake those that are not as approved.

    Return whether anything changed on which connectivity depends.
    """
    rows = NamespaceObservation.objects.filter(cluster=cluster)
    stored = {row["name"]: row for row in rows.values("name", *_COMPARED)}
    verified = untouched(cluster, expectations)
    # What is not seen at all leaves no row to say so; the worker that is woken will.
    woken = {name for name in verified if expectations.of(name)}
    writing, changed = [], False
    for one in seen:
        old, row = stored.pop(one.name, _NOTHING), _row(cluster, one)
        if one.name in verified:
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
        update_fields=["uid", "labels", "marks", "policies", "pods", *_COMPARED],
    )
    if stored:
        rows.filter(name__in=sorted(stored)).delete()
    wake(expectations, woken)
    return changed or bool(stored)


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
    )
