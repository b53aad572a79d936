"""Whether a cluster is guarded, as workers last found it: for pages that say what that is worth."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onboarding.models import Cluster, ClusterGuards


@dataclass(frozen=True)
class GuardTruth:
    """What is known of a cluster's guards. `state` is the newest that may be said.

    `unguarded`: something is missing or was changed, and `since` says since when. `unknown`: the
    last look could not read them, `unread` says why. `unseen`: nobody has looked yet, or nobody
    looks any more. `guarded`: everything was as shipped at `looked_at`.
    """

    state: str = "unseen"
    findings: tuple[str, ...] = ()
    since: datetime | None = None
    looked_at: datetime | None = None
    unread: str = ""
    checked_at: datetime | None = None

    @property
    def is_unguarded(self) -> bool:
        return self.state == "unguarded"

    @property
    def is_unknown(self) -> bool:
        return self.state == "unknown"

    @property
    def is_guarded(self) -> bool:
        return self.state == "guarded"


def guards_of(cluster: Cluster) -> GuardTruth:
    """Return what is known of the guards. No query for one read with `guards`, else one."""
    row: ClusterGuards | None = getattr(cluster, "guards", None)
    if row is None or cluster.closed_at:
        return GuardTruth()
    return GuardTruth(
        state=_state(row),
        findings=tuple(row.findings),
        since=row.since,
        looked_at=row.looked_at,
        unread=row.unread,
        checked_at=row.checked_at,
    )


def not_guarded(among: Iterable[Cluster]) -> list[tuple[Cluster, GuardTruth]]:
    """Return the clusters that are unguarded, or of which it cannot be known, in their order.

    No query where they were read with `guards`.
    """
    known = [(row, guards_of(row)) for row in among]
    return [(row, truth) for row, truth in known if truth.is_unguarded or truth.is_unknown]


def _state(row: ClusterGuards) -> str:
    if row.findings:
        return "unguarded"
    if row.unread:
        return "unknown"
    return "unseen" if row.differing is None else "guarded"
