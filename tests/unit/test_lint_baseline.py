"""Lint of what Bulkhead itself plans: nothing but what is asked for with open eyes."""

from pathlib import Path

import pytest
import yaml

from onboarding.domain.objects import Json, Manifest, branch
from onboarding.reachability.assume import with_assumed_pods
from onboarding.reachability.lint import Finding, Severity, check_world
from onboarding.reachability.model import METADATA_NAME, Pod, World
from onboarding.reachability.policies import read_policy
from tests.support.small_worlds import CONTROLLER, DNS, EDGE, SYSTEM

PLANS = sorted((Path(__file__).parents[1] / "data" / "plans").glob("*.yaml"))
NAME = "payments-prod"
PODS = tuple(
    Pod(NAME, app, {"project": "payments", "app": app}) for app in ("web", "api", "database")
)
# The egress profile "open" allows any address. It is asked for by that name, needs the network and
# security lanes and ends after thirty days; lint says what it is all the same.
OPEN = {("allows-everybody", f"{NAME}/egress-open")}
every_plan = pytest.mark.parametrize("file", PLANS, ids=lambda file: file.stem)


def world_of(file: Path, *pods: Pod) -> World:
    """A cluster with DNS, an ingress controller and the plan applied."""
    documents: list[Manifest] = [*yaml.safe_load_all(file.read_text())]
    namespace = next(one for one in documents if one["kind"] == "Namespace")
    written: dict[str, Json] = branch(namespace, "metadata", "labels")
    return World(
        namespaces={
            NAME: {**{key: str(value) for key, value in written.items()}, METADATA_NAME: NAME},
            SYSTEM: {METADATA_NAME: SYSTEM},
            EDGE: {METADATA_NAME: EDGE},
        },
        pods=(*pods, DNS, CONTROLLER),
        policies=tuple(read_policy(one) for one in documents if one["kind"] == "NetworkPolicy"),
        pod_ranges=("10.244.0.0/16",),
        service_ranges=("10.96.0.0/16",),
        node_ranges=("192.168.7.0/24",),
    )


def serious(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {
        (one.code.name, str(one.policy)) for one in findings if one.severity is not Severity.INFO
    }


def explained(file: Path) -> set[tuple[str, str]]:
    return OPEN if "-open-" in file.stem else set()


@every_plan
def test_a_plan_in_use_has_only_explained_findings(file: Path) -> None:
    assert serious(check_world(world_of(file, *PODS))) == explained(file)


@every_plan
def test_a_plan_with_assumed_pods_has_only_explained_findings(file: Path) -> None:
    assert serious(check_world(with_assumed_pods(world_of(file)))) == explained(file)


@every_plan
def test_a_plan_for_a_new_namespace_says_once_that_it_is_empty(file: Path) -> None:
    findings = check_world(world_of(file), namespaces={NAME})
    empty = [one for one in findings if one.code.name == "policy-selects-nothing"]
    assert len(empty) == 1
    assert serious(findings) == explained(file)


def test_open_egress_makes_narrower_permissions_redundant() -> None:
    [file] = [plan for plan in PLANS if plan.stem == "closed-open-namespace-small"]
    findings = check_world(world_of(file, *PODS))
    mild = {str(one.policy) for one in findings if one.severity is Severity.INFO}
    assert mild == {f"{NAME}/allow-dns", f"{NAME}/allow-internal-egress"}
    assert {one.code.name for one in findings if one.severity is Severity.INFO} == {"redundant"}
