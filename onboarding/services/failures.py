"""What a failure means: for one namespace, or for its whole cluster.

4xx on an object blocks the namespace at once, in the server's words. Timeouts and 5xx are tried
again for ever, visibly, with full jitter. A refused credential, a missing grant or an API server
that cannot be reached is the cluster's condition: its work waits, one event says why.
"""

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from onboarding.cluster.errors import (
    AccessDenied,
    ClusterError,
    ObjectMissing,
    Refused,
    TimedOut,
    Unauthorized,
    Unreachable,
    Untrusted,
)
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import BlockedReason, ClusterCondition
from onboarding.models import Cluster
from onboarding.services import history
from onboarding.services.credentials import NoCredential
from onboarding.services.phases.work import Blocked, ChangedMeanwhile

FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
BLOCKED_LOOK_AGAIN = timedelta(hours=1)
LONGEST_CLUSTER_DELAY = 30.0
# What a single good answer disproves; a missing grant is only disproved by using it.
LINE_CONDITIONS = frozenset(
    {ClusterCondition.UNREACHABLE, ClusterCondition.UNAUTHORIZED, ClusterCondition.UNTRUSTED}
)
# The authorizer's own sentence; admission never says it.
_DENIED_BY_RBAC = re.compile(r'User "[^"]+" cannot \w+ resource "')


@dataclass(frozen=True)
class Failure:
    """A failure, judged. Exactly one of `condition` and `blocked` may be set; neither: retry."""

    message: str
    condition: ClusterCondition | None = None
    blocked: BlockedReason | None = None
    retry_after: float = 0.0


_CONDITIONS: dict[type[Exception], ClusterCondition] = {
    Unreachable: ClusterCondition.UNREACHABLE,
    Untrusted: ClusterCondition.UNTRUSTED,
    Unauthorized: ClusterCondition.UNAUTHORIZED,
    NoCredential: ClusterCondition.UNAUTHORIZED,
    AccessDenied: ClusterCondition.GRANT_MISSING,
}


def judge(error: Exception) -> Failure:
    """Return what a failure means. What is not foreseen is tried again, and logged elsewhere."""
    message = str(error)
    for kind, condition in _CONDITIONS.items():
        if isinstance(error, kind):
            return Failure(message, condition=condition)
    if isinstance(error, Blocked):
        return Failure(message, blocked=error.reason)
    if isinstance(error, Refused) and _lacked_roles(error):
        return Failure(message)
    if isinstance(error, Refused | ObjectMissing):
        return Failure(message, blocked=BlockedReason.REFUSED)
    if isinstance(error, ClusterError):
        return Failure(message, retry_after=error.retry_after or 0.0)
    return Failure(message)


def _lacked_roles(error: Refused) -> bool:
    """Tell whether RBAC said no to what it grants when asked afterwards.

    An API server that has just started answers before it has loaded its roles; try again.
    """
    return error.status == 403 and _DENIED_BY_RBAC.search(error.message) is not None


def is_a_bug(error: Exception) -> bool:
    """Tell whether a failure is not one that clusters are known to have."""
    return not isinstance(error, ClusterError | Blocked | ChangedMeanwhile)


def delay(attempts: int, *, at_least: float = 0.0, longest: float = LONGEST_DELAY) -> timedelta:
    """Return how long to wait before the next try: full jitter, never under `at_least` seconds."""
    ceiling = min(longest, FIRST_DELAY * 2 ** min(attempts, 16))
    jitter = random.uniform(0.0, ceiling)  # noqa: S311 (spreads load; nothing secret)
    return timedelta(seconds=max(at_least, jitter, 0.2))


@dataclass(frozen=True)
class LostLine:
    """What a failed look says of the way to a cluster."""

    condition: ClusterCondition
    message: str


def lost_line(error: Exception) -> LostLine | None:
    """Return the condition of a cluster that cannot be spoken to at all; None for all else.

    A look that is refused one list, or answered strangely, did reach the cluster.
    """
    if isinstance(error, TimedOut):
        return LostLine(ClusterCondition.UNREACHABLE, f"does not answer in time: {error}")
    condition = judge(error).condition
    return LostLine(condition, str(error)) if condition in LINE_CONDITIONS else None


def note_answer(cluster: Cluster, *, now: datetime) -> None:
    """The cluster has answered: end a condition that says that it does not. One query if well."""
    wrong = sorted(condition.value for condition in LINE_CONDITIONS)
    if Cluster.objects.filter(pk=cluster.pk, condition__in=wrong).exists():
        note_condition(cluster, ClusterCondition.OK, "", now=now)


def note_condition(
    cluster: Cluster, condition: ClusterCondition, message: str, *, now: datetime
) -> None:
    """Set the cluster's condition and when it is tried again; one event per change of it."""
    with transaction.atomic():
        row = Cluster.objects.select_for_update().get(pk=cluster.pk)
        changed = row.condition != condition.value
        healthy = condition is ClusterCondition.OK
        row.attempts = 0 if healthy else row.attempts + 1
        wait = delay(row.attempts, longest=LONGEST_CLUSTER_DELAY)
        row.condition, row.condition_message = condition.value, message
        row.condition_at = now if changed else row.condition_at
        row.retry_at = None if healthy else now + wait
        row.last_seen_at = now if healthy else row.last_seen_at
        row.save(
            update_fields=[
                "attempts",
                "condition",
                "condition_message",
                "condition_at",
                "retry_at",
                "last_seen_at",
            ]
        )
        if changed:
            history.record(
                Action.CLUSTER_CONDITION,
                actor=history.SYSTEM,
                at=now,
                about=history.about_cluster(row),
                body={"condition": condition.value, "message": message},
            )
