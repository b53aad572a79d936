"""What stopped a run, written down: the state, the reason, and when it is looked at again.

Nothing here asks a cluster. A failure is judged in services/failures.py; here it becomes a row.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import (
    REPAIRED_WHILE_BLOCKED,
    BlockedReason,
    ClusterCondition,
    IllegalTransition,
    NamespaceState,
    RetryReason,
)
from onboarding.domain.objects import Manifest
from onboarding.models import Cluster, Run
from onboarding.services import failures, hints
from onboarding.services.claim import LostLease
from onboarding.services.epoch import WentBack
from onboarding.services.phases.observe import Terminating
from onboarding.services.phases.work import Blocked, ChangedMeanwhile
from onboarding.services.runs import Journal

MARKS = ("request", "generation", "digest")
# A namespace in one of these was read back whole: a look that fails takes nothing of that back.
AT_REST = frozenset({NamespaceState.READY, NamespaceState.DRIFTED})
log = structlog.get_logger()


def give_way(journal: Journal, error: Exception, *, now: datetime) -> None:
    """Write down what stopped the run, and when it is looked at again."""
    try:
        if isinstance(error, Terminating):
            _wait_for_its_end(journal, error, now=now)
            return
        if isinstance(error, WentBack):
            journal.claim.release()  # still due, once a person has decided
            return
        trouble = failures.judge_run(error, journal.claim.namespace)
        if trouble.condition:
            _wait_for_cluster(journal, trouble, now=now)
        elif trouble.blocked:
            found = error.found if isinstance(error, Blocked) else None
            _block(journal, trouble, found, now=now)
        else:
            is_a_bug = failures.is_a_bug(error)
            report = log.error if is_a_bug else log.warning
            report("will try again", error=str(error), exc_info=error if is_a_bug else None)
            write = _keep_state if _keeps_its_state(journal, error) else _retry
            write(journal, trouble, now=now)
    except LostLease as lost:
        hand_over(journal, lost, now=now)
    except IllegalTransition as wrong:
        _stay(journal, wrong, now=now)


def hand_over(journal: Journal, lost: LostLease, *, now: datetime) -> None:
    """Let another worker have it: at once, if only something else was approved meanwhile."""
    log.info("lease lost", detail=str(lost))
    if journal.claim.hand_over():
        journal.end(Run.Outcome.SUPERSEDED, now=now, failed=journal.current)
        hints.hint(journal.claim.namespace.pk)


def _stay(journal: Journal, wrong: IllegalTransition, *, now: datetime) -> None:
    """Leave the namespace as it is, with words: not even trying again is allowed from there."""
    log.error("illegal transition", error=str(wrong), exc_info=wrong)
    try:
        journal.claim.release(next_at=now + failures.BLOCKED_LOOK_AGAIN, message=str(wrong))
    except LostLease as lost:
        hand_over(journal, lost, now=now)


def _wait_for_cluster(journal: Journal, trouble: failures.Failure, *, now: datetime) -> None:
    """The cluster's condition, not the namespace's: it stays due, and goes on by itself."""
    if trouble.condition is None:
        return
    used = journal.claim.namespace.cluster
    current = Cluster.objects.get(pk=used.pk)
    renewed = current.credential_version != used.credential_version
    if trouble.condition is ClusterCondition.UNAUTHORIZED and renewed:
        journal.claim.release()  # somebody renewed the token meanwhile: still due, try with that
        return
    failures.note_condition(
        used, trouble.condition, trouble.message, now=now, at_least=trouble.retry_after
    )
    journal.note(trouble.message)
    message = f"Waits for {used.name}: {trouble.message}"
    stepped_back = failures.step_back(journal.claim.namespace, trouble, now=now)
    journal.claim.release(message=message, **stepped_back)


def _block(
    journal: Journal, trouble: failures.Failure, found: Manifest | None, *, now: datetime
) -> None:
    """Wait for a person. Found blocked for the same reason as before, it is no news."""
    reason = trouble.blocked.value if trouble.blocked else ""
    fields: dict[str, Any] = {
        "reason": reason,
        "message": trouble.message,
        "found": {**found, "at": now.isoformat()} if found else None,
    }
    before = journal.claim.namespace
    is_news = (before.state, before.reason) != (NamespaceState.BLOCKED.value, reason)
    fields["next_at"] = now + _look_again(trouble, is_news=is_news)
    journal.end(Run.Outcome.BLOCKED, now=now, message=trouble.message, failed=journal.current)
    if journal.state is NamespaceState.BLOCKED and (
        (before.reason, before.message) == (reason, trouble.message)
    ):
        journal.claim.release(**fields)
        return
    is_newer = trouble.blocked is BlockedReason.NEWER_ON_CLUSTER
    marks = {name: found.get(name) for name in ("uid", *MARKS)} if found else {}
    journal.move(
        NamespaceState.BLOCKED,
        Action.NAMESPACE_SUPERSEDED if is_newer else Action.NAMESPACE_BLOCKED,
        now=now,
        body={"reason": reason, "message": trouble.message, "live": {**marks}},
        release=True,
        **fields,
    )


def _look_again(trouble: failures.Failure, *, is_news: bool) -> timedelta:
    """Return when a blocked namespace is looked at again: soon, to see whether that was so.

    Then at the usual pace where it is in force: somebody has more access than the portal gave, and
    of all times the fence must be put back.
    """
    usual_pace = timedelta(seconds=settings.REVERIFY_SECONDS)
    if is_news:
        return min(failures.BLOCKED_CONFIRMED_AFTER, usual_pace)
    if trouble.blocked in REPAIRED_WHILE_BLOCKED:
        return usual_pace
    return failures.BLOCKED_LOOK_AGAIN


def _wait_for_its_end(journal: Journal, error: Terminating, *, now: datetime) -> None:
    """Somebody deleted what is wanted: it has to be gone before it can be made again."""
    if journal.waiting_since is None or journal.state is not NamespaceState.RETRYING:
        journal.end(Run.Outcome.RETRYING, now=now, message=str(error), failed=journal.current)
        journal.move(
            NamespaceState.RETRYING,
            Action.NAMESPACE_RETRYING,
            now=now,
            body={"attempt": 1, "message": str(error)},
            attempts=1,
            reason=RetryReason.TERMINATING.value,
        )
    journal.wait(str(error), error.holds, now=now)


def _keeps_its_state(journal: Journal, error: Exception) -> bool:
    """Return whether a look failed that had nothing to write yet, or while Kubernetes works.

    What was read and is not as it should be is no failed look: READY is not kept then.
    """
    says_nothing = not isinstance(error, ChangedMeanwhile)
    at_rest = says_nothing and journal.run is None and journal.state in AT_REST
    return at_rest or journal.waiting_since is not None


def _keep_state(journal: Journal, trouble: failures.Failure, *, now: datetime) -> None:
    """A look that failed says nothing about the namespace: no event, and ever longer pauses."""
    attempts = journal.claim.namespace.attempts + 1
    journal.claim.release(
        attempts=attempts,
        message=f"The last look failed: {trouble.message}",
        next_at=now + failures.pause_after(trouble, attempts),
    )


def _retry(journal: Journal, trouble: failures.Failure, *, now: datetime) -> None:
    attempts = journal.claim.namespace.attempts + 1
    wait = failures.pause_after(trouble, attempts)
    journal.end(Run.Outcome.RETRYING, now=now, message=trouble.message, failed=journal.current)
    journal.move(
        NamespaceState.RETRYING,
        Action.NAMESPACE_RETRYING,
        now=now,
        body={"attempt": attempts, "message": trouble.message},
        release=True,
        attempts=attempts,
        reason=trouble.retrying.value if trouble.retrying else "",
        message=trouble.message,
        next_at=now + wait,
    )
