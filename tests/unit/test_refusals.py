"""The self-check tries every line of the shipped policies that it can try, and names it rightly."""

from dataclasses import replace

import pytest

from onboarding.cluster.errors import ClusterError, Refused, ServerFault, Unauthorized, Unreachable
from onboarding.cluster.refusals import (
    ACCEPTED,
    ADMIN_MAY_NOT,
    MOST_PLACES,
    PORTAL_MAY_NOT,
    Attempt,
    RefusalCheck,
    problem_of,
)
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Manifest, items, text
from onboarding.services import self_check
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
    return problem_of(fake, ATTEMPT, namespaces=())


def test_refused_by_its_line_is_right_and_everything_else_wrong() -> None:
    assert tried(Refused(BY_IT, status=403)) == ""
    assert tried(None) == "accepted"
    other = BY_IT.replace("confined", "owned-resources")
    for said in (other, "denied request: may not y", BY_IT.replace("not y", "not z")):
        assert tried(Refused(said, status=403)).startswith("refused by something else: ")


INSIDE = replace(ATTEMPT, is_inside=True)
BY_A_LIMIT = Refused("maximum cpu usage per Pod is 9", status=403)


def tried_in(*answers: ClusterError | None) -> str:
    """Try it in as many namespaces as there are answers, each of which gives its own."""
    left = list(answers)

    def act(_gateway: ClusterGateway, _at: str) -> None:
        if answer := left.pop(0):
            raise answer

    places = [f"payments-{number}" for number in range(len(answers))]
    return problem_of(FakeCluster(), replace(INSIDE, act=act), namespaces=places)


def test_a_namespace_that_refuses_for_its_own_reason_says_nothing_of_the_next() -> None:
    by_its_line = Refused(BY_IT, status=403)
    assert tried_in(BY_A_LIMIT, by_its_line) == ""
    assert tried_in(BY_A_LIMIT, None, by_its_line) == ACCEPTED
    assert tried_in(BY_A_LIMIT, BY_A_LIMIT).endswith(str(BY_A_LIMIT))
    assert tried_in(*[BY_A_LIMIT] * MOST_PLACES, by_its_line).endswith(str(BY_A_LIMIT))


def test_what_is_tried_nowhere_is_not_refused() -> None:
    with pytest.raises(ValueError, match="no namespace to y in"):
        tried_in()


def test_what_is_wrong_is_believed_when_it_is_so_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only namespace may have gone between being listed and being tried."""
    wrong, right = RefusalCheck(ATTEMPT, problem=BY_IT), RefusalCheck(ATTEMPT)
    found = [[wrong, right], [right]]  # only what was wrong is tried again
    monkeypatch.setattr(self_check, "check_refusals", lambda *_, **__: found.pop(0))
    monkeypatch.setattr(self_check, "check_rights", lambda *_, **__: [])
    assert self_check.wrong_lines(FakeCluster(), has_gate=False) == []
    found += [[wrong, right], [wrong]]
    assert self_check.wrong_lines(FakeCluster(), has_gate=False) == [str(wrong)]


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
