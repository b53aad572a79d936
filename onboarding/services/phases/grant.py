"""Grant: only now, behind fence and bounds, does the team get in. Fifth phase."""

from onboarding.cluster.errors import ClusterError
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import text
from onboarding.plan.model import PlannedObject
from onboarding.services.phases.work import AppliedChange, Blocked, PhaseResult, Work

# Where this role cannot be bound nothing can be: then it is the cluster's condition.
TEAM_ROLE = "bulkhead:developer"
_ROLES = "clusterroles.rbac.authorization.k8s.io"


class RoleNotBindable(Blocked):
    """The cluster was prepared before the portal knew this role, or without it."""

    def __init__(self, role: str, cluster: str) -> None:
        """Say what a platform admin runs."""
        super().__init__(
            f"{cluster} does not let the portal bind {role}: it was prepared before there was this "
            "role. A platform admin has to run manage.py prepare_cluster again; then try again."
        )


def grant(work: Work) -> PhaseResult:
    """Bind the team's group, then remove what the plan lacks, and what of others shall go."""
    brought = [change for planned in work.plan.of(Phase.GRANT) for change in _bind(work, planned)]
    removed = [work.remove(key) for key in work.outdated("RoleBinding")]
    return PhaseResult((*brought, *removed, *work.remove_foreign("RoleBinding")))


def _bind(work: Work, planned: PlannedObject) -> list[AppliedChange]:
    """`roleRef` cannot be changed: a binding to another role goes before ours is written."""
    seen = work.live.get(planned.key)
    if seen and seen.get("roleRef") != planned.manifest.get("roleRef"):
        return [work.remove(planned.key), _bring(work, planned)]
    return [_bring(work, planned)]


def _bring(work: Work, planned: PlannedObject) -> AppliedChange:
    """Write a binding. Raise RoleNotBindable where the cluster does not know the role yet.

    An API server answers 404 for a role it lacks, and names no object of ours in it, and 403 for
    one the portal may not bind; both can mean something else, so it is asked which it was.
    """
    role = text(planned.manifest, "roleRef", "name")
    try:
        return work.bring(planned)
    except ClusterError as error:
        if error.status not in {403, 404} or role == TEAM_ROLE:
            raise
        if work.cluster.review_access(verb="bind", resource=_ROLES, name=role):
            raise
        raise RoleNotBindable(role, work.plan.cluster) from error
