"""Compare what a look lists with the revisions in force, page by page, and say who is to be woken.

Second part of a look (observe.py): a namespace that was read back equal minutes ago may not be so
now, and the lists are at hand. What is found makes the namespace due; the repair is reconcile's,
with its event. Knows no cluster: it is given the objects while they are being reduced.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q
from django.db.models.functions import Now

from onboarding.domain.fence_gate import is_gated, with_proof
from onboarding.domain.lifecycle import REPAIRED_WHILE_BLOCKED, NamespaceState
from onboarding.domain.objects import Json, Key, Manifest, key_of, text
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST, is_ours
from onboarding.models import Cluster, ManagedNamespace, Revision
from onboarding.plan.compare import differences
from onboarding.plan.model import PlannedObject, load_plan, stamped
from onboarding.services.hints import hint
from onboarding.services.phases.work import GUARDED_KINDS, MANAGED_KINDS, culprit

COMPARED_KINDS = frozenset({"Namespace", *MANAGED_KINDS})
# Only what was read back whole can be said to differ now; every other state is being worked on.
SETTLED = frozenset({NamespaceState.READY, NamespaceState.DRIFTED})
MISSING = "missing"
ANOTHER_UID = "metadata.uid"
BEING_DELETED = "metadata.deletionTimestamp"


@dataclass(frozen=True)
class _Expected:
    """What shall be in one namespace. Objects are kept as text: a tree takes ten times the room."""

    row_id: int
    uid: str
    generation: int
    fencing_token: int
    objects: Mapping[Key, bytes]
    stamps: Mapping[str, str]


@dataclass
class Expectations:
    """What shall be on a cluster, and what differed in the lists so far, by kind and namespace.

    `waiting` counts the pods of every namespace that wait for the fence.
    """

    expected: Mapping[str, _Expected]
    found: dict[str, dict[str, list[Json]]] = field(default_factory=dict)
    waiting: Counter[str] = field(default_factory=Counter)

    def watched(
        self, kind: str, manifests: Iterable[Manifest], *, unread: Collection[str] = ()
    ) -> Iterator[Manifest]:
        """Pass the objects of one kind on and compare them. Begun again, it forgets the last.

        `unread` are the namespaces of which nothing was read by the end: nothing is missing there.
        """
        found: dict[str, list[Json]] = defaultdict(list)
        if kind == "Pod":
            manifests = self._counted(manifests)
        missing = {
            key
            for one in self.expected.values()
            for key in one.objects
            if key.kind == kind and kind in COMPARED_KINDS
        }
        for manifest in manifests:
            key = key_of(manifest)
            expected = self.expected.get(key.namespace or key.name)
            if expected and kind in COMPARED_KINDS:
                missing.discard(key)
                found[key.namespace or key.name] += _found(expected, key, manifest)
            yield manifest
        for key in sorted(key for key in missing if key.namespace not in unread):
            found[key.namespace or key.name].append(_entry(key, [MISSING]))
        self.found[kind] = found

    def misses(self, kind: str) -> bool:
        """Tell whether the last list of a kind lacks or alters something that was approved."""
        return any(map(_repairable, self.found.get(kind, {}).values()))

    def _counted(self, pods: Iterable[Manifest]) -> Iterator[Manifest]:
        self.waiting.clear()
        for pod in pods:
            self.waiting[text(pod, "metadata", "namespace")] += is_gated(pod)
            yield pod

    def keeps_waiting(self, namespace: str) -> bool:
        """Tell whether pods wait where everything was read back: a worker can let them go."""
        return namespace in self.expected and self.waiting[namespace] > 0

    def of(self, namespace: str) -> list[Json] | None:
        """Return what differs in one namespace, None where nothing was to be compared.

        Of a namespace that is missing, going or another's, nothing inside is worth a word.
        """
        if namespace not in self.expected:
            return None
        whole = self.found.get("Namespace", {}).get(namespace, [])
        if any(_is_lost(one) for one in whole):
            return whole
        return [one for kind in sorted(self.found) for one in self.found[kind].get(namespace, ())]


def expected_on(cluster: Cluster, *, now: datetime) -> Expectations:
    """Return what shall be on the cluster. Read before the first list. One query."""
    unleased = Q(namespace__lease_until=None) | Q(namespace__lease_until__lt=now)
    rows = Revision.objects.filter(
        unleased,
        _kept_up("namespace__"),
        namespace__cluster=cluster,
        namespace__verified_at__isnull=False,
        number=F("namespace__generation"),
    ).exclude(namespace__uid="")
    expected = {}
    for revision in rows.select_related("namespace", "request").iterator(chunk_size=100):
        expected[revision.namespace.name] = _expected(revision)
    return Expectations(expected)


def untouched(cluster: Cluster, expectations: Expectations) -> dict[str, datetime]:
    """Return when each namespace was verified that no worker and no approval touched since.

    Of the others nothing can be said: what was seen may be half of a change. One query.
    """
    rows = ManagedNamespace.objects.filter(_kept_up(), cluster=cluster)
    return {
        name: verified_at
        for name, token, generation, verified_at in rows.values_list(
            "name", "fencing_token", "generation", "verified_at"
        )
        if (known := expectations.expected.get(name))
        and (known.fencing_token, known.generation) == (token, generation)
        and verified_at
    }


def since(
    differs: list[Json],
    *,
    stored: tuple[list[Json] | None, datetime | None],
    verified_at: datetime,
    began: datetime,
) -> datetime:
    """Return since which look it differs like this; a repair in between begins it anew.

    What no plan contains outlives every repair, so there only the list counts.
    """
    before, at = stored
    if differs == before and at and (at > verified_at or not _repairable(differs)):
        return at
    return began


def wakes(differs: list[Json] | None, *, since: datetime | None, began: datetime) -> bool:
    """Tell whether a worker has to look now: at what is new, and at all it can repair."""
    return bool(differs) and (since == began or _repairable(differs or []))


def wake(expectations: Expectations, names: Iterable[str]) -> None:
    """Make these namespaces due now, unless a worker or an approval was faster."""
    for name in sorted(names):
        known = expectations.expected[name]
        woken = ManagedNamespace.objects.filter(
            _kept_up(),
            pk=known.row_id,
            fencing_token=known.fencing_token,
            generation=known.generation,
            next_at__gt=Now(),
        ).update(next_at=Now())
        if woken:
            hint(known.row_id)


def _kept_up(prefix: str = "") -> Q:
    """Return what a worker puts back: what is settled, or blocked only because of access."""
    blocked = {"state": NamespaceState.BLOCKED.value, "reason__in": sorted(REPAIRED_WHILE_BLOCKED)}
    is_blocked = Q(**{f"{prefix}{name}": value for name, value in blocked.items()})
    return Q(**{f"{prefix}state__in": sorted(SETTLED)}) | is_blocked


def _repairable(differs: list[Json]) -> bool:
    return any(isinstance(one, dict) and not one["foreign"] for one in differs)


def _is_lost(entry: Json) -> bool:
    fields = entry["fields"] if isinstance(entry, dict) else None
    return fields in ([MISSING], [ANOTHER_UID], [BEING_DELETED])


def _expected(revision: Revision) -> _Expected:
    namespace = revision.namespace
    return _Expected(
        row_id=namespace.pk,
        uid=namespace.uid,
        generation=namespace.generation,
        fencing_token=namespace.fencing_token,
        objects={
            planned.key: json.dumps(_as_written(planned, namespace)).encode()
            for planned in load_plan(revision.plan).objects
        },
        stamps={
            REQUEST: revision.request.label,
            GENERATION: str(revision.number),
            DIGEST: revision.digest,
        },
    )


def _as_written(planned: PlannedObject, namespace: ManagedNamespace) -> Manifest:
    is_home = planned.key == Key("Namespace", "", namespace.name)
    is_proven = is_home and namespace.is_fence_proven
    return with_proof(planned.manifest) if is_proven else planned.manifest


def _found(expected: _Expected, key: Key, live: Manifest) -> list[Json]:
    """Return one entry if the live object is not as planned, or was planned by nobody."""
    if key.kind == "Namespace":
        if text(live, "metadata", "uid") != expected.uid:
            return [_entry(key, [ANOTHER_UID])]
        if text(live, "metadata", "deletionTimestamp"):
            return [_entry(key, [BEING_DELETED])]
    planned = expected.objects.get(key)
    if planned is None:
        is_foreign = key.kind in GUARDED_KINDS and not is_ours(live)
        return [_entry(key, [], by=culprit(live), foreign=True)] if is_foreign else []
    found = differences(stamped(json.loads(planned), expected.stamps), live)
    return [_entry(key, [str(one) for one in found], by=culprit(live))] if found else []


def _entry(key: Key, fields: list[str], *, by: str = "", foreign: bool = False) -> Json:
    return {"object": str(key), "fields": [*fields], "by": by, "foreign": foreign}
