"""Fence: no pod may start unprotected, so deny-all goes in first and is read back.

Second phase of create → fence → baseline → bound → grant → verify. Safe to run any number of times.
"""

from onboarding.domain.lifecycle import Phase
from onboarding.plan.compare import differences
from onboarding.services.phases.work import NotAsPlanned, PhaseResult, Work


def fence(work: Work) -> PhaseResult:
    """Apply deny-all and read it back. Raise NotAsPlanned if what is stored differs."""
    [planned] = work.plan.of(Phase.FENCE)
    change = work.bring(planned)
    stored = work.cluster.get(planned.key)
    left = differences(work.wanted(planned), stored)
    if stored is None or left:
        raise NotAsPlanned(planned.key, left)
    work.live[planned.key] = stored
    return PhaseResult((change,))
