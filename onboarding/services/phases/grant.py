"""Grant: only now, behind fence and bounds, does the team get in. Fifth phase."""

from onboarding.domain.lifecycle import Phase
from onboarding.plan.model import PlannedObject
from onboarding.services.phases.work import AppliedChange, PhaseResult, Work


def grant(work: Work) -> PhaseResult:
    """Bind the team's group, then remove the portal's bindings that the plan lacks."""
    brought = [change for planned in work.plan.of(Phase.GRANT) for change in _bind(work, planned)]
    removed = [work.remove(key) for key in work.outdated("RoleBinding")]
    return PhaseResult((*brought, *removed))


def _bind(work: Work, planned: PlannedObject) -> list[AppliedChange]:
    """`roleRef` cannot be changed: a binding to another role goes before ours is written."""
    seen = work.live.get(planned.key)
    if seen and seen.get("roleRef") != planned.manifest.get("roleRef"):
        return [work.remove(planned.key), work.bring(planned)]
    return [work.bring(planned)]
