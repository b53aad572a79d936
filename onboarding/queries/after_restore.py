"""Reading what differs after a restore, from the rows and the newest look at the cluster."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import F

from onboarding.domain.after_restore import CHOICES, Differing, RestoreChoice
from onboarding.domain.lifecycle import ENDED, BlockedReason, NamespaceState
from onboarding.models import Cluster, HistoryBreak, ManagedNamespace, NamespaceObservation
from onboarding.models.breaks import open_breaks
from onboarding.queries.portals import unknown_here

# Only of these can be said that they were whole: what is not there was removed by somebody.
_IN_FORCE = frozenset({NamespaceState.READY, NamespaceState.DRIFTED})


@dataclass(frozen=True)
class RestoreDifference:
    """One namespace of which the two sides say different things. `row` is None where it is unknown.

    `marks` are those on the cluster: {"request", "generation", "digest"} as far as they are there.
    """

    kind: Differing
    name: str
    row: ManagedNamespace | None = None
    marks: dict[str, str] = field(default_factory=dict)

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
        RestoreDifference(Differing.UNKNOWN, one.name, marks=dict(seen[one.name].marks or {}))
        for one in unknown_here([cluster]).get(cluster.pk, ())
        if one.is_ours and one.name in seen
    ]
    return sorted([*known, *unknown], key=lambda one: one.name)


def _of_row(
    row: ManagedNamespace, seen: NamespaceObservation | None
) -> Iterator[RestoreDifference]:
    marks = dict(seen.marks or {}) if seen else {}
    if row.state == NamespaceState.BLOCKED.value and row.reason == BlockedReason.REAPPEARED.value:
        yield RestoreDifference(Differing.ALIVE, row.name, row, marks)
    elif seen is None:
        if row.state in _IN_FORCE and row.uid:
            yield RestoreDifference(Differing.GONE, row.name, row)
    elif row.uid == seen.uid and _is_unknown(row, marks):
        yield RestoreDifference(Differing.NEWER, row.name, row, marks)
    elif row.uid == seen.uid and _is_older(row, marks):
        yield RestoreDifference(Differing.OLDER, row.name, row, marks)


def _is_unknown(row: ManagedNamespace, marks: dict[str, str]) -> bool:
    """Tell whether the marks name a request that nothing here knows to be the row's."""
    own = {revision.request.label for revision in row.revisions.all()}
    return bool(marks.get("request")) and marks["request"] not in own


def _is_older(row: ManagedNamespace, marks: dict[str, str]) -> bool:
    """Tell whether the marks are of a generation before the one that was read back whole."""
    return marks.get("generation", "").isdecimal() and (
        int(marks["generation"]) < row.observed_generation
    )
