"""The self-check tries every line of the shipped policies that it can try, and names it rightly."""

import pytest

from onboarding.cluster.errors import ClusterError, Refused, ServerFault, Unauthorized, Unreachable
from onboarding.cluster.refusals import (
    ADMIN_MAY_NOT,
    PORTAL_MAY_NOT,
    Attempt,
    RefusalCheck,
    problem_of,
)
from onboarding.domain.objects import Manifest, items, text
from tests.support.fake_cluster import FakeCluster
from tests.support.shipped_roles import shipped_of

POLICIES = {
    text(policy, "metadata", "name"): items(policy, "spec", "validations")
    for policy in shipped_of("ValidatingAdmissionPolicy")
}


def said_by(line: Manifest) -> str:
    return " ".join((text(line, "message") or text(line, "messageExpression")).split())


@pytest.mark.parametrize(
    "attempt",
    [one for one in (*PORTAL_MAY_NOT, *ADMIN_MAY_NOT) if one.words],
    ids=lambda one: one.what,
)
def test_each_attempt_names_exactly_one_line_of_its_policy(attempt: Attempt) -> None:
    lines = [line for line in POLICIES[attempt.policy] if attempt.words in said_by(line)]
    assert len(lines) == 1


def test_every_line_that_confines_the_portal_is_tried() -> None:
    """But the first, which stops what RBAC does not grant: tests/cluster/test_stolen_credential."""
    words = [one.words for one in PORTAL_MAY_NOT if one.policy == "bulkhead-confined"]
    for line in POLICIES["bulkhead-confined"][1:]:
        assert any(tried in said_by(line) for tried in words), said_by(line)


BY_IT = "ValidatingAdmissionPolicy 'bulkhead-confined' with binding 'x' denied request: may not y"
ATTEMPT = Attempt(
    "y", "bulkhead-confined", "may not y", lambda gateway, _: gateway.list("Namespace")
)


def tried(error: ClusterError | None) -> str:
    fake = FakeCluster()
    if error:
        fake.fail_next("list", error)
    return problem_of(fake, ATTEMPT, namespace="")


def test_refused_by_its_line_is_right_and_everything_else_wrong() -> None:
    assert tried(Refused(BY_IT, status=403)) == ""
    assert tried(None) == "accepted"
    other = BY_IT.replace("confined", "owned-resources")
    for said in (other, "denied request: may not y", BY_IT.replace("not y", "not z")):
        assert tried(Refused(said, status=403)).startswith("refused by something else: ")


@pytest.mark.parametrize(
    "error",
    [Unreachable("no route"), Unauthorized("expired", status=401), ServerFault("x", status=500)],
)
def test_no_answer_is_no_finding(error: ClusterError) -> None:
    with pytest.raises(type(error)):
        tried(error)


def test_a_line_says_whether_it_holds() -> None:
    assert str(RefusalCheck(ATTEMPT)) == "ok     refused  y (bulkhead-confined)"
    wrong = RefusalCheck(ATTEMPT, problem="accepted")
    assert str(wrong) == "WRONG  refused  y (bulkhead-confined) - accepted"
