"""Golden plans: every kind of request renders to exactly the bytes that were reviewed.

Run with BULKHEAD_WRITE_GOLDEN=1 to write the files anew, then review the difference.
"""

import os
from itertools import product
from pathlib import Path

import pytest
import yaml

from onboarding.demo.openings import ANYTHING, INTERNET, exposed
from onboarding.domain.lifecycle import PROVISIONING
from onboarding.domain.objects import Json
from onboarding.domain.spec import Scope
from onboarding.plan.access import access_sentences
from onboarding.plan.build import BadParameter, empty_plan, private_ranges
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.digest import canonical, digest_of
from onboarding.plan.model import Plan, UnknownPlan, dump_plan, load_plan
from onboarding.plan.render_yaml import render_documents
from tests.support.requests import plan_of, planned, spec_of

FOLDER = Path(__file__).parents[1] / "data" / "plans"
EXPOSURES = {"closed": (), "exposed": (exposed("ingress-nginx", "web", (8080, 8443)),)}
EGRESS = {"none": (), "internet": (INTERNET,), "open": (ANYTHING,)}
SIZES = ("small", "medium", "large")
CASES = [
    *product(EXPOSURES, EGRESS, Scope, ("small",)),
    *product(("exposed",), ("internet",), (Scope.PROJECT,), ("medium", "large")),
]

DEVELOPMENT = "development-exposed-none-project-small"


def plan_for(exposure: str, egress: str, scope: Scope, size: str) -> Plan:
    return plan_of(openings=(*EXPOSURES[exposure], *EGRESS[egress]), scope=scope, size=size)


@pytest.mark.parametrize(("exposure", "egress", "scope", "size"), CASES)
def test_a_plan_is_what_was_reviewed(exposure: str, egress: str, scope: Scope, size: str) -> None:
    plan = plan_for(exposure, egress, scope, size)
    rendered = f"# {plan.digest}\n{render_documents(plan.manifests())}"
    golden = FOLDER / f"{exposure}-{egress}-{scope}-{size}.yaml"
    if os.environ.get("BULKHEAD_WRITE_GOLDEN") == "1":
        golden.write_text(rendered)
    assert rendered == golden.read_text()


def test_a_plan_for_development_is_what_was_reviewed() -> None:
    plan = plan_of(environment="development", openings=EXPOSURES["exposed"])
    rendered = f"# {plan.digest}\n{render_documents(plan.manifests())}"
    golden = FOLDER / f"{DEVELOPMENT}.yaml"
    if os.environ.get("BULKHEAD_WRITE_GOLDEN") == "1":
        golden.write_text(rendered)
    assert rendered == golden.read_text()


def test_there_is_no_golden_file_without_its_case() -> None:
    cases = {"-".join(case) for case in CASES} | {DEVELOPMENT}
    assert {file.stem for file in FOLDER.glob("*.yaml")} == cases


@pytest.mark.parametrize(("exposure", "egress", "scope"), [*product(EXPOSURES, EGRESS, Scope)])
def test_a_size_moves_nothing_but_quota_and_limits(
    exposure: str, egress: str, scope: Scope
) -> None:
    plans = [plan_for(exposure, egress, scope, size) for size in SIZES]
    small, *others = plans
    for other in others:
        moved = {
            one.key.kind
            for one, two in zip(small.objects, other.objects, strict=True)
            if one.manifest != two.manifest
        }
        assert moved <= {"ResourceQuota", "LimitRange"}
        assert "ResourceQuota" in moved
    assert len({plan.digest for plan in plans}) == len(SIZES)


@pytest.mark.parametrize(("exposure", "egress", "scope", "size"), CASES)
def test_the_fence_comes_first_and_access_last(
    exposure: str, egress: str, scope: Scope, size: str
) -> None:
    plan = plan_for(exposure, egress, scope, size)
    phases = [one.phase for one in plan.objects]
    assert phases == sorted(phases, key=PROVISIONING.index)
    assert [str(one.key) for one in plan.objects[:2]] == [
        "Namespace payments-prod",
        "NetworkPolicy payments-prod/deny-all",
    ]
    assert plan.objects[-1].key.kind == "RoleBinding"


@pytest.mark.parametrize(("exposure", "egress", "scope", "size"), CASES)
def test_every_policy_isolates_one_direction_with_numeric_ports(
    exposure: str, egress: str, scope: Scope, size: str
) -> None:
    for one in plan_for(exposure, egress, scope, size).objects:
        if one.key.kind == "NetworkPolicy" and one.key.name != "deny-all":
            spec = one.manifest["spec"]
            assert isinstance(spec, dict)
            [direction] = spec["policyTypes"]
            [rule] = spec[direction.lower()]
            assert all(isinstance(port["port"], int) for port in rule.get("ports", []))


