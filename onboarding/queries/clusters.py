"""Reading clusters: for platform admins, and for forms that offer them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Count, QuerySet

from onboarding.domain.lifecycle import ENDED, ClusterCondition, NamespaceState
from onboarding.domain.observed import LONGEST_LOOK
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace
from onboarding.queries.namespace_list import is_in_trouble
from onboarding.queries.permissions import Permissions
from onboarding.queries.truth import contradicted

# After so many pauses and as long as one look may take, the last answer says nothing of now.
LOOKS_MISSED = 3


class Freshness(StrEnum):
    """Whether something that was seen tells how it is now, and why it does not."""

    NOW = ""
    UNSEEN = "unseen"
    FAILED = "look-failed"
    OLD = "not-looked-at"


@dataclass(frozen=True)
class ClusterTruth:
    """How a cluster is, by the newest thing that is known of it.

    `state` is `closed`, or its condition, or else `look-failed`, `not-looked-at` (nobody has for
    long) or `unseen`, and `since` says since when. `answered_at` is when it last answered anything;
    `failed_at` and `trouble` tell of a look that failed since, `failed_looks` how many in a row.
    """

    state: str
    answered_at: datetime | None
    failed_at: datetime | None = None
    trouble: str = ""
    condition_at: datetime | None = None
    failed_looks: int = 0

    @property
    def is_condition(self) -> bool:
        """Tell whether it is a condition, for which all work waits."""
        return self.state in set(ClusterCondition) - {ClusterCondition.OK}

    @property
    def since(self) -> datetime | None:
        """Return since when the cluster is like this, as far as that is known."""
        return self.condition_at if self.is_condition else self.failed_at or self.answered_at

    @property
    def is_well(self) -> bool:
        """Tell whether the newest that is known is an answer."""
        return self.state == ClusterCondition.OK.value


def truth_of_cluster(
    cluster: Cluster, look: ClusterObservation | None, *, now: datetime
) -> ClusterTruth:
    """Return how a cluster is. No query."""
    answers = [at for at in (cluster.last_seen_at, look.seen_at if look else None) if at]
    answered_at = max(answers, default=None)
    failed_at, trouble = (look.looked_at, look.trouble) if look else (None, "")
    if not trouble or not failed_at or (answered_at and answered_at >= failed_at):
        failed_at, trouble = None, ""
    state = _state(cluster, answered_at, failed_at, now)
    return ClusterTruth(
        state=state,
        answered_at=answered_at,
        failed_at=failed_at,
        trouble=trouble,
        condition_at=cluster.condition_at,
        failed_looks=(look.failed_looks or 0) if look and trouble else 0,
    )


def troubled(rows: Iterable[Cluster], *, now: datetime) -> list[tuple[Cluster, ClusterTruth]]:
    """Return the clusters that are not known to be well. Of rows read with `observation`."""
    known = [(row, truth_of_cluster(row, look_at(row), now=now)) for row in rows]
    return [
        (row, truth)
        for row, truth in known
        if not truth.is_well and truth.state not in {"unseen", "closed"}
    ]


def look_at(cluster: Cluster) -> ClusterObservation | None:
    """Return how the looks at a cluster read with `observation` stand, None before the first."""
    return getattr(cluster, "observation", None)


def with_namespaces_of(teams: Iterable[int]) -> QuerySet[Cluster]:
    """Return the clusters on which these teams have live namespaces."""
    live = ManagedNamespace.objects.filter(team__in=teams).exclude(state__in=sorted(ENDED))
    return Cluster.objects.filter(pk__in=live.values("cluster"))


def blindness_of(row: ManagedNamespace, *, now: datetime) -> str:
    """Return what makes what is said of a namespace old: "" if nothing, else as a badge is called.

    Of a row read with `cluster__observation`: no query.
    """
    if row.state in ENDED:
        return ""
    if row.is_out_of_sight:
        return "out-of-sight"
    known = truth_of_cluster(row.cluster, look_at(row.cluster), now=now)
    return known.state if known.state in {Freshness.FAILED, Freshness.OLD} else ""


def _state(
    cluster: Cluster, answered_at: datetime | None, failed_at: datetime | None, now: datetime
) -> str:
    if cluster.closed_at:
        return "closed"
    if cluster.condition != ClusterCondition.OK.value:
        return cluster.condition
    if failed_at:
        return Freshness.FAILED.value
    return sight_of(answered_at, "", now=now).value or cluster.condition


def longest_unseen() -> timedelta:
    """Return how old an answer or a picture becomes where every look succeeds, and some more.

    A picture is as old as the beginning of its look, and the next one takes its time too.
    """
    return timedelta(seconds=LOOKS_MISSED * settings.OBSERVE_SECONDS) + LONGEST_LOOK


def sight_of(seen_at: datetime | None, trouble: str, *, now: datetime) -> Freshness:
    """Return whether what was seen at `seen_at` tells of now; `trouble` is that of a later look."""
    if seen_at is None:
        return Freshness.UNSEEN
    if trouble:
        return Freshness.FAILED
    return Freshness.NOW if now - seen_at <= longest_unseen() else Freshness.OLD


def picture_sight(cluster: Cluster, *, now: datetime) -> Freshness:
    """Return whether the picture of a cluster tells of now, of one read with `observation`."""
    look = look_at(cluster)
    return sight_of(look.seen_at, look.trouble, now=now) if look else Freshness.UNSEEN


def visible_to(permissions: Permissions) -> QuerySet[Cluster]:
    """Return every registered cluster for platform admins, nothing for others."""
    rows = Cluster.objects.prefetch_related("ingress_sources")
    return rows if permissions.is_platform_admin else rows.none()


def usable() -> QuerySet[Cluster]:
    """Return the clusters a namespace can be asked for on: registered, and not closed.

    Closing drops the credential. One that does not answer now is offered: what is asked for waits.
    """
    return Cluster.objects.exclude(credential=None).prefetch_related("ingress_sources")


def namespaces_on(cluster: Cluster) -> QuerySet[ManagedNamespace]:
    """Return what lives on a cluster, or what was lost with one that is closed."""
    rows = ManagedNamespace.objects.filter(cluster=cluster)
    if cluster.closed_at:
        return rows.filter(state=NamespaceState.LOST.value)
    return rows.exclude(state__in=sorted(ENDED))


def with_problems_each(clusters: Collection[Cluster]) -> dict[int, int]:
    """Return how many namespaces of each cluster somebody should look at. Four queries at most."""
    rows = ManagedNamespace.objects.filter(cluster__in=clusters)
    ready = rows.filter(state=NamespaceState.READY.value)
    differing = [row.pk for row, _truth in contradicted(ready)]
    counted = rows.filter(is_in_trouble(differing)).order_by().values("cluster")
    found = dict(counted.annotate(many=Count("pk")).values_list("cluster", "many"))
    return {cluster.pk: found.get(cluster.pk, 0) for cluster in clusters}
