"""Approved: what a worker checks before it believes that people wanted what a row says.

Nothing is applied because a row says APPROVED. The digest is computed anew from everything the
request says, and every lane that it needs must hold an approval of exactly this digest, by somebody
the request does not come from. Whoever can write rows, but not give decisions, changes no cluster.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onboarding.domain.lifecycle import BlockedReason, RequestState
from onboarding.domain.objects import Json
from onboarding.models import Decision, EarlierApproval, ManagedNamespace, Request, Revision, Vote
from onboarding.plan.digest import canonical
from onboarding.plan.model import Plan, UnknownPlan, load_plan
from onboarding.plan.subject import Subject
from onboarding.queries.subjects import subject_of
from onboarding.services.phases.work import Blocked


class NotApproved(Blocked):
    """The revision in force is not what people with valid decisions approved."""

    reason = BlockedReason.NOT_APPROVED


@dataclass(frozen=True)
class Approved:
    """A revision that checks out, its plan, and the generation each own request became.

    `generations` is {request's label: number} for every revision of the namespace.
    """

    revision: Revision
    plan: Plan
    generations: Mapping[str, int]


def check_approved(namespace: ManagedNamespace, revision: Revision | None) -> Approved:
    """Raise NotApproved unless people approved exactly this for exactly this namespace.

    `revision` is the one of the namespace's generation, with its request. Four queries.
    """
    if revision is None:
        raise NotApproved(
            f"No revision was approved as generation {namespace.generation} of {namespace.name}."
        )
    rows = namespace.revisions.values_list("request__public_id", "number")
    generations = {f"REQ-{public_id}": number for public_id, number in rows}
    for words in _contradictions(namespace, revision, generations):
        raise NotApproved(f"{words} Nothing of it is applied.")
    return Approved(revision, load_plan(revision.plan), generations)


def _contradictions(
    namespace: ManagedNamespace, revision: Revision, generations: Mapping[str, int]
) -> Iterator[str]:
    request = revision.request
    label = request.label
    if request.state != RequestState.APPROVED.value:
        yield f"{label} is {request.state}, and yet it has a revision."
    if not _belongs(namespace, revision):
        yield f"{label} was approved for another namespace, cluster or team."
    if not _is_next(revision, generations):
        yield f"{label} was made against generation {request.base_generation}, not the one before."
    try:
        subject = subject_of(request)
        plan = load_plan(request.plan)
    except (UnknownPlan, ValueError, TypeError, AttributeError) as error:
        yield f"{label} cannot be read: {error}."
        return
    if request.digest != _right_digest(request, subject, plan) or revision.digest != request.digest:
        yield f"The digest of {label} is not that of what it says now."
    if not _is_same(revision.plan, request.plan) or not _is_same(revision.spec, request.spec):
        yield f"Revision {revision.number} is not what {label} asked for."
    if (plan.namespace, plan.cluster) != (namespace.name, namespace.cluster.name):
        yield f"The plan of {label} is for {plan.namespace} on {plan.cluster}."
    yield from _missing_approvals(request, subject)


def _right_digest(request: Request, subject: Subject, plan: Plan) -> str:
    """Return the digest that approvals had to name: before version 2 it was the plan's own."""
    if request.digest == subject.digest:
        return subject.digest
    is_earlier = EarlierApproval.objects.filter(request=request).exists()
    return plan.digest if is_earlier else subject.digest


def _belongs(namespace: ManagedNamespace, revision: Revision) -> bool:
    request = revision.request
    return (
        revision.namespace_id == namespace.pk
        and request.namespace_id == namespace.pk
        and (request.name, request.cluster_id, request.team_id)
        == (namespace.name, namespace.cluster_id, namespace.team_id)
    )


def _is_next(revision: Revision, generations: Mapping[str, int]) -> bool:
    """Return whether the revision is the newest one, made against the one before it."""
    numbers = sorted(generations.values())
    before = numbers[-2] if numbers[1:] else 0
    return numbers[-1] == revision.number and before == revision.request.base_generation


def _is_same(one: Json, other: Json) -> bool:
    return canonical(one) == canonical(other)


def _missing_approvals(request: Request, subject: Subject) -> Iterator[str]:
    """Yield what keeps the lanes from having agreed to the digest."""
    given = {decision.lane: decision for decision in request.decisions.all() if _counts(decision)}
    authors = {request.requester_id, *(author.person_id for author in request.authors.all())}
    if not subject.lanes:
        yield f"{request.label} needs no approval, and yet it has a revision."
    for needed in subject.lanes:
        decision = given.get(needed.lane.value)
        if decision is None or decision.digest != request.digest:
            yield f"The {needed.lane} approval of {request.label} was not given for this digest."
        elif decision.person_id in authors or decision.requester_id != request.requester_id:
            yield f"The {needed.lane} approval of {request.label} was given by who asked for it."


def _counts(decision: Decision) -> bool:
    return decision.vote == Vote.APPROVE.value and decision.voided_at is None
