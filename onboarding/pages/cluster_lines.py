"""The lines of the clusters list: how each is by the newest that is known, problems first."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from onboarding.domain.lifecycle import ENDED
from onboarding.models import Cluster
from onboarding.queries.clusters import (
    ClusterTruth,
    look_at,
    truth_of_cluster,
    with_problems_each,
)
from onboarding.queries.portals import unknown_here

_LIVE = ~Q(namespaces__state__in=sorted(ENDED))


@dataclass(frozen=True)
class ClusterLine:
    """One cluster: its namespaces, those with problems, and those marked and unknown here."""

    cluster: Cluster
    truth: ClusterTruth
    live: int
    problems: int
    unknown: int

    @property
    def state(self) -> str:
        """Return how it is."""
        return self.truth.state

    @property
    def weight(self) -> tuple[bool, bool, bool, str]:
        """Return what orders the list: open ones, then those that are not well, then problems."""
        is_closed = self.cluster.closed_at is not None
        return is_closed, self.truth.is_well, not (self.problems or self.unknown), self.cluster.name


def cluster_lines(rows: QuerySet[Cluster], *, now: datetime) -> list[ClusterLine]:
    """Return the lines, problems first. As many queries for many clusters as for one."""
    read = rows.select_related("observation", "guards")
    clusters = list(read.annotate(live=Count("namespaces", filter=_LIVE)))
    unknown, problems = unknown_here(clusters), with_problems_each(clusters)
    lines = [
        ClusterLine(
            cluster=cluster,
            truth=truth_of_cluster(cluster, look_at(cluster), now=now),
            live=cluster.live,
            problems=problems[cluster.pk],
            unknown=len(unknown.get(cluster.pk, ())),
        )
        for cluster in clusters
    ]
    return sorted(lines, key=lambda line: line.weight)
