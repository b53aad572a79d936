"""The phases of a run, each `(Work) -> PhaseResult`: the order is data in domain.lifecycle."""

from collections.abc import Callable, Mapping

from onboarding.domain.lifecycle import Phase
from onboarding.services.phases.baseline import baseline
from onboarding.services.phases.bound import bound
from onboarding.services.phases.create import create
from onboarding.services.phases.fence import fence
from onboarding.services.phases.grant import grant
from onboarding.services.phases.retire import delete, drain, revoke
from onboarding.services.phases.verify import verify
from onboarding.services.phases.work import PhaseResult, Work

PHASES: Mapping[Phase, Callable[[Work], PhaseResult]] = {
    Phase.CREATE: create,
    Phase.FENCE: fence,
    Phase.BASELINE: baseline,
    Phase.BOUND: bound,
    Phase.GRANT: grant,
    Phase.VERIFY: verify,
    Phase.REVOKE: revoke,
    Phase.DRAIN: drain,
    Phase.DELETE: delete,
}
