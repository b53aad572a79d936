"""Reading what differs after a restore, from the rows and the newest look at the cluster."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import F

from onboarding.domain.after_restore import CHOICES, Differing, RestoreChoice
from onboarding.domain.lifecycle import ENDED, BlockedReason, NamespaceState
from onboarding.models import Cluster, HistoryBreak, ManagedNamespace, NamespaceObservation
from onboarding.models.breaks import open_breaks
from onboarding.plan.digest import digest_of
from onboarding.queries.portals import unknown_here

# What was whole, and is compared with each look.
_COMPARED = frozenset({NamespaceState.READY, NamespaceState.DRIFTED})


@dataclass(frozen=True)
class RestoreDifference:
    """One namespace of which the two sides say different things. `row` is None where it is unknown.

    `marks` are those on the cluster: {"request", "generation", "digest"} as far as they are there.
    """

    kind: Differing
    name: str
    row: ManagedNamespace | None = None
    marks: dict[str, str] = field(default_factory=dict)
    uid: str = ""  # of what is on the cluster
    objects: tuple[str, ...] = ()  # what is not as approved in it

    @property
    def choices(self) -> tuple[RestoreChoice, ...]:
        """Return what can be decided, the one that changes least first."""
        return CHOICES[self.kind]


def open_break_of(cluster: Cluster) -> HistoryBreak | None:
    """Return the break nobody has settled on the cluster, or None."""
    return open_breaks().filter(cluster=cluster).first()


def is_seen_since(found: HistoryBreak) -> bool:
    """Tell whether a complete look at the cluster began after the break was found."""
    seen = HistoryBreak.objects.filter(
        pk=found.pk, cluster__observation__seen_at__gte=F("found_at")
    )
    return seen.exists()


def differences_on(cluster: Cluster) -> list[RestoreDifference]:
    """Return everything that differs, by name. Six queries, whatever is found."""
    seen = {one.name: one for one in NamespaceObservation.objects.filter(cluster=cluster)}
    rows = ManagedNamespace.objects.filter(cluster=cluster).select_related("team", "cluster")
    known = [
        found
        for row in rows.exclude(state__in=sorted(ENDED)).prefetch_related("revisions__request")
        for found in _of_row(row, seen.get(row.name))
    ]
    unknown = [
        RestoreDifference(
            Differing.UNKNOWN,
            one.name,
            marks=dict(seen[one.name].marks or {}),
            uid=seen[one.name].uid,
        )
        for one in unknown_here([cluster]).get(cluster.pk, ())
        if one.is_ours and one.name in seen
    ]
    return sorted([*known, *unknown], key=lambda one: one.name)


def shown_of(differing: Iterable[RestoreDifference]) -> str:
    """Return what a page showed of them, in short: a decision counts for exactly that."""
    return digest_of([[one.kind.value, one.name, one.uid, {**one.marks}] for one in differing])


def _of_row(
    row: ManagedNamespace, seen: NamespaceObservation | None
) -> Iterator[RestoreDifference]:
    if kind := _differing(row, seen):
        marks, uid = (dict(seen.marks or {}), seen.uid) if seen else ({}, "")
        changed = _changed_in(seen) if seen and kind is Differing.CHANGED else ()
        yield RestoreDifference(kind, row.name, row, marks, uid, changed)


def _differing(row: ManagedNamespace, seen: NamespaceObservation | None) -> Differing | None:
    if row.state == NamespaceState.BLOCKED.value and row.reason == BlockedReason.REAPPEARED.value:
        return Differing.ALIVE
    if seen is None:
        # Whatever became of it here: it may have been there, and been removed by request.
        return None if _is_to_be_removed(row) else Differing.GONE
    if not row.uid:
        return None  # the run that makes it finds out whose it is
    if row.uid != seen.uid:
        return Differing.ANOTHER if seen.marks else None
    return _in_the_same(row, seen)


def _in_the_same(row: ManagedNamespace, seen: NamespaceObservation) -> Differing | None:
    marks = dict(seen.marks or {})
    if _is_unknown(row, marks):
        return Differing.NEWER
    if _is_older(row, marks):
        return Differing.OLDER
    return Differing.CHANGED if row.state in _COMPARED and _changed_in(seen) else None


def _is_to_be_removed(row: ManagedNamespace) -> bool:
    """Tell whether the newest that was approved is that it goes."""
    revisions = [*row.revisions.all()]
    return bool(revisions) and max(revisions, key=lambda one: one.number).ends_namespace


def _changed_in(seen: NamespaceObservation) -> tuple[str, ...]:
    """Return the planned objects that are not as approved, by the newest look."""
    return tuple(one["object"] for one in seen.differs or () if not one.get("foreign"))


def _is_unknown(row: ManagedNamespace, marks: dict[str, str]) -> bool:
    """Tell whether the marks name a request that nothing here knows to be the row's."""
    own = {revision.request.label for revision in row.revisions.all()}
    return bool(marks.get("request")) and marks["request"] not in own


def _is_older(row: ManagedNamespace, marks: dict[str, str]) -> bool:
    """Tell whether the marks are of a generation before the one that was read back whole."""
    return marks.get("generation", "").isdecimal() and (
        int(marks["generation"]) < row.observed_generation
    )
