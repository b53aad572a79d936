"""Verify: READY is only said of what was read back whole. Last phase of provisioning.

Every object stored is compared with the plan; policies and bindings are listed anew, because of
these a foreign one changes who may do what. Then the API server is asked whether the team's group
could write policy by any route, and must say no.
"""

from onboarding.domain.lifecycle import BlockedReason, Phase
from onboarding.domain.objects import items, text
from onboarding.plan.compare import differences
from onboarding.services.phases.work import (
    GUARDED_KINDS,
    Blocked,
    ChangedMeanwhile,
    PhaseResult,
    Work,
)

POLICIES = "networkpolicies.networking.k8s.io"
# Asked in every provisioning run: whoever may write policy at all may create it.
FIRST_QUESTION = (("create", POLICIES),)
# Asked when a finished namespace is looked at again.
ALL_QUESTIONS = (
    *FIRST_QUESTION,
    ("update", POLICIES),
    ("patch", POLICIES),
    ("delete", POLICIES),
    ("create", "rolebindings.rbac.authorization.k8s.io"),
)


class TeamMayWritePolicy(Blocked):
    """The team's group has a right that the portal did not give and must not leave unsaid."""

    reason = BlockedReason.TEAM_MAY_WRITE_POLICY


def verify(work: Work) -> PhaseResult:
    """Read back and compare everything. Raise ChangedMeanwhile or TeamMayWritePolicy."""
    work.refresh(*sorted(GUARDED_KINDS))
    check_equal(work)
    check_team(work, FIRST_QUESTION)
    return PhaseResult()


def check_equal(work: Work) -> None:
    """Raise ChangedMeanwhile unless every planned object is stored as planned."""
    for planned in work.plan.objects:
        if differences(work.wanted(planned), work.live.get(planned.key)):
            raise ChangedMeanwhile(f"{planned.key} was changed while it was being verified.")


def check_team(work: Work, questions: tuple[tuple[str, str], ...]) -> None:
    """Ask the API server what the bound groups may do. Raise TeamMayWritePolicy on any yes."""
    groups = {
        text(subject, "name")
        for planned in work.plan.of(Phase.GRANT)
        for subject in items(planned.manifest, "subjects")
    }
    for group in sorted(groups):
        for verb, resource in questions:
            if work.cluster.review_access(
                group=group, verb=verb, resource=resource, namespace=work.plan.namespace
            ):
                raise TeamMayWritePolicy(
                    f"Group {group} may {verb} {resource} in {work.plan.namespace} by a role that "
                    "the portal did not bind. Find the binding, remove it, then try again."
                )
