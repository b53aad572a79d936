"""Reconcile: make one namespace on its cluster equal to its newest approved revision.

Level-triggered: it takes no instruction, it looks at the row and at the cluster. Any number of
hints is one reconcile; killed anywhere, the next one goes on. Reads as claim → observe → phases →
record, and no cluster call is ever made inside a database transaction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.deviations import Sighting
from onboarding.domain.lifecycle import (
    PROVISIONING,
    RETIREMENT,
    NamespaceState,
    Phase,
)
from onboarding.domain.objects import Manifest
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.models import ManagedNamespace, Run
from onboarding.queries.requests import knows_request
from onboarding.services import deviations, failures
from onboarding.services.approved import Approved, check_approved
from onboarding.services.check_signed import check_signed
from onboarding.services.claim import (
    UNUSABLE,
    Claim,
    LostLease,
    claim,
    give_back,
    kept_if_unusable,
)
from onboarding.services.credentials import open_gateway
from onboarding.services.epoch import (
    check_cluster,
    require_epoch,
    write_epoch_unless_looks_do,
)
from onboarding.services.give_way import give_way, hand_over
from onboarding.services.installation import portal_identity
from onboarding.services.outdated import note_outdated
from onboarding.services.phases import PHASES
from onboarding.services.phases.gate import is_in_doubt, release
from onboarding.services.phases.observe import (
    confirm_absence,
    find_own,
    observe,
)
from onboarding.services.phases.verify import ALL_QUESTIONS, check_roles, check_team
from onboarding.services.phases.work import ChangedMeanwhile, Work
from onboarding.services.runs import Journal

Clock = Callable[[], datetime]
LATE_PODS = timedelta(milliseconds=500)  # until a pod admitted before the proof is surely stored
NAME_OF_OTHERS = (
    "What is on {cluster} under this name now belongs to somebody else, and was not touched."
)
log = structlog.get_logger()


def reconcile(
    owner: str, *, clock: Clock, namespace_id: int | None = None, awaited_only: bool = False
) -> bool:
    """Claim one due namespace and bring it on; return whether there was one.

    Never raises for what a cluster does: every failure ends in the row, with its reason.
    """
    give_back()
    held = claim(owner, namespace_id=namespace_id, awaited_only=awaited_only)
    if held is None:
        return False
    bound = structlog.contextvars.bound_contextvars(namespace=held.namespace.name, owner=owner)
    with bound, kept_if_unusable(held):
        journal = _open_journal(held)
        try:
            _bring_on(journal, clock)
        except LostLease as error:
            hand_over(journal, error, now=clock())
        except UNUSABLE:
            raise  # the database's trouble, not the namespace's: there is nowhere to write it
        except Exception as error:  # noqa: BLE001 (judged and written down, or it is lost)
            give_way(journal, error, now=clock())
    return True


def _open_journal(held: Claim) -> Journal:
    revisions = held.namespace.revisions.select_related("request__team", "request__cluster")
    revision = revisions.filter(number=held.namespace.generation).first()
    phases = RETIREMENT if revision and revision.ends_namespace else PROVISIONING
    return Journal(held, revision, phases)


def _bring_on(journal: Journal, clock: Clock) -> None:
    namespace = journal.claim.namespace
    work = _work(journal, check_approved(namespace, journal.revision))
    standing = check_cluster(
        namespace.cluster,
        work.cluster,
        portal=journal.claim.portal or portal_identity(),
        now=clock(),
    )
    work.portal = standing.portal
    if journal.phases is RETIREMENT:
        # A backup from before must not make again what is removed now.
        require_epoch(namespace.cluster, work.cluster, standing)
        _retire(journal, work, clock)
        return
    exists, drift = _look(work), list[Sighting]()
    if not exists and work.uid and work.plan.wants_namespace:
        work.uid, work.is_proven = "", False
        _note_missing(journal, now=clock())
    elif exists and namespace.observed_generation == namespace.generation:
        drift = _confirmed_drift(work)
        if not drift and _is_told_right(work) and not work.outdated("NetworkPolicy"):
            _confirm(journal, work, clock)
            return
        is_urgent = work.is_proven and not _is_told_right(work)
        if drift and deviations.seen(journal, drift, now=clock(), is_urgent=is_urgent):
            return  # somebody keeps undoing it: its repair waits
        journal.is_repair = True
    check_signed(journal.revision, work)
    _doubt(journal, work, drift)
    journal.begin(now=clock())
    # A cluster restored to before must be told from one that this was never brought about on.
    write_epoch_unless_looks_do(namespace.cluster, work.cluster, standing, now=clock())
    _run(journal, work, clock)


def _confirmed_drift(work: Work) -> list[Sighting]:
    """Return what is not as planned by two looks: what one answer says becomes no history."""
    drift = deviations.drift_of(work)
    if drift and not observe(work):
        raise ChangedMeanwhile(f"{work.plan.namespace} went while it was being compared.")
    return deviations.drift_of(work) if drift else drift


def _is_told_right(work: Work) -> bool:
    """Tell whether the fence counts as proven where it is, and nowhere else."""
    return not work.has_gate or work.is_proven != work.is_opened


def _confirm(journal: Journal, work: Work, clock: Clock) -> None:
    """Everything planned was read equal: ask about rights, and let late pods go."""
    check_team(work, ALL_QUESTIONS)
    check_roles(work)
    if work.has_gate and not work.is_opened and (said := release(work)):
        log.info("released late", said=said)
    _settle(journal, work, now=clock())


def _doubt(journal: Journal, work: Work, drift: Sequence[Sighting]) -> None:
    """Take a proof back that does not hold any more; the first phase takes the label away."""
    if work.is_proven and is_in_doubt(work, drift):
        work.is_proven = False
        journal.claim.update(fenced_uid=None)


def _retire(journal: Journal, work: Work, clock: Clock) -> None:
    """Remove what is ours. Where nothing is, no step says that something was done."""
    exists = find_own(work).exists
    _remember(journal, work)
    if exists or journal.has_begun:
        check_signed(journal.revision, work)
        journal.begin(now=clock())
        _run(journal, work, clock)
    else:
        _end(journal, work, now=clock())


def _work(journal: Journal, approved: Approved) -> Work:
    namespace, revision = journal.claim.namespace, approved.revision
    return Work(
        plan=approved.plan,
        generation=namespace.generation,
        stamps={
            REQUEST: revision.request.label,
            GENERATION: str(namespace.generation),
            DIGEST: revision.digest,
        },
        cluster=open_gateway(namespace.cluster),
        uid=namespace.uid,
        own_requests={**dict.fromkeys(namespace.overruled or (), 0), **approved.generations},
        knows_request=knows_request,
        agreed_uid=revision.request.adopted_uid or "",
        was_complete=namespace.observed_generation > 0,
        acknowledged=partial(deviations.acknowledged_in, namespace),
        has_gate=namespace.cluster.has_fence_gate,
        is_proven=namespace.is_fence_proven,
    )


def _look(work: Work) -> bool:
    """Observe what was created earlier. What was never created is left to the POST to find out.

    Nothing is made again because of one answer: what is not there is asked for twice.
    """
    return bool(work.uid) and (observe(work) or observe(work))


def _remember(journal: Journal, work: Work) -> None:
    """Write down the uid of what exists, whatever else is to be said of it."""
    if work.uid and work.uid != journal.claim.namespace.uid:
        journal.claim.update(uid=work.uid, known_uid=work.uid)
        journal.claim.namespace.uid = work.uid


def _note_missing(journal: Journal, *, now: datetime) -> None:
    """Somebody deleted the namespace: write it down; it is made again, empty."""
    uid = journal.claim.namespace.uid
    body: Manifest = {"uid": uid}
    with transaction.atomic():
        event = journal.move(
            NamespaceState.DRIFTED, Action.NAMESPACE_MISSING, now=now, body=body, uid=""
        )
        deviations.deleted(journal, event, uid=uid, now=now)


def _run(journal: Journal, work: Work, clock: Clock) -> None:
    """Do the phases that are left, recording each before the next begins."""
    for phase in _left(journal):
        journal.current = phase
        work.waited = journal.waited(now=clock())
        try:
            outcome = PHASES[phase](work)
        finally:
            _remember(journal, work)
        if outcome.waits:
            journal.waits(phase, outcome, now=clock())
            return
        if phase is Phase.VERIFY:
            journal.finish_step(phase, outcome, now=clock())
            _settle(journal, work, now=clock())
        elif phase is Phase.DELETE:
            journal.finish_step(phase, outcome, now=clock())
            _end(journal, work, now=clock())
        else:
            journal.done(phase, outcome, now=clock())
    journal.current = None


def _left(journal: Journal) -> tuple[Phase, ...]:
    """Retirement goes on where it waited; provisioning always starts at the top."""
    started = {NamespaceState.DRAINING: 1, NamespaceState.DELETING: 2}
    is_removal = journal.phases is RETIREMENT
    return journal.phases[started.get(journal.state, 0) if is_removal else 0 :]


def _settle(journal: Journal, work: Work, *, now: datetime) -> None:
    """Everything planned was read back equal: READY, unless there is what no plan contains."""
    namespace = journal.claim.namespace
    with transaction.atomic():
        left = deviations.settled(journal, deviations.foreign_of(work), now=now)
        state = NamespaceState.DRIFTED if left.findings else NamespaceState.READY
        fields: dict[str, object] = {
            "observed_generation": namespace.generation,
            "verified_at": now,
            "ready_at": namespace.ready_at or (None if left.findings else now),
            "next_at": now + _until_next_look(work),
            "fenced_uid": work.uid if work.is_proven else None,
            "attempts": 0,
            "found": None,
            "reason": "",
            "message": "There are objects that no approved plan contains." if left.findings else "",
        }
        if journal.state is not state or left.is_news:
            journal.move(
                state,
                Action.NAMESPACE_READY,
                now=now,
                body={"digest": work.stamps[DIGEST], **_released(work)},
                event=None if _was_awaited(journal, state) else left.event,
                release=True,
                **fields,
            )
            note_outdated(ManagedNamespace.objects.filter(pk=namespace.pk), now=now)
        else:
            journal.claim.release(**fields)
    journal.end(Run.Outcome.READY, now=now)
    failures.note_success(namespace.cluster, now=now, after_failures=namespace.attempts > 0)


def _until_next_look(work: Work) -> timedelta:
    return LATE_PODS if work.look_again else timedelta(seconds=settings.REVERIFY_SECONDS)


def _released(work: Work) -> Manifest:
    return {"released": work.released} if work.released else {}


def _was_awaited(journal: Journal, state: NamespaceState) -> bool:
    """Tell whether READY is said of a generation, not only of something that was put back."""
    return state is NamespaceState.READY and journal.run is not None and not journal.is_repair


def _end(journal: Journal, work: Work, *, now: datetime) -> None:
    """Nothing of ours is there, by two looks: what was, is gone; what was not, never came to be.

    A tombstone keeps its name for a while. A name under which nothing was made is free at once.
    """
    holder = confirm_absence(work)
    namespace = journal.claim.namespace
    was_there = bool(work.uid) or namespace.known_uid is not None
    journal.move(
        NamespaceState.GONE if was_there else NamespaceState.UNCREATED,
        Action.NAMESPACE_GONE if was_there else Action.NAMESPACE_UNCREATED,
        now=now,
        body={"uid": work.uid or namespace.known_uid or "", "name_is_held_by": holder},
        release=True,
        observed_generation=namespace.generation,
        next_at=None,
        gone_at=now if was_there else None,
        found=None,
        reason="",
        message=NAME_OF_OTHERS.format(cluster=namespace.cluster.name) if holder else "",
    )
    journal.end(Run.Outcome.GONE, now=now)
    failures.note_success(namespace.cluster, now=now, after_failures=namespace.attempts > 0)
