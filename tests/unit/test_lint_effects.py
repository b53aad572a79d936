"""Lint of policies without the effect they seem to have: selectors, form, ports, redundancy."""

from dataclasses import replace

import pytest

from onboarding.domain.objects import Json
from onboarding.reachability.assume import with_assumed_pods
from onboarding.reachability.lint import Severity, check_world
from onboarding.reachability.model import (
    METADATA_NAME,
    NamedPort,
    Pod,
    Protocol,
    Selector,
    Service,
    ServicePort,
)
from tests.support.small_worlds import (
    ALLOW_DNS,
    API,
    CONTROLLER,
    EDGE,
    ORDERS,
    PAYMENTS,
    SMALL,
    egress,
    found,
    ingress,
    labels,
    names,
    only,
    policy,
    space,
)

FROM_API: Json = {"from": [{"podSelector": labels(app="api")}]}
NOBODY: Json = {"from": [{"podSelector": labels(app="nobody")}]}


def empty(namespace: str) -> tuple[Pod, ...]:
    """The world without a namespace's pods."""
    return tuple(pod for pod in SMALL.pods if pod.namespace != namespace)


def test_a_namespace_without_pods_is_told_once_and_mildly() -> None:
    world = replace(SMALL, pods=empty(PAYMENTS))
    policies = [
        policy({"policyTypes": ["Ingress"], "podSelector": labels(app=app)}, name=app)
        for app in ("web", "api")
    ]
    [finding] = found(*policies, world=world)
    assert (finding.code.name, finding.severity) == ("policy-selects-nothing", Severity.INFO)
    assert finding.message.startswith("payments-prod has no pods yet")


def test_pods_of_the_own_empty_namespace_are_not_told_again() -> None:
    assert len(found(ingress(FROM_API), world=replace(SMALL, pods=empty(PAYMENTS)))) == 1


def test_an_empty_namespace_at_the_other_end_is_told_mildly() -> None:
    peer: Json = {"namespaceSelector": space(ORDERS), "podSelector": labels(app="basket")}
    [finding] = found(ingress({"from": [peer]}), world=replace(SMALL, pods=empty(ORDERS)))
    assert (finding.code.name, finding.severity) == ("peer-selects-nothing", Severity.INFO)


def test_a_namespace_that_does_not_exist_is_told_by_its_labels() -> None:
    peer: Json = {"namespaceSelector": space("order-prod")}
    finding = only("peer-selects-nothing", ingress({"from": [peer]}))
    assert finding.severity is Severity.WARNING
    assert f"No namespace has the labels {METADATA_NAME}=order-prod" in finding.message


def test_labels_that_no_pod_of_the_other_namespace_has_are_told() -> None:
    peer: Json = {"namespaceSelector": space(ORDERS), "podSelector": labels(app="web")}
    finding = only("peer-selects-nothing", ingress({"from": [peer]}))
    assert finding.message.startswith("No pod of orders-prod has the labels app=web,")


def test_pods_that_are_only_assumed_hide_no_misspelt_label() -> None:
    world = replace(SMALL, policies=(ingress(NOBODY, podSelector=labels(app="webb")),))
    assumed = with_assumed_pods(world)
    assert len(assumed.pods) > len(world.pods)
    assert [one.code.name for one in check_world(assumed)] == [
        "policy-selects-nothing",
        "peer-selects-nothing",
    ]


def test_one_pod_on_the_pod_network_is_enough_for_a_peer() -> None:
    on_host = replace(CONTROLLER, host_network=True)
    rule: Json = {"from": [{"namespaceSelector": space(EDGE)}]}
    alone = replace(SMALL, pods=(API, on_host))
    assert names(ingress(rule), world=alone) == {"host-network-peer"}
    beside = replace(SMALL, pods=(API, on_host, CONTROLLER))
    assert names(ingress(rule), world=beside) == set()


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        (labels(app="edge"), "such as app=edge, run"),
        ({}, "such as those of ingress-nginx, run"),
    ],
)
def test_of_other_teams_pods_on_the_host_only_labels_are_told_that_were_asked_for(
    asked_for: Json, told: str
) -> None:
    nameless = Pod(EDGE, "", {"app": "edge", "oncall": "erin"}, host_network=True)
    peer: Json = {"namespaceSelector": space(EDGE), "podSelector": asked_for}
    world = replace(SMALL, pods=(API, nameless))
    finding = only("host-network-peer", ingress({"from": [peer]}), world=world)
    assert told in finding.message


