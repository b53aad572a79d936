"""Create: the Namespace itself, by POST and never by apply, so nothing is adopted silently.

First phase of create → fence → baseline → bound → grant → verify. A forced apply would answer 200
on somebody else's namespace; POST answers 409, and then only our own request's mark is accepted.
"""

from onboarding.cluster.errors import AlreadyExists
from onboarding.domain.lifecycle import BlockedReason, Phase
from onboarding.domain.objects import Manifest, text
from onboarding.domain.ownership import PORTAL_IDENTITY, is_ours, marks_of
from onboarding.plan.model import stamped
from onboarding.services.phases.identity import forgotten, is_forgotten, look_twice, restored
from onboarding.services.phases.observe import observe
from onboarding.services.phases.work import (
    AppliedChange,
    Blocked,
    ChangedMeanwhile,
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
    work.is_proven = False  # whatever was proven was another namespace's
    wanted = work.wanted(planned)
    try:
        stored = work.cluster.create(stamped(wanted, {PORTAL_IDENTITY: work.portal}))
    except AlreadyExists:
        _take_over_own(work)
        return PhaseResult((work.bring(planned),))
    # A uid that was only answered may be one that nobody has. Cut off here, the next run finds
    # the namespace by its marks.
    look_twice(stored, work)
    _remember(work, stored)  # before it is compared: it exists, whatever it is like
    work.check_stored(planned.key, wanted, stored)
    return PhaseResult((AppliedChange(planned.key, Outcome.CREATED),))


def _take_over_own(work: Work) -> None:
    """Accept what an earlier attempt for this very row created before it was cut off.

    What was seen complete before and carries our marks now is not of such an attempt: the run
    that finds a namespace missing makes an empty one.
    """
    found = work.cluster.get(work.namespace_key)
    if found is None:
        raise ChangedMeanwhile(f"{work.plan.namespace} was answered as taken, and is not there.")
    look_twice(found, work)
    if marks_of(found).get("request") not in work.own_requests:
        if is_forgotten(found, work):
            work.live[work.namespace_key] = found
            raise forgotten(work)
        raise Taken(
            f"{work.plan.namespace} already exists on {work.plan.cluster} and was not created by "
            "this request."
        )
    if work.was_complete:
        _check_is_empty(work, found)
    _remember(work, found)
    observe(work)


def _check_is_empty(work: Work, found: Manifest) -> None:
    """Raise Restored if the namespace holds anything that the portal once applied."""
    work.live[work.namespace_key] = found
    work.refresh_managed()
    if any(key.kind != "Namespace" and is_ours(one) for key, one in work.live.items()):
        raise restored(work)


def _remember(work: Work, stored: Manifest) -> None:
    work.live[work.namespace_key] = stored
    work.uid = text(stored, "metadata", "uid")
