"""How much there is and how fresh what is known of it is: what "nothing is wrong" rests on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from onboarding.domain.lifecycle import ENDED, NamespaceState
from onboarding.models import Cluster
from onboarding.queries.clusters import look_at, truth_of_cluster


@dataclass(frozen=True)
class HowWell:
    """Clusters and namespaces by number. `answered_at` is the least fresh of the clusters' answers.

    `compared_at` is when the namespace that was compared longest ago was, of those that are ready;
    both are None where one of them never was.
    """

    clusters: int
    well: int
    namespaces: int
    ready: int
    answered_at: datetime | None
    compared_at: datetime | None

    @property
    def is_well(self) -> bool:
        """Tell whether every cluster answered lately."""
        return self.well == self.clusters


def with_namespace_counts(rows: QuerySet[Cluster]) -> QuerySet[Cluster]:
    """Return the clusters with how many namespaces live there, and how those that are ready are."""
    live = ~Q(namespaces__state__in=sorted(ENDED))
    ready = Q(namespaces__state=NamespaceState.READY.value)
    compared = ready & Q(namespaces__verified_at__isnull=False)
    return rows.annotate(
        live=Count("namespaces", filter=live),
        ready=Count("namespaces", filter=ready),
        compared=Count("namespaces", filter=compared),
        oldest=Min("namespaces__verified_at", filter=ready),
    )


def estate_of(clusters: Iterable[Any], *, now: datetime) -> HowWell:
    """Return what there is, of clusters with their counts and `observation`. No query."""
    rows = [*clusters]
    known = [truth_of_cluster(row, look_at(row), now=now) for row in rows]
    answers = [truth.answered_at for truth in known]
    ready = sum(row.ready for row in rows)
    oldest = [row.oldest for row in rows if row.oldest]
    all_compared = bool(oldest) and ready == sum(row.compared for row in rows)
    return HowWell(
        clusters=len(rows),
        well=sum(truth.is_well for truth in known),
        namespaces=sum(row.live for row in rows),
        ready=ready,
        answered_at=None if None in answers else min((at for at in answers if at), default=None),
        compared_at=min(oldest) if all_compared else None,
    )