def test_a_policy_for_every_pod_tells_of_those_on_the_host() -> None:
    world = replace(SMALL, pods=(*SMALL.pods, Pod(PAYMENTS, "agent", host_network=True)))
    finding = only("host-network-pods", ingress(FROM_API), world=world)
    assert "agent" in finding.message


@pytest.mark.parametrize(
    ("name", "spec", "is_told"),
    [
        ("deny-all", {}, True),
        ("default", {"ingress": []}, True),
        ("deny-egress", {"ingress": [FROM_API]}, True),
        ("deny-ingress", {}, False),
        ("deny-incoming", {}, False),
        ("allow-api", {"ingress": [FROM_API]}, False),
        ("deny-all", {"policyTypes": ["Ingress"]}, False),
        ("allow-out", {"egress": [ALLOW_DNS]}, False),
    ],
)
def test_a_denial_without_types_is_told_where_it_seems_to_mean_egress(
    name: str, spec: dict[str, Json], is_told: bool
) -> None:
    assert ("types-missing" in names(policy(spec, name))) is is_told


def test_a_denial_without_types_beside_a_fence_needs_no_word() -> None:
    fence = policy({"policyTypes": ["Ingress", "Egress"]}, "fence")
    assert "types-missing" in names(policy({}, "deny-all"))
    assert "types-missing" not in names(policy({}, "deny-all"), fence)


def test_inert_rules_are_told_in_either_direction() -> None:
    finding = only("inert-rules", policy({"policyTypes": ["Egress"], "ingress": [FROM_API]}))
    assert (str(finding.rule), finding.field) == ("payments-prod/allow ingress[0]", "spec.ingress")


