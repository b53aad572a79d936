"""What pods must be like: said of the plan itself, for every level that can be asked for."""

import pytest

from onboarding.domain.parameters import POD_SECURITY_LEVELS
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.pod_security import pod_security_of, pod_security_sentences
from tests.support.requests import plan_of, planned


@pytest.mark.parametrize(
    ("environment", "level"),
    [("production", "restricted"), ("development", "baseline"), ("test", "baseline")],
)
def test_the_plan_enforces_what_the_environment_demands(environment: str, level: str) -> None:
    plan = plan_of(environment=environment)
    labels = planned(plan, "Namespace", "payments-prod")["metadata"]["labels"]  # type: ignore[index,call-overload]
    assert labels["pod-security.kubernetes.io/enforce"] == level == pod_security_of(plan)
    [sentence] = pod_security_sentences(plan)
    assert f"Pod Security {level}" in sentence


def test_there_are_words_for_every_level_of_the_catalogue() -> None:
    levels = {one.pod_security for one in load_catalogue().environments.values()}
    assert levels == {*POD_SECURITY_LEVELS}


def test_of_a_namespace_that_shall_be_gone_nothing_is_said() -> None:
    plan = plan_of()
    gone = type(plan)(plan.cluster, plan.namespace, ())
    assert (pod_security_of(gone), [*pod_security_sentences(gone)]) == ("", [])
