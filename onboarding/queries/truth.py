"""What is known of a namespace by now: the newest of what was read back and what was seen since.

The one place that decides whether a page may say that what was approved is in force. A run reads
back everything, and the looks at the cluster go on between two runs; whichever is newer counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Manifest, text
from onboarding.models import ClusterObservation, ManagedNamespace, NamespaceObservation

_SETTLED = frozenset({NamespaceState.READY.value, NamespaceState.DRIFTED.value})
_Place: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class SeenDifference:
    """One object that was not as approved when it was seen. `where` names fields, if any."""

    kind: str
    name: str
    where: str
    by: str
    is_missing: bool
    is_foreign: bool

    @property
    def is_going(self) -> bool:
        """Tell whether the object is being deleted."""
        return self.where == "metadata.deletionTimestamp"

    @property
    def words(self) -> str:
        """Return what is wrong with the object, as the rest of a sentence that begins with it."""
        if self.is_missing:
            said = _("is missing")
        elif self.is_foreign:
            said = _("is there, and no approved plan contains it")
        elif self.is_going:
            said = _("is being deleted")
        else:
            said = _("differs in %(fields)s") % {"fields": self.where}
        by = _("last written by %(who)s") % {"who": self.by} if self.by else ""
        return f"{said}, {by}" if by else said


@dataclass(frozen=True)
class Truth:
    """How a namespace stands. `is_verified`: all was read back equal, and nothing newer disagrees.

    `since` is the first look that disagreed and `seen_at` the newest; both None where none does.
    """

    badge: str
    is_verified: bool
    since: datetime | None = None
    seen_at: datetime | None = None
    is_missing: bool = False
    is_replaced: bool = False
    differences: tuple[SeenDifference, ...] = ()

    @property
    def is_contradicted(self) -> bool:
        """Tell whether something newer than the last complete read disagrees with it."""
        return self.since is not None

    @property
    def is_going(self) -> bool:
        """Tell whether the namespace itself is being deleted, with everything in it."""
        return any(one.is_going and one.kind == "Namespace" for one in self.differences)

    @property
    def is_repaired(self) -> bool:
        """Tell whether a worker puts back all that differs; what no plan contains is left alone."""
        return not self.is_replaced and not any(one.is_foreign for one in self.differences)


def truth_of(row: ManagedNamespace) -> Truth:
    """Return how one namespace stands. Two queries at most."""
    return truths_of([row])[row.pk]


def truths_of(rows: Iterable[ManagedNamespace]) -> dict[int, Truth]:
    """Return how each namespace stands, by its primary key. Two queries, however many there are."""
    rows = [*rows]
    settled = [row for row in rows if row.state in _SETTLED and row.verified_at and row.uid]
    seen_at = _looks(settled)
    seen = _sightings([row for row in settled if _is_older(row, seen_at)])
    return {
        row.pk: _judge(row, seen_at[row.cluster_id], seen.get((row.cluster_id, row.name)))
        if row in settled and _is_older(row, seen_at)
        else _as_read(row)
        for row in rows
    }


def contradicted(rows: QuerySet[ManagedNamespace]) -> list[tuple[ManagedNamespace, Truth]]:
    """Return those of the rows that newer knowledge contradicts. Three queries at most.

    The first leaves out what was seen since and seen equal: of many, few are left to judge.
    """
    equal = NamespaceObservation.objects.filter(
        Q(uid=OuterRef("uid")) | Q(uid=""),
        Q(differs__isnull=True) | Q(differs=[]),
        cluster=OuterRef("cluster"),
        name=OuterRef("name"),
    )
    unsure = rows.filter(
        ~Exists(equal),
        state__in=sorted(_SETTLED),
        verified_at__lt=F("cluster__observation__seen_at"),
    )
    found = list(unsure.exclude(uid=""))
    known = truths_of(found)
    return [(row, known[row.pk]) for row in found if known[row.pk].is_contradicted]


def _looks(rows: list[ManagedNamespace]) -> Mapping[int, datetime | None]:
    if not rows:
        return {}
    looks = ClusterObservation.objects.filter(cluster__in={row.cluster_id for row in rows})
    return dict(looks.values_list("cluster_id", "seen_at"))


def _is_older(row: ManagedNamespace, seen_at: Mapping[int, datetime | None]) -> bool:
    """Tell whether the cluster was seen since the namespace was read back."""
    seen, read = seen_at.get(row.cluster_id), row.verified_at
    return bool(seen and read and seen > read)


def _sightings(rows: list[ManagedNamespace]) -> Mapping[_Place, Mapping[str, Any]]:
    if not rows:
        return {}
    found = NamespaceObservation.objects.filter(
        cluster__in={row.cluster_id for row in rows}, name__in={row.name for row in rows}
    )
    return {
        (one["cluster_id"], one["name"]): one
        for one in found.values("cluster_id", "name", "uid", "differs", "differs_at")
    }


def _as_read(row: ManagedNamespace) -> Truth:
    return Truth(row.state, is_verified=row.state == NamespaceState.READY and bool(row.verified_at))


def _judge(
    row: ManagedNamespace, seen_at: datetime | None, seen: Mapping[str, Any] | None
) -> Truth:
    """Return the truth of a namespace that was read back before the last look began."""
    if seen is None:
        return _contradicted(row, seen_at, seen_at, is_missing=True)
    if seen["uid"] and seen["uid"] != row.uid:
        return _contradicted(row, seen_at, seen_at, is_replaced=True)
    differences = tuple(_difference(one) for one in seen["differs"] or ())
    # What no plan contains outlives a complete read; only what came after it is news.
    is_known = bool(
        row.verified_at and seen["differs_at"] and seen["differs_at"] <= row.verified_at
    )
    if is_known and all(one.is_foreign for one in differences):
        return _as_read(row)
    if not differences:
        return _as_read(row)
    return _contradicted(row, seen["differs_at"], seen_at, differences=differences)


def _contradicted(
    row: ManagedNamespace, since: datetime | None, seen_at: datetime | None, **what: Any
) -> Truth:
    badge = "differs" if row.state == NamespaceState.READY else row.state
    return Truth(badge, is_verified=False, since=since or seen_at, seen_at=seen_at, **what)


def _difference(stored: Manifest) -> SeenDifference:
    kind, _, place = text(stored, "object").partition(" ")
    fields = stored.get("fields")
    where = [str(one) for one in fields] if isinstance(fields, list) else []
    return SeenDifference(
        kind=kind,
        name=place.rpartition("/")[2],
        where="" if where == ["missing"] else ", ".join(where),
        by=text(stored, "by"),
        is_missing=where == ["missing"],
        is_foreign=stored.get("foreign") is True,
    )
