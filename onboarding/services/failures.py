"""What a failure means: for one namespace, or for its whole cluster.

4xx on an object blocks the namespace at once, in the server's words. 5xx are tried again for ever,
visibly, with full jitter. A refused credential, a missing grant, an API server that cannot be
reached, does not answer in time or asks for patience is the cluster's condition: its work waits,
one event says why, and the first success ends it.
"""

import random
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from onboarding.cluster.errors import (
    AccessDenied,
    Busy,
    ClusterError,
    ObjectMissing,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    Untrusted,
)
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import (
    BlockedReason,
    ClusterCondition,
    NamespaceState,
    RetryReason,
)
from onboarding.models import Cluster, ManagedNamespace
from onboarding.services import history
from onboarding.services.credentials import CredentialMisfit, NoCredential
from onboarding.services.epoch import OtherCluster, WentBack
from onboarding.services.phases.work import Blocked, ChangedMeanwhile

FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
BLOCKED_LOOK_AGAIN = timedelta(hours=1)
BLOCKED_CONFIRMED_AFTER = timedelta(seconds=20)  # one answer may be anybody's
LONGEST_CLUSTER_DELAY = 30.0
SEEN_ANEW_AFTER = timedelta(seconds=1)
# The way to the API server. One failure may be chance, so two looks in a row set one; but whoever
# waits for a cluster that hangs keeps a thread from the others, so one is enough for that.
LINE_CONDITIONS = frozenset(
    {
        ClusterCondition.UNREACHABLE,
        ClusterCondition.UNAUTHORIZED,
        ClusterCondition.UNTRUSTED,
        ClusterCondition.SLOW,
    }
)
# What a single good answer disproves; a missing grant is only disproved by using it.
ENDED_BY_AN_ANSWER = LINE_CONDITIONS | {
    ClusterCondition.CREDENTIAL_MISFIT,
    ClusterCondition.OTHER_CLUSTER,  # each look asks first which cluster answers
}
# The authorizer's own sentence; admission never says it.
_DENIED_BY_RBAC = re.compile(r'User "[^"]+" cannot \w+ resource "')

# An admission webhook that must be asked (`failurePolicy: Fail`) and gives no answer.
_FAILED_WEBHOOK = re.compile(r'failed calling webhook "(?P<name>[^"\s]{1,253})"')
log = structlog.get_logger()
_WEBHOOK_WORDS = (
    "The webhook {} on the cluster does not answer; whoever runs it has to mend it. The portal "
    "tries again by itself. The API server says: {}"
)


@dataclass(frozen=True)
class Failure:
    """A failure, judged. One of `condition` and `blocked` may be set; neither: it is tried again.

    `retrying` says why, where that is known. `retry_after` is in seconds.
    """

    message: str
    condition: ClusterCondition | None = None
    blocked: BlockedReason | None = None
    retrying: RetryReason | None = None
    retry_after: float = 0.0


_CONDITIONS: dict[type[Exception], ClusterCondition] = {
    Unreachable: ClusterCondition.UNREACHABLE,
    Untrusted: ClusterCondition.UNTRUSTED,
    Unauthorized: ClusterCondition.UNAUTHORIZED,
    CredentialMisfit: ClusterCondition.CREDENTIAL_MISFIT,  # before what it is a kind of
    NoCredential: ClusterCondition.UNAUTHORIZED,
    AccessDenied: ClusterCondition.GRANT_MISSING,
    Busy: ClusterCondition.THROTTLED,
    OtherCluster: ClusterCondition.OTHER_CLUSTER,
    TimedOut: ClusterCondition.SLOW,
}


def judge(error: Exception) -> Failure:
    """Return what a failure means. What is not foreseen is tried again, and logged elsewhere."""
    message = str(error)
    for kind, condition in _CONDITIONS.items():
        if isinstance(error, kind):
            return Failure(message, condition=condition, retry_after=_advised(error))
    if isinstance(error, Blocked):
        return Failure(message, blocked=error.reason)
    if isinstance(error, Refused) and _lacked_roles(error):
        return Failure(message)
    if isinstance(error, Refused | ObjectMissing):
        return Failure(message, blocked=BlockedReason.REFUSED)
    if isinstance(error, ServerFault) and (webhook := _FAILED_WEBHOOK.search(message)):
        said = _WEBHOOK_WORDS.format(webhook["name"], message)
        return Failure(said, retrying=RetryReason.WEBHOOK_DOWN, retry_after=_advised(error))
    return Failure(message, retry_after=_advised(error))


def judge_run(error: Exception, namespace: ManagedNamespace) -> Failure:
    """Return what the failure of a run means, judged beside what else the cluster does.

    One that failed before, on a cluster that has worked since, is slow by itself: the next time-out
    says nothing about its neighbours. An admission webhook that hangs is such a case.
    """
    failure = judge(error)
    if failure.condition is ClusterCondition.SLOW and namespace.attempts:
        well = Cluster.objects.filter(pk=namespace.cluster_id, condition=ClusterCondition.OK.value)
        if well.exists():
            return replace(failure, condition=None)
    return failure


def step_back(
    namespace: ManagedNamespace, failure: Failure, *, now: datetime
) -> dict[str, int | datetime]:
    """Return what lets another namespace be the next that is tried on the cluster.

    After a time-out the pauses of this one grow as well: it may be what takes so long.
    """
    if failure.condition is not ClusterCondition.SLOW:
        return {"next_at": now}
    attempts = namespace.attempts + 1
    return {"attempts": attempts, "next_at": now + delay(attempts)}


