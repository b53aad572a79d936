"""The grammar of labels is the API server's own: what it takes and refuses, the portal does too."""

import pytest

from onboarding.cluster.errors import Refused
from onboarding.domain.objects import Manifest
from tests.cluster.conftest import Prepared
from tests.support.label_grammar import BAD_KEYS, BAD_VALUES, GOOD_KEYS, GOOD_VALUES
from tests.support.worlds import BreakGlass, World


def policy_for(prepared: Prepared, namespace: str, labels: dict[str, str]) -> Manifest:
    world = World(prepared.portal, BreakGlass(prepared.break_glass), namespace)
    return world.policy("labels", {"podSelector": {"matchLabels": {**labels}}})


@pytest.mark.parametrize("key", GOOD_KEYS)
def test_a_key_the_portal_takes_is_taken(prepared: Prepared, team_namespace: str, key: str) -> None:
    policy = policy_for(prepared, team_namespace, {key: "web"})
    assert prepared.portal.create(policy, dry_run=True)


@pytest.mark.parametrize("value", GOOD_VALUES)
def test_a_value_the_portal_takes_is_taken(
    prepared: Prepared, team_namespace: str, value: str
) -> None:
    policy = policy_for(prepared, team_namespace, {"app": value})
    assert prepared.portal.create(policy, dry_run=True)


@pytest.mark.parametrize(
    "labels", [*({key: "web"} for key in BAD_KEYS), *({"app": value} for value in BAD_VALUES)]
)
def test_what_the_portal_refuses_is_refused(
    prepared: Prepared, team_namespace: str, labels: dict[str, str]
) -> None:
    with pytest.raises(Refused) as refusal:
        prepared.portal.create(policy_for(prepared, team_namespace, labels), dry_run=True)
    assert refusal.value.status == 422