def test_a_fence_for_both_directions_is_one_policy() -> None:
    fence = policy({"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []})
    assert "both-directions" not in names(fence)


def on(port: Json, **of: Json) -> Json:
    return {**FROM_API, "ports": [{"port": port, **of}]}  # type: ignore[dict-item]


WEB_ONLY = {"podSelector": labels(app="web")}


def test_the_pods_own_port_is_fine_and_an_unknown_number_too() -> None:
    assert names(ingress(on(8080), on(9999), **WEB_ONLY)) == set()


def test_the_services_port_of_another_protocol_is_another_port() -> None:
    assert names(ingress(on(80, protocol="UDP"), **WEB_ONLY)) == set()


def test_the_services_port_is_told_for_outgoing_rules() -> None:
    web: Json = {"to": [{"podSelector": labels(app="web")}], "ports": [{"port": 80}]}
    finding = only("service-port", egress(ALLOW_DNS, web))
    assert finding.field == "spec.egress[1].ports[0].port"
    assert "Write 8080 here" in finding.message


def test_a_target_by_name_is_looked_up_on_the_pod() -> None:
    selector = Selector((("app", "web"),))
    for target, told in (("http", {"service-port"}), ("unknown", set())):
        service = Service(PAYMENTS, "web", selector, (ServicePort(80, target),))
        assert names(ingress(on(80), **WEB_ONLY), world=replace(SMALL, services=(service,))) == told


def test_a_service_without_a_selector_says_nothing_of_pods() -> None:
    service = Service(PAYMENTS, "elsewhere", Selector(), (ServicePort(80, 8080),))
    assert names(ingress(on(80), **WEB_ONLY), world=replace(SMALL, services=(service,))) == set()


def test_a_pod_that_listens_on_the_services_number_is_fine() -> None:
    both = Pod(PAYMENTS, "web", {"app": "web"}, ports=(NamedPort("plain", Protocol.TCP, 80),))
    assert names(ingress(on(80), **WEB_ONLY), world=replace(SMALL, pods=(both, API))) == set()


def test_a_port_name_counts_with_its_protocol() -> None:
    assert names(ingress(on("http"), **WEB_ONLY)) == set()
    assert names(ingress(on("http", protocol="UDP"), **WEB_ONLY)) == {"unserved-port-name"}


def test_a_port_name_is_not_missed_where_no_pod_runs_yet() -> None:
    nobody = ingress(on("grpc"), podSelector=labels(app="nobody"))
    assert names(nobody) == {"policy-selects-nothing"}
    assumed = with_assumed_pods(replace(SMALL, policies=(nobody,)))
    assert [one.code.name for one in check_world(assumed)] == ["policy-selects-nothing"]


def test_a_port_name_that_one_of_the_pods_has_is_fine() -> None:
    assert names(ingress(on("http"))) == set()


INTERNAL: Json = {"from": [{"podSelector": {}}]}


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (FROM_API, INTERNAL),
        (on(8080), FROM_API),
        (on(8080), on(8000, endPort=8100)),
        (on("http"), on(1, endPort=65535)),
        (
            {"from": [{"ipBlock": {"cidr": "203.0.113.64/26"}}]},
            {"from": [{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.0/26"]}}]},
        ),
        (
            {"from": [{"namespaceSelector": space(ORDERS), "podSelector": labels(app="basket")}]},
            {"from": [{"namespaceSelector": space(ORDERS)}]},
        ),
    ],
)
def test_a_policy_within_another_is_redundant_and_never_the_other_way(
    narrow: Json, wide: Json
) -> None:
    def told(inner: Json, outer: Json) -> bool:
        policies = [
            policy({"policyTypes": ["Ingress"], "ingress": [rule]}, name)
            for name, rule in (("inner", inner), ("outer", outer))
        ]
        return "payments-prod/inner" in [
            str(one.policy) for one in found(*policies) if one.code.name == "redundant"
        ]

    assert told(narrow, wide)
    assert not told(wide, narrow)


BLOCK: Json = {"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}
SET: Json = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (BLOCK, INTERNAL),
        (
            {"from": [{"namespaceSelector": space(ORDERS)}]},
            {"from": [{"namespaceSelector": space(EDGE)}]},
        ),
        (FROM_API, {"from": [{"podSelector": SET}]}),
        (on("http"), on("rest")),
        (on("http"), on(8080, endPort=8090)),
        (on(8080, endPort=8082), on(8081, endPort=8083)),
        (
            {"from": [{"ipBlock": {"cidr": "203.0.113.0/25"}}]},
            {"from": [{"ipBlock": {"cidr": "203.0.113.128/25"}}]},
        ),
        (on(8080), on(8080, protocol="UDP")),
    ],
)
def test_policies_that_differ_in_kind_are_not_redundant(one: Json, two: Json) -> None:
    policies = [
        policy({"policyTypes": ["Ingress"], "ingress": [rule]}, name)
        for name, rule in (("one", one), ("two", two))
    ]
    assert "redundant" not in names(*policies)


def test_of_two_equal_policies_only_the_later_name_is_redundant() -> None:
    twins = [policy({"policyTypes": ["Ingress"], "ingress": [FROM_API]}, name) for name in "ab"]
    assert str(only("redundant", *twins).policy) == "payments-prod/b"


def test_a_policy_that_isolates_one_direction_more_is_not_redundant() -> None:
    both = policy({"policyTypes": ["Ingress", "Egress"], "ingress": [FROM_API]}, "both")
    wide = policy({"policyTypes": ["Ingress"], "ingress": [INTERNAL]}, "wide")
    assert "redundant" not in names(both, wide)


def test_a_policy_for_more_pods_is_not_redundant() -> None:
    every = policy({"policyTypes": ["Ingress"], "ingress": [FROM_API]}, "every")
    some = policy({"policyTypes": ["Ingress"], "ingress": [INTERNAL], **WEB_ONLY}, "some")
    assert "redundant" not in names(every, some)


def test_a_fence_is_never_redundant() -> None:
    fence = policy({"policyTypes": ["Ingress"]}, "fence")
    assert names(fence, ingress(INTERNAL)) == set()


def test_policies_of_two_namespaces_never_cover_each_other() -> None:
    here, there = (
        policy({"policyTypes": ["Ingress"], "ingress": [INTERNAL]}, "same", namespace)
        for namespace in (PAYMENTS, ORDERS)
    )
    assert names(here, there) == set()
