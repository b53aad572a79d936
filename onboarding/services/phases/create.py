"""Create: the Namespace itself, by POST and never by apply, so nothing is adopted silently.

First phase of create → fence → baseline → bound → grant → verify. A forced apply would answer 200
on somebody else's namespace; POST answers 409, and then only our own request's mark is accepted.
"""

from onboarding.cluster.errors import AlreadyExists
from onboarding.domain.lifecycle import BlockedReason, Phase
from onboarding.domain.objects import Manifest, text
from onboarding.plan.compare import differences
from onboarding.plan.model import REQUEST
from onboarding.services.phases.observe import observe
from onboarding.services.phases.work import (
    AppliedChange,
    Blocked,
    NotAsPlanned,
    Outcome,
    PhaseResult,
    Work,
)


class Taken(Blocked):
    """A namespace of this name exists and the portal did not create it."""

    reason = BlockedReason.TAKEN


def create(work: Work) -> PhaseResult:
    """Create the namespace, or bring its labels back. Raise Taken if it is somebody else's."""
    [planned] = work.plan.of(Phase.CREATE)
    if work.namespace_key in work.live:
        return PhaseResult((work.bring(planned),))
    wanted = work.wanted(planned)
    try:
        stored = work.cluster.create(wanted)
    except AlreadyExists:
        _take_over_own(work)
        return PhaseResult((work.bring(planned),))
    left = differences(wanted, stored)
    if left:
        raise NotAsPlanned(planned.key, left)
    _remember(work, stored)
    return PhaseResult((AppliedChange(planned.key, Outcome.CREATED),))


def _take_over_own(work: Work) -> None:
    """Accept what an earlier attempt of this very request created before it was cut off."""
    found = work.cluster.get(work.namespace_key)
    mark = text(found or {}, "metadata", "annotations", REQUEST)
    if found is None or mark != work.stamps[REQUEST]:
        raise Taken(
            f"{work.plan.namespace} already exists on {work.plan.cluster} and was not created by "
            "this request. Nothing was changed. Ask for another name, or have its owner remove it "
            "and try again."
        )
    _remember(work, found)
    observe(work)


def _remember(work: Work, stored: Manifest) -> None:
    work.live[work.namespace_key] = stored
    work.uid = text(stored, "metadata", "uid")
