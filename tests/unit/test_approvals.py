"""Which lanes a request needs, and why."""

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.domain.lanes import Lane, needed_lanes
from onboarding.domain.risk import Risk
from onboarding.domain.spec import NamespaceSpec, RequestKind, Scope
from onboarding.plan.approvals import lanes_for
from onboarding.plan.build import empty_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.changes import plan_changes
from tests.support.requests import plan_of, spec_of

CLOSED = spec_of(openings=())


def asked(
    spec: NamespaceSpec, before: NamespaceSpec | None = None, *, risk: Risk = Risk.LOW
) -> dict[str, tuple[str, ...]]:
    """The lanes of an onboarding, or of a change from `before`, with their reasons."""
    kind = RequestKind.CHANGE if before else RequestKind.ONBOARD
    changes = plan_changes(plan_of(before) if before else None, plan_of(spec))
    lanes = lanes_for(kind, spec, changes, catalogue=load_catalogue(), before=before, risk=risk)
    return {needed.lane.value: needed.reasons for needed in lanes}


@pytest.mark.parametrize(
    ("differing", "lanes"),
    [
        ({}, ["platform"]),
        ({"openings": (WEB,)}, ["platform", "network"]),
        ({"openings": (INTERNET,)}, ["platform", "network"]),
        ({"openings": (ANYTHING,), "lifetime_days": 7}, ["platform", "network", "security"]),
        ({"data_class": "restricted"}, ["platform", "security"]),
        (
            {"data_class": "restricted", "openings": (INTERNET,)},
            ["platform", "network", "security"],
        ),
        ({"data_class": "public", "size": "large"}, ["platform"]),
    ],
)
def test_a_new_namespace_asks_those_it_concerns(
    differing: dict[str, object], lanes: list[str]
) -> None:
    assert [*asked(CLOSED.changed(**differing))] == lanes


@pytest.mark.parametrize(
    ("before", "after", "lanes"),
    [
        ({}, {"size": "large"}, ["platform"]),
        ({"openings": (INTERNET,)}, {"openings": (INTERNET,), "size": "large"}, ["platform"]),
        ({}, {"openings": (INTERNET,)}, ["platform", "network"]),
        ({"openings": (INTERNET,)}, {}, ["platform", "network"]),
        ({}, {"openings": (ANYTHING,)}, ["platform", "network", "security"]),
        ({"openings": (ANYTHING,)}, {"openings": (ANYTHING,), "size": "large"}, ["platform"]),
        ({}, {"data_class": "restricted"}, ["platform", "security"]),
        ({"data_class": "restricted"}, {"data_class": "restricted", "size": "large"}, ["platform"]),
        (
            {"data_class": "restricted"},
            {"data_class": "restricted", "scope": Scope.NAMESPACE},
            ["platform", "security"],
        ),
        ({}, {"scope": Scope.NAMESPACE}, ["platform"]),
        ({}, {"environment": "test"}, ["platform"]),
    ],
)
def test_a_change_asks_only_those_it_touches(
    before: dict[str, object], after: dict[str, object], lanes: list[str]
) -> None:
    assert [*asked(CLOSED.changed(**after), CLOSED.changed(**before))] == lanes


def test_a_moved_exposure_asks_the_network_lane_and_says_why() -> None:
    before = CLOSED.changed(openings=(exposed("ingress-nginx", "web", (8080,)),))
    after = CLOSED.changed(openings=(exposed("ingress-nginx", "web", (8081,)),))
    assert asked(after, before)["network"] == (
        "Exposure to an ingress controller would be changed",
    )


def test_every_lane_comes_with_its_reasons() -> None:
    lanes = asked(CLOSED.changed(openings=(ANYTHING,), data_class="restricted"))
    assert lanes["platform"] == ("Every new namespace",)
    assert len(lanes["security"]) == 2
    assert "Restricted data" in lanes["security"]


def test_a_removal_asks_the_platform_alone_whatever_goes() -> None:
    spec = CLOSED.changed(openings=(ANYTHING,), data_class="restricted")
    changes = plan_changes(plan_of(spec), empty_plan(spec.cluster, spec.name))
    lanes = lanes_for(
        RequestKind.RETIRE, spec, changes, catalogue=load_catalogue(), before=spec, risk=Risk.HIGH
    )
    assert [(needed.lane, needed.reasons) for needed in lanes] == [
        (Lane.PLATFORM, ("Every removal of a namespace",))
    ]


def test_a_reason_is_told_once_and_lanes_keep_their_order() -> None:
    reasons = [(Lane.SECURITY, "a"), (Lane.PLATFORM, "b"), (Lane.SECURITY, "a")]
    lanes = needed_lanes(reasons)
    assert [(one.lane, one.reasons) for one in lanes] == [
        (Lane.PLATFORM, ("b",)),
        (Lane.SECURITY, ("a",)),
    ]


@pytest.mark.parametrize(
    ("risk", "added"),
    [
        (Risk.LOW, {}),
        (Risk.MEDIUM, {"network": ("Medium risk",)}),
        (Risk.HIGH, {"network": ("High risk",), "security": ("High risk",)}),
    ],
)
def test_risky_connectivity_asks_those_the_catalogue_names(
    risk: Risk, added: dict[str, tuple[str, ...]]
) -> None:
    assert asked(CLOSED, risk=risk) == {**asked(CLOSED), **added}


@pytest.mark.parametrize("data_class", ["public", "internal"])
def test_m2_to_call_restricted_data_something_else_asks_security(data_class: str) -> None:
    before = CLOSED.changed(data_class="restricted")
    lanes = asked(before.changed(data_class=data_class, openings=(WEB, INTERNET)), before)
    assert [*lanes] == ["platform", "network", "security"]
    assert lanes["security"] == ("No longer restricted data",)


def test_m2_a_class_that_the_catalogue_lost_asks_every_lane_when_it_is_left() -> None:
    assert [*asked(CLOSED, CLOSED.changed(data_class="secret"))] == [*Lane]