def _advised(error: Exception) -> float:
    """Return how many seconds the server asked to wait, or 0."""
    return (error.retry_after or 0.0) if isinstance(error, ClusterError) else 0.0


def _lacked_roles(error: Refused) -> bool:
    """Tell whether RBAC said no to what it grants when asked afterwards.

    An API server that has just started answers before it has loaded its roles; try again.
    """
    return error.status == 403 and _DENIED_BY_RBAC.search(error.message) is not None


def is_a_bug(error: Exception) -> bool:
    """Tell whether a failure is not one that clusters are known to have."""
    return not isinstance(error, ClusterError | Blocked | ChangedMeanwhile | WentBack)


def delay(attempts: int, *, at_least: float = 0.0, longest: float = LONGEST_DELAY) -> timedelta:
    """Return how long to wait before the next try: full jitter, never under `at_least` seconds."""
    ceiling = min(longest, FIRST_DELAY * 2 ** min(attempts, 16))
    jitter = random.uniform(0.0, ceiling)  # noqa: S311 (spreads load; nothing secret)
    return timedelta(seconds=max(at_least, jitter, 0.2))


def pause_after(failure: Failure, attempts: int) -> timedelta:
    """Return how long a namespace waits after so many failures: long only for what others mend.

    Whatever else was wrong may be right the next moment, and nobody tells the portal.
    """
    longest = LONGEST_DELAY if failure.retrying else LONGEST_CLUSTER_DELAY
    return delay(attempts, at_least=failure.retry_after, longest=longest)


@dataclass(frozen=True)
class LostLine:
    """What a failed look says of the way to a cluster."""

    condition: ClusterCondition
    message: str


def lost_line(error: Exception) -> LostLine | None:
    """Return the condition of a cluster that cannot be spoken to at all; None for all else.

    A look that is refused one list, or answered strangely, did reach the cluster.
    """
    condition = judge(error).condition
    return LostLine(condition, str(error)) if condition in LINE_CONDITIONS else None


def note_answer(cluster: Cluster, *, now: datetime, after_failures: bool = False) -> None:
    """The cluster, just read, has answered: end a condition that says that it does not.

    After looks that failed, what failed meanwhile is tried again.
    """
    if ClusterCondition(cluster.condition) in ENDED_BY_AN_ANSWER:
        note_condition(cluster, ClusterCondition.OK, "", now=now)
    elif after_failures:
        _try_all_again(cluster, now=now)


def note_hang(cluster: Cluster, error: Exception, *, now: datetime) -> None:
    """Something else than a run got no answer in time: that says as much of the cluster."""
    if isinstance(error, TimedOut):
        note_condition(cluster, ClusterCondition.SLOW, str(error), now=now)


def note_misfit(cluster: Cluster, misfit: CredentialMisfit, *, now: datetime) -> None:
    """The row is not what the credential was stored for: that is no matter of a second look."""
    note_condition(cluster, ClusterCondition.CREDENTIAL_MISFIT, str(misfit), now=now)


def note_condition(
    cluster: Cluster,
    condition: ClusterCondition,
    message: str,
    *,
    now: datetime,
    at_least: float = 0.0,
) -> None:
    """Set the cluster's condition and when it is tried again; one event per change of it."""
    with transaction.atomic():
        row = Cluster.objects.select_for_update().get(pk=cluster.pk)
        changed = row.condition != condition.value
        healthy = condition is ClusterCondition.OK
        row.attempts = 0 if healthy else row.attempts + 1
        wait = delay(row.attempts, at_least=at_least, longest=LONGEST_CLUSTER_DELAY)
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
        if changed and healthy:
            _try_all_again(row, now=now)
    if changed and condition is ClusterCondition.CREDENTIAL_MISFIT:
        log.error("credential does not fit", cluster=row.name, api_server=row.api_server)


def note_success(cluster: Cluster, *, now: datetime, after_failures: bool = False) -> None:
    """The cluster did what it was asked: whatever its condition was, that is over.

    Where what succeeded had failed before, the others that failed are tried again at once. Of many
    successes within a second one is written down: all workers of a cluster write the same row.
    """
    is_known = cluster.last_seen_at and abs(now - cluster.last_seen_at) < SEEN_ANEW_AFTER
    if is_known and cluster.condition == ClusterCondition.OK.value and not after_failures:
        return
    current = Cluster.objects.filter(pk=cluster.pk, condition=ClusterCondition.OK.value)
    if not current.update(last_seen_at=now):
        note_condition(cluster, ClusterCondition.OK, "", now=now)
    elif after_failures:
        _try_all_again(cluster, now=now)


def _try_all_again(cluster: Cluster, *, now: datetime) -> None:
    """What failed beside an outage does not sit out its pause once the outage is over.

    What is Terminating waits for Kubernetes: that is no failure.
    """
    failed = ManagedNamespace.objects.filter(cluster=cluster, attempts__gt=0, lease_until=None)
    failed = failed.exclude(state=NamespaceState.BLOCKED.value)
    failed = failed.exclude(waiting_since__isnull=False, state=NamespaceState.RETRYING.value)
    failed.filter(next_at__gt=now).update(next_at=now)
