"""Verify: READY is only said of what was read back whole. Last phase of provisioning.

Everything is read anew and compared with the plan: what a write was answered is not what is stored,
and of policies and bindings a foreign one changes who may do what. Then the API server is asked
whether the team's group could write policy by any route, and must say no. Last, pods that waited
for this are let go.
"""

from onboarding.domain.lifecycle import BlockedReason, Phase
from onboarding.domain.objects import items, text
from onboarding.plan.compare import differences
from onboarding.services.phases.gate import open_gate
from onboarding.services.phases.work import (
    MANAGED_KINDS,
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


# What a bound role stands for beyond running workloads, asked because a binding to a role that the
# cluster lacks is stored all the same and gives nothing.
STANDS_FOR = {"bulkhead:shell": ("create", "pods/exec")}


class RoleGivesNothing(ChangedMeanwhile):
    """A role is bound and grants nothing: it is missing, or the API server has not read it yet."""


class TeamMayWritePolicy(Blocked):
    """The team's group has a right that the portal did not give and must not leave unsaid."""

    reason = BlockedReason.TEAM_MAY_WRITE_POLICY


def verify(work: Work) -> PhaseResult:
    """Read back and compare everything, then open the fence gate.

    Raise ChangedMeanwhile or TeamMayWritePolicy.
    """
    read_anew(work)
    check_equal(work)
    check_team(work, FIRST_QUESTION)
    check_roles(work)
    return open_gate(work)


def read_anew(work: Work) -> None:
    """Read the namespace and all that is managed in it. Raise ChangedMeanwhile if it is another."""
    found = work.cluster.get(work.namespace_key)
    if found is None or text(found, "metadata", "uid") != work.uid:
        raise ChangedMeanwhile(f"{work.plan.namespace} was deleted while it was being verified.")
    work.live[work.namespace_key] = found
    work.refresh_managed()


def check_equal(work: Work) -> None:
    """Raise ChangedMeanwhile unless every planned object is stored as planned, and no earlier one.

    What no plan contains any more was removed before, by an answer.
    """
    left = [key for kind in MANAGED_KINDS for key in work.outdated(kind)]
    if left:
        raise ChangedMeanwhile(f"{left[0]} was to be removed and is there.")
    for planned in work.plan.objects:
        if differences(work.wanted(planned), work.live.get(planned.key)):
            raise ChangedMeanwhile(f"{planned.key} was changed while it was being verified.")


def check_roles(work: Work) -> None:
    """Raise RoleGivesNothing where a bound group may not do what its role stands for."""
    for planned in work.plan.of(Phase.GRANT):
        role = text(planned.manifest, "roleRef", "name")
        if role not in STANDS_FOR:
            continue
        verb, resource = STANDS_FOR[role]
        for subject in items(planned.manifest, "subjects"):
            group = text(subject, "name")
            if not work.cluster.review_access(
                group=group, verb=verb, resource=resource, namespace=work.plan.namespace
            ):
                raise RoleGivesNothing(
                    f"Group {group} is bound to {role} and still may not {verb} {resource}. If "
                    "this stays, a platform admin has to run manage.py prepare_cluster again."
                )


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
