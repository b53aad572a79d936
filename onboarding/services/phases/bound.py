"""Bound: quota and container defaults. Fourth phase, before anybody may start a pod."""

from onboarding.domain.lifecycle import Phase
from onboarding.services.phases.work import PhaseResult, Work


def bound(work: Work) -> PhaseResult:
    """Apply quota and limits, then remove the portal's ones that the plan lacks."""
    brought = [work.bring(planned) for planned in work.plan.of(Phase.BOUND)]
    outdated = [*work.outdated("ResourceQuota"), *work.outdated("LimitRange")]
    return PhaseResult((*brought, *(work.remove(key) for key in outdated)))
