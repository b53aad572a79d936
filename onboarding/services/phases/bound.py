"""Bound: quota and container defaults. Fourth phase, before anybody may start a pod."""

from onboarding.domain.lifecycle import Phase
from onboarding.services.phases.work import Outcome, Work


def bound(work: Work) -> Outcome:
    """Apply quota and limits, then remove the portal's ones that the plan lacks."""
    brought = [work.bring(planned) for planned in work.plan.of(Phase.BOUND)]
    outdated = [*work.outdated("ResourceQuota"), *work.outdated("LimitRange")]
    return Outcome((*brought, *(work.remove(key) for key in outdated)))