def test_equal_trees_have_one_digest_in_whatever_order_they_were_made() -> None:
    def turned(node: Json) -> Json:
        if isinstance(node, dict):
            return {key: turned(value) for key, value in reversed(node.items())}
        return [turned(value) for value in node] if isinstance(node, list) else node

    tree = dump_plan(plan_of())
    assert str(turned(tree)) != str(tree)
    assert digest_of(turned(tree)) == digest_of(tree)
    assert canonical(turned(tree)) == canonical(tree)


def test_canonical_bytes_are_spelled_out() -> None:
    assert canonical({"b": [1, None, True], "a": "ü"}) == '{"a":"ü","b":[1,null,true]}'.encode()
    with pytest.raises(ValueError, match="Out of range"):
        canonical(float("nan"))


def test_a_stored_plan_reads_back_equal_with_its_digest() -> None:
    plan = plan_of()
    again = load_plan(yaml.safe_load(canonical(dump_plan(plan))))
    assert again == plan
    assert again.digest == plan.digest
    assert hash(again) == hash(plan)


def test_the_digest_covers_cluster_name_phase_and_content() -> None:
    plan = plan_of()
    others = [
        plan_of(cluster="dev-us"),
        plan_of(name="payments-live"),
        plan_of(openings=(exposed("ingress-nginx", "web", (8081,)),)),
        Plan(plan.cluster, plan.namespace, plan.objects[:-1]),
        Plan(plan.cluster, plan.namespace, (plan.objects[1], plan.objects[0], *plan.objects[2:])),
    ]
    assert len({plan.digest, *(other.digest for other in others)}) == 6


@pytest.mark.parametrize("environment", ["test", "production"])
def test_only_development_binds_a_shell_and_it_comes_last(environment: str) -> None:
    without, plan = plan_of(environment=environment), plan_of(environment="development")
    assert [str(one.key) for one in plan.objects[-2:]] == [
        "RoleBinding payments-prod/team-developer",
        "RoleBinding payments-prod/team-shell",
    ]
    assert plan.objects[-1].phase == plan.objects[-2].phase == "grant"
    shell = planned(plan, "RoleBinding", "team-shell")
    team = planned(plan, "RoleBinding", "team-developer")
    assert shell["subjects"] == team["subjects"]
    assert shell["roleRef"]["name"] == "bulkhead:shell"  # type: ignore[index,call-overload]
    assert "team-shell" not in {one.key.name for one in without.objects}


def test_what_a_shell_means_is_said_of_the_plan_that_grants_it() -> None:
    said = [*access_sentences(plan_of(environment="development"), load_catalogue())]
    [sentence] = said
    assert sentence.startswith("Group team-payments may open a shell in pods, attach to them and")
    assert sentence.endswith("forward ports to them, around every NetworkPolicy.")
    assert not [*access_sentences(plan_of(), load_catalogue())]


def test_what_does_not_reach_the_cluster_does_not_move_the_digest() -> None:
    spec = spec_of()
    assert plan_of(spec, purpose="Another purpose.").digest == plan_of(spec).digest


@pytest.mark.parametrize("damage", [{"v": 2}, {"v": None}, {"objects": None}, {"objects": {}}])
def test_a_damaged_stored_plan_is_refused(damage: dict[str, Json]) -> None:
    with pytest.raises(UnknownPlan):
        load_plan({**dump_plan(plan_of()), **damage})


def test_a_namespace_that_shall_be_gone_has_no_objects() -> None:
    assert not empty_plan("dev-eu", "payments").wants_namespace
    assert plan_of().wants_namespace


def test_the_group_carries_the_clusters_prefix_and_is_a_group() -> None:
    binding = planned(plan_of(), "RoleBinding", "team-developer")
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "team-payments"}
    assert binding["subjects"] == [group]
    assert binding["roleRef"]["name"] == "bulkhead:developer"  # type: ignore[index,call-overload]


def test_the_internet_is_none_of_the_clusters_own_ranges() -> None:
    ranges = private_ranges(("10.96.0.0/16", "203.0.113.0/24", "fd00::/108"))
    assert set(ranges) == {
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "203.0.113.0/24",
    }


def test_an_unknown_ingress_source_is_refused() -> None:
    with pytest.raises(BadParameter, match="not an ingress source of dev-eu"):
        plan_of(openings=(exposed("somewhere", "web", (80,)),))
