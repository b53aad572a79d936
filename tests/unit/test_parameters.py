"""Typed slots: what may be filled in, and that nothing wider gets through."""

import pytest

from onboarding.domain.objects import Json
from onboarding.domain.parameters import CHECKS, Parameter, check_value
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.fill import BadParameter, fill

FITTING: list[tuple[str, Json]] = [
    ("name", "payments-prod"),
    ("label_value", "Web_1.0"),
    ("pod_security", "restricted"),
    ("labels", {"app.kubernetes.io/name": "nginx"}),
    ("selector", {}),
    ("selector", {"app": ""}),
    ("group", "oidc:payments"),
    ("tcp_ports", [1]),
    ("tcp_ports", [65535, 80]),
    ("cidrs", []),
    ("cidrs", ["10.0.0.0/8", "fd00::/8"]),
    ("quantities", {"cpu": "500m", "memory": "4Gi", "pods": "0"}),
    ("ingress_source", {"namespace": "ingress-nginx", "pods": {}}),
    ("ingress_source", {"namespace": "ingress-nginx", "pods": {"app": "nginx"}}),
]
REFUSED: list[tuple[str, Json]] = [
    ("ingress_source", "ingress-nginx"),
    ("ingress_source", {"namespace": "ingress-nginx"}),
    ("ingress_source", {"namespace": "*", "pods": {}}),
    ("ingress_source", {"namespace": "a", "pods": {"a b": "x"}}),
    ("ingress_source", {"namespace": "a", "pods": {f"k{n}": "v" for n in range(5)}}),
    ("ingress_source", {"namespace": "a", "pods": {}, "more": "x"}),
    ("name", None),
    ("name", 7),
    ("name", "Payments"),
    ("label_value", ""),
    ("label_value", ["web"]),
    ("pod_security", "privileged"),
    ("pod_security", ["restricted"]),
    ("pod_security", ""),
    ("labels", {}),
    ("labels", []),
    ("labels", {"app": None}),
    ("labels", {"app": {"nested": "x"}}),
    ("labels", {"a b": "x"}),
    ("labels", {"-/x": "x"}),
    ("labels", {"app": "x\n"}),
    ("selector", None),
    ("selector", "app=web"),
    ("selector", {f"k{n}": "v" for n in range(65)}),
    ("group", 1),
    ("group", "system:masters"),
    ("tcp_ports", []),
    ("tcp_ports", [0]),
    ("tcp_ports", [-1]),
    ("tcp_ports", [65536]),
    ("tcp_ports", ["80"]),
    ("tcp_ports", [True]),
    ("tcp_ports", [80.5]),
    ("tcp_ports", [{"port": 1, "endPort": 65535}]),
    ("tcp_ports", 80),
    ("tcp_ports", [80] * 65),
    ("cidrs", ["0.0.0.0/0"]),
    ("cidrs", ["::/0"]),
    ("cidrs", ["10.0.0.1/8"]),
    ("cidrs", ["10.0.0.0/33"]),
    ("cidrs", ["everywhere"]),
    ("cidrs", "10.0.0.0/8"),
    ("quantities", {}),
    ("quantities", {"cpu": 2}),
    ("quantities", {"cpu": "-1"}),
    ("quantities", {"cpu": "2 cores"}),
    ("quantities", {"cpu": "1e3"}),
    ("quantities", {"cpu": "2\n"}),
]


@pytest.mark.parametrize(("kind", "value"), FITTING)
def test_a_fitting_value_is_accepted(kind: str, value: Json) -> None:
    assert check_value(Parameter(kind), value) == []


@pytest.mark.parametrize(("kind", "value"), REFUSED)
def test_anything_else_is_refused_with_a_reason(kind: str, value: Json) -> None:
    problems = check_value(Parameter(kind), value)
    assert problems
    assert all(problems)


def test_every_type_is_tried_both_ways() -> None:
    assert {kind for kind, _ in FITTING} == {kind for kind, _ in REFUSED} == set(CHECKS)


def test_no_template_takes_a_level_that_lets_pods_out() -> None:
    assert check_value(Parameter("pod_security"), "privileged")


def test_a_missing_value_is_named_with_its_template() -> None:
    template = load_catalogue().templates["deny-all"]
    with pytest.raises(BadParameter, match="deny-all@1: namespace is missing"):
        fill(template, {})


def test_a_bad_value_is_named_with_its_template_and_slot() -> None:
    template = load_catalogue().templates["team-access"]
    with pytest.raises(BadParameter, match=r"team-access@\d+: group: Groups like system:"):
        fill(template, {"namespace": "payments", "group": "system:masters"})


def test_a_slot_in_a_value_is_not_filled_again() -> None:
    template = load_catalogue().templates["quota"]
    with pytest.raises(BadParameter):
        fill(template, {"namespace": "payments", "hard": {"$slot": "namespace"}})
