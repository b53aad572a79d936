"""Lint of what rules open: everybody, every namespace, labels of others, address ranges."""

from dataclasses import replace

import pytest

from onboarding.domain.objects import Json
from onboarding.reachability.lint import Severity
from onboarding.reachability.model import Pod, World
from tests.support.small_worlds import (
    ALLOW_DNS,
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

INTERNET = {"cidr": "0.0.0.0/0"}
PRIVATE = ["10.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24"]


def block(cidr: str, *excluded: str) -> Json:
    return {"ipBlock": {"cidr": cidr, **({"except": [*excluded]} if excluded else {})}}


def sent_to(*peers: Json) -> tuple[str, ...]:
    """What is found about outgoing traffic to peers, beside DNS."""
    return tuple(one.code.name for one in found(egress(ALLOW_DNS, {"to": [*peers]})))


def test_an_open_rule_is_told_at_its_own_place() -> None:
    finding = only("allows-everybody", egress(ALLOW_DNS, {}))
    assert str(finding.rule) == "payments-prod/allow egress[1]"
    assert "these pods may connect to everybody on every port" in finding.message


def test_an_open_rule_that_lists_ports_weighs_less() -> None:
    on_port = only("allows-everybody", ingress({"ports": [{"port": 8080}]}))
    assert on_port.severity is Severity.WARNING
    assert "on TCP 8080" in on_port.message
    assert only("allows-everybody", ingress({})).severity is Severity.ERROR


def test_no_rules_open_nothing() -> None:
    assert names(ingress()) == set()


def test_a_rule_of_an_unlisted_direction_opens_nothing() -> None:
    inert = policy({"policyTypes": ["Ingress"], "egress": [{}]})
    assert names(inert) == {"inert-rules"}


@pytest.mark.parametrize(
    "selector",
    [
        {"matchExpressions": [{"key": "project", "operator": "In", "values": ["orders"]}]},
        {
            "matchExpressions": [
                {
                    "key": "kubernetes.io/metadata.name",
                    "operator": "NotIn",
                    "values": ["kube-system"],
                }
            ]
        },
        {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]},
    ],
)
def test_a_selector_that_others_can_join_is_not_pinned(selector: Json) -> None:
    assert names(ingress({"from": [{"namespaceSelector": selector}]})) == {"unpinned-namespace"}


def test_a_list_of_names_pins() -> None:
    listed = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [ORDERS, PAYMENTS]}
    selector: Json = {"matchExpressions": [listed]}  # type: ignore[dict-item]
    assert names(ingress({"from": [{"namespaceSelector": selector}]})) == set()


def test_every_namespace_is_told_even_with_pods_chosen() -> None:
    peer: Json = {"namespaceSelector": {}, "podSelector": labels(app="basket")}
    assert names(ingress({"from": [peer]})) == {"allows-every-namespace"}


def test_two_items_the_other_way_round_are_no_dash_too_many() -> None:
    peers: list[Json] = [
        {"podSelector": labels(app="api")},
        {"namespaceSelector": space(ORDERS)},
    ]
    assert names(ingress({"from": peers})) == set()
    assert names(ingress({"from": [*reversed(peers)]})) == {"or-instead-of-and"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (block("203.0.113.0/24"), {"podSelector": labels(app="api")}),
        ({"podSelector": labels(app="web")}, {"podSelector": labels(app="api")}),
        ({"namespaceSelector": space(ORDERS)}, {"namespaceSelector": space(PAYMENTS)}),
        ({"namespaceSelector": space(ORDERS)}, block("203.0.113.0/24")),
        (
            {"namespaceSelector": space(ORDERS)},
            {"namespaceSelector": space(PAYMENTS), "podSelector": labels(app="api")},
        ),
        (
            {"namespaceSelector": space(ORDERS), "podSelector": labels(app="basket")},
            {"podSelector": labels(app="api")},
        ),
    ],
)
def test_only_namespaces_followed_by_only_pods_is_a_dash_too_many(
    first: Json, second: Json
) -> None:
    assert names(ingress({"from": [first, second]})) == set()


def test_two_rules_are_no_dash_too_many() -> None:
    first: Json = {"from": [{"namespaceSelector": space(ORDERS)}]}
    second: Json = {"from": [{"podSelector": labels(app="api")}]}
    assert names(ingress(first, second)) == set()


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_every_address_is_an_error(cidr: str) -> None:
    assert sent_to(block(cidr)) == ("whole-internet",)


def test_every_address_but_one_small_range_still_holds_the_cluster() -> None:
    assert sent_to(block("0.0.0.0/0", "203.0.113.0/24")) == (
        "metadata-address",
        "cluster-addresses",
    )


def test_exceptions_that_cover_the_cluster_leave_nothing_to_say() -> None:
    assert sent_to(block("0.0.0.0/0", *PRIVATE)) == ()


@pytest.mark.parametrize(
    ("cidr", "said"),
    [
        ("10.244.7.0/24", "pod addresses"),
        ("10.96.0.10/32", "Service addresses"),
        ("192.0.2.0/28", "machines' addresses"),
    ],
)
def test_a_range_inside_the_cluster_says_what_it_touches(cidr: str, said: str) -> None:
    finding = only("cluster-addresses", ingress({"from": [block(cidr)]}))
    assert f"reaches into the {said} of this cluster" in finding.message


def test_pods_addresses_count_where_the_range_of_pods_is_unknown() -> None:
    pod = Pod(PAYMENTS, "web", {"app": "web"}, addresses=("10.9.0.4",))
    world = World(namespaces=SMALL.namespaces, pods=(pod,))
    assert names(ingress({"from": [block("10.9.0.0/24")]}), world=world) == {"cluster-addresses"}
    assert names(ingress({"from": [block("10.8.0.0/24")]}), world=world) == set()


def test_an_address_of_the_host_is_no_pods_address() -> None:
    pod = Pod(PAYMENTS, "agent", {"app": "web"}, host_network=True, addresses=("10.9.0.4",))
    world = World(namespaces=SMALL.namespaces, pods=(pod,))
    rule = ingress({"from": [block("10.9.0.0/24")]})
    assert "cluster-addresses" not in names(rule, world=world)


def test_the_range_of_machines_counts_before_the_machines_that_are_known() -> None:
    world = replace(SMALL, node_ranges=("198.51.100.0/24",))
    assert names(ingress({"from": [block("198.51.100.7/32")]}), world=world) == {
        "cluster-addresses"
    }
    assert names(ingress({"from": [block("192.0.2.0/28")]}), world=world) == set()


def test_the_credentials_address_matters_on_the_way_out() -> None:
    link_local = block("169.254.0.0/16")
    assert sent_to(link_local) == ("metadata-address",)
    assert names(ingress({"from": [link_local]})) == {"cluster-addresses"}


def test_the_credentials_address_is_known_in_ipv6() -> None:
    assert sent_to(block("fd00:ec2::/32")) == ("metadata-address",)


def test_one_range_with_exceptions_beside_one_without_is_fine() -> None:
    peers = [block("203.0.113.0/24", "203.0.113.128/25"), block("198.51.100.0/24")]
    assert names(ingress({"from": peers})) == set()


def test_a_cluster_with_unknown_ranges_is_not_guessed_at() -> None:
    world = replace(SMALL, pod_ranges=(), service_ranges=(), nodes=())
    assert names(ingress({"from": [block("10.0.0.0/8")]}), world=world) == set()
