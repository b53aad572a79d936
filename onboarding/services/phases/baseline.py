"""Baseline: the other policies. Third phase; deny-all stands by now, so every allow is deliberate.

What is asked for is applied before what is no longer asked for goes: both were approved, and an
exposure that moves must not be cut in between. A plan that only takes away removes at once.
"""

from onboarding.domain.lifecycle import Phase
from onboarding.services.phases.work import PhaseResult, Work


def baseline(work: Work) -> PhaseResult:
    """Apply the allow policies, then remove what the plan lacks, and what of others shall go."""
    brought = [work.bring(planned) for planned in work.plan.of(Phase.BASELINE)]
    removed = [work.remove(key) for key in work.outdated("NetworkPolicy")]
    return PhaseResult((*brought, *removed, *work.remove_foreign("NetworkPolicy")))
