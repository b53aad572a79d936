"""A stored request as the subject of its approvals: what its digest has to be.

Asked by `decide` before an approval counts, and by workers before anything is applied: a digest
that only stands in a column says nothing of the columns beside it.
"""

from onboarding.domain.lanes import Lane, NeededLane
from onboarding.domain.spec import RequestKind
from onboarding.models import Request
from onboarding.plan.subject import Subject


def subject_of(request: Request) -> Subject:
    """Return what the row says its approvers agree to. Three queries unless they are loaded.

    Raise ValueError for a row whose kind or lanes no release ever wrote.
    """
    return Subject(
        kind=RequestKind(request.kind),
        team=request.team.public_id,
        cluster=request.cluster.public_id,
        name=request.name,
        requester=str(request.requester_id),
        base_generation=request.base_generation,
        spec=request.spec,
        plan=request.plan,
        lanes=lanes_of(request),
        risk=request.risk,
        moves_reach=request.moves_reach,
        adopted_uid=request.adopted_uid,
        found=request.found,
        why=request.why,
    )


def lanes_of(request: Request) -> tuple[NeededLane, ...]:
    """Return the lanes the row needs with their reasons, in the order of `Lane`. One query."""
    stored = {needed.lane: tuple(needed.reasons) for needed in request.lanes.all()}
    found = tuple(NeededLane(lane, stored.pop(lane.value)) for lane in Lane if lane.value in stored)
    if stored:
        raise ValueError(f"no lanes: {', '.join(sorted(stored))}")
    return found
