"""Lint of paths: names that cannot be looked up, one end without the other, environments."""

from dataclasses import replace

import pytest

from onboarding.domain.objects import Json
from onboarding.reachability.assume import assumed_pod
from onboarding.reachability.estate import Estate
from onboarding.reachability.lint import Conventions, Finding, Severity, check_world
from onboarding.reachability.lint.scene import Scene
from onboarding.reachability.model import METADATA_NAME, Pod, Policy, Selector, World
from tests.support.small_worlds import (
    ALLOW_DNS,
    API,
    BASKET,
    DNS,
    ORDERS,
    PAYMENTS,
    SMALL,
    SYSTEM,
    WEB,
    egress,
    found,
    ingress,
    labels,
    names,
    only,
    policy,
    space,
)

INTERNAL: Json = {"to": [{"podSelector": {}}]}
TO_ORDERS: Json = {"to": [{"namespaceSelector": space(ORDERS)}]}
FROM_PAYMENTS: Json = {"from": [{"namespaceSelector": space(PAYMENTS)}]}


def to_dns(*ports: Json) -> Json:
    return {"to": [{"namespaceSelector": space(SYSTEM)}], "ports": [*ports]}


def test_traffic_inside_the_namespace_is_no_way_to_dns() -> None:
    finding = only("dns-missing", egress(INTERNAL))
    assert finding.message.startswith("web and api cannot look up names")


@pytest.mark.parametrize(
    ("rule", "is_told"),
    [
        (to_dns({"protocol": "UDP", "port": 53}), False),
        (to_dns(), False),
        (to_dns({"protocol": "UDP", "port": 50, "endPort": 60}), False),
        (to_dns({"protocol": "UDP", "port": "dns"}), False),
        (to_dns({"protocol": "TCP", "port": 53}), True),
        (to_dns({"protocol": "TCP", "port": "dns-tcp"}), True),
        (to_dns({"protocol": "UDP", "port": 5353}), True),
        ({"to": [{"ipBlock": {"cidr": "198.51.100.53/32"}}]}, False),
        ({"ports": [{"protocol": "UDP", "port": 53}]}, False),
        ({"ports": [{"protocol": "TCP", "port": 443}]}, True),
        (TO_ORDERS, True),
    ],
)
def test_dns_needs_udp_53_to_those_who_answer(rule: Json, is_told: bool) -> None:
    assert ("dns-missing" in names(egress(rule))) is is_told


def test_only_the_pods_that_are_cut_off_are_named() -> None:
    finding = only(
        "dns-missing",
        policy({"policyTypes": ["Egress"], "podSelector": labels(app="api")}, "no-way-out"),
    )
    assert str(finding.policy) == "payments-prod/no-way-out"
    assert finding.message.startswith("api cannot")


def test_the_first_policy_that_cuts_somebody_off_is_named_for_all() -> None:
    fences = [
        policy({"policyTypes": ["Egress"], "podSelector": labels(app=app)}, name)
        for app, name in (("web", "x"), ("web", "b"), ("api", "a"))
    ]
    assert str(only("dns-missing", *fences).policy) == "payments-prod/b"


def test_one_of_several_policies_is_enough_for_dns() -> None:
    assert names(policy({"policyTypes": ["Egress"]}, "deny"), egress(ALLOW_DNS)) == set()


def test_pods_whose_way_out_is_open_need_no_permission_for_dns() -> None:
    assert names(ingress()) == set()


def test_dns_itself_and_pods_on_the_host_ask_nobody() -> None:
    world = replace(SMALL, pods=(DNS, Pod(SYSTEM, "proxy", host_network=True)))
    fence = policy({"policyTypes": ["Egress"]}, "fence", SYSTEM)
    assert "dns-missing" not in names(fence, world=world)


def test_where_nobody_is_known_to_answer_any_other_namespace_may() -> None:
    world = replace(SMALL, pods=(WEB, API, BASKET))
    assert "dns-missing" not in names(egress(to_dns()), world=world)
    assert "dns-missing" in names(egress(INTERNAL), world=world)


def test_dns_pods_are_those_the_cluster_says() -> None:
    world = replace(SMALL, policies=(egress(TO_ORDERS),))
    selector = Selector((("app", "basket"),))
    assert check_world(world, conventions=Conventions(dns=(ORDERS, selector))) == ()
    assert len(check_world(world)) == 1


@pytest.mark.parametrize("dns", [(PAYMENTS, "basket"), (ORDERS, "coredns")])
def test_the_clusters_word_on_dns_is_namespace_and_labels(dns: tuple[str, str]) -> None:
    namespace, app = dns
    world = replace(SMALL, policies=(egress(ALLOW_DNS),))
    selector = Selector((("app", app),))
    scene = Scene(world, Conventions(dns=(namespace, selector)))
    assert scene.dns_pods == []


def sides(sending: Policy, receiving: Policy, **differing: object) -> list[str]:
    """The places where only one side of payments → orders is allowed."""
    world = replace(SMALL, **differing)  # type: ignore[arg-type]
    return [
        str(one.rule)
        for one in found(sending, receiving, world=world)
        if one.code.name == "one-sided"
    ]


def taken_in(*rules: Json, **differing: Json) -> Policy:
    return policy({"policyTypes": ["Ingress"], "ingress": [*rules], **differing}, "in", ORDERS)


def test_egress_to_a_namespace_that_lets_nobody_in_is_one_sided() -> None:
    assert sides(egress(ALLOW_DNS, TO_ORDERS), taken_in()) == ["payments-prod/allow egress[1]"]


def test_egress_that_is_let_in_is_whole() -> None:
    assert sides(egress(ALLOW_DNS, TO_ORDERS), taken_in(FROM_PAYMENTS)) == []


def test_ingress_from_pods_that_may_not_send_is_one_sided() -> None:
    assert sides(egress(ALLOW_DNS), taken_in(FROM_PAYMENTS)) == ["orders-prod/in ingress[0]"]


def test_egress_that_everybody_may_use_is_whole() -> None:
    assert sides(egress(ALLOW_DNS, TO_ORDERS), taken_in({})) == []


def test_a_rule_for_every_namespace_promises_no_path_to_each() -> None:
    fences = [policy({"policyTypes": ["Ingress"]}, "fence", name) for name in SMALL.namespaces]
    everywhere = egress(ALLOW_DNS, {"to": [{"namespaceSelector": {}}]})
    told = {str(one.rule) for one in found(everywhere, *fences) if one.code.name == "one-sided"}
    assert told == {"payments-prod/allow egress[0]"}


def test_the_end_that_is_missing_is_said() -> None:
    sent = only("one-sided", egress(ALLOW_DNS, TO_ORDERS), taken_in())
    assert "the policies for orders-prod/basket do not let these pods in" in sent.message
    assert sent.message.endswith("needs a policy for incoming traffic too.")
    taken = only("one-sided", egress(ALLOW_DNS), taken_in(FROM_PAYMENTS))
    assert "do not let them send to these pods" in taken.message
    assert taken.message.endswith("needs a policy for outgoing traffic too.")


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        (labels(app="basket"), "orders-prod/app=basket"),
        (
            {
                "matchExpressions": [
                    {"key": "app", "operator": "In", "values": ["basket", "till"]},
                    {"key": "tier", "operator": "Exists"},
                ]
            },
            "orders-prod/app=basket",
        ),
        ({}, "orders-prod"),
    ],
)
def test_of_other_teams_pods_only_labels_are_told_that_were_asked_for(
    asked_for: Json, told: str
) -> None:
    nameless = replace(BASKET, name="", labels={"app": "basket", "tier": "1", "oncall": "erin"})
    world = replace(SMALL, pods=(WEB, nameless, DNS))
    peer: Json = {"namespaceSelector": space(ORDERS), "podSelector": asked_for}
    finding = only("one-sided", egress(ALLOW_DNS, {"to": [peer]}), taken_in(), world=world)
    assert f"the policies for {told} do not" in finding.message


def test_a_name_that_is_made_of_labels_tells_no_more_than_they_do() -> None:
    assumed = assumed_pod(ORDERS, {"app": "basket", "oncall": "erin"})
    world = replace(SMALL, pods=(WEB, assumed, DNS))
    finding = only("one-sided", egress(ALLOW_DNS, TO_ORDERS), taken_in(), world=world)
    assert "the policies for orders-prod do not" in finding.message


def test_of_the_namespaces_own_pods_every_label_is_told() -> None:
    api = replace(API, name="", labels={"app": "api", "tier": "1"})
    to_api: Json = {"to": [{"podSelector": labels(app="api")}]}
    sending = egress(ALLOW_DNS, to_api, podSelector=labels(app="web"))
    taking = ingress(FROM_PAYMENTS, podSelector=labels(app="web"))
    closed = policy({"policyTypes": ["Ingress"], "podSelector": labels(app="api")}, "closed")
    world = replace(SMALL, pods=(WEB, api, DNS))
    finding = only("one-sided", sending, taking, closed, world=world)
    assert "the policies for payments-prod/app=api, tier=1 do not" in finding.message


def test_an_end_without_policies_agrees() -> None:
    assert sides(egress(ALLOW_DNS, TO_ORDERS), egress(ALLOW_DNS)) == []


@pytest.mark.parametrize(
    ("sent", "taken", "is_whole"),
    [
        ([{"port": 8000}], [{"port": 8000}], True),
        ([{"port": 8000}], [{"port": 8001}], False),
        ([{"port": 8001}], [{"port": 8000}], False),
        ([{"port": 8000}], [{"port": 8000, "protocol": "UDP"}], False),
        ([{"port": 1, "endPort": 9000}], [{"port": 8000}], True),
        ([{"port": "http"}], [{"port": 8080}], False),
        ([], [{"port": 8000}], True),
    ],
)
def test_both_ends_must_agree_on_a_port(sent: Json, taken: Json, is_whole: bool) -> None:
    sending = egress(ALLOW_DNS, {**TO_ORDERS, "ports": sent})  # type: ignore[dict-item]
    receiving = taken_in({**FROM_PAYMENTS, "ports": taken})  # type: ignore[dict-item]
    assert (sides(sending, receiving) == []) is is_whole


def test_both_ends_agree_on_a_port_by_its_name_on_the_receiver() -> None:
    to_web: Json = {"to": [{"podSelector": labels(app="web")}], "ports": [{"port": "http"}]}
    inside: Json = {"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}
    taking = policy({"policyTypes": ["Ingress"], "ingress": [inside]}, "in")
    assert "one-sided" not in names(egress(ALLOW_DNS, to_web), taking)


def test_let_in_for_other_pods_only_is_one_sided() -> None:
    other: Json = {"from": [{"podSelector": {}}]}
    assert sides(egress(ALLOW_DNS, TO_ORDERS), taken_in(other)) == ["payments-prod/allow egress[1]"]


def test_pods_on_the_host_are_no_end_of_a_path() -> None:
    on_host = (replace(WEB, host_network=True), replace(API, host_network=True))
    assert sides(egress(ALLOW_DNS, TO_ORDERS), taken_in(), pods=(*on_host, BASKET, DNS)) == []
    hosted = replace(BASKET, host_network=True)
    assert sides(egress(ALLOW_DNS, TO_ORDERS), taken_in(), pods=(WEB, hosted, DNS)) == []


def test_one_pod_that_agrees_is_enough() -> None:
    open_pod = Pod(ORDERS, "open", {"app": "open"})
    fence = taken_in(podSelector=labels(app="basket"))
    sending = egress(ALLOW_DNS, TO_ORDERS)
    assert sides(sending, fence) != []
    assert sides(sending, fence, pods=(*SMALL.pods, open_pod)) == []


TEST = "payments-test"
TRIAL = Pod(TEST, "trial", {"app": "trial"})
TWO = replace(
    SMALL,
    namespaces={
        PAYMENTS: SMALL.namespaces[PAYMENTS],
        TEST: {METADATA_NAME: TEST, "bulkhead.dev/environment": "test"},
        SYSTEM: SMALL.namespaces[SYSTEM],
    },
    pods=(WEB, API, TRIAL, DNS),
    services=(),
)
FENCES = tuple(
    policy({"policyTypes": ["Ingress"]}, "fence", namespace) for namespace in (PAYMENTS, TEST)
)


def crossing(*policies: Policy, world: World = TWO) -> list[Finding]:
    findings = found(*policies, world=world)
    return [one for one in findings if one.code.name == "mixed-environments"]


def test_environments_without_fences_are_open_to_each_other() -> None:
    inward, outward = sorted(crossing(), key=lambda one: one.message)
    assert "payments-prod (production) can be reached from payments-test (test)" in inward.message
    assert "payments-prod (production) can reach payments-test (test)" in outward.message
    assert inward.severity is Severity.ERROR
    assert "no policy restricts either end" in inward.message
    assert inward.policy is None


def test_fences_keep_environments_apart() -> None:
    assert crossing(*FENCES) == []


def test_a_rule_that_lets_another_environment_in_is_named_with_a_port() -> None:
    rule: Json = {"from": [{"namespaceSelector": space(TEST)}], "ports": [{"port": 8080}]}
    [finding] = crossing(*FENCES, ingress(rule, podSelector=labels(app="web")))
    assert str(finding.rule) == "payments-prod/allow ingress[0]"
    assert finding.message.startswith("payments-prod (production) can be reached from")
    assert "for example on TCP 8080" in finding.message


def test_a_rule_that_lets_out_to_another_environment_is_named_with_a_port() -> None:
    rule: Json = {"to": [{"namespaceSelector": space(TEST)}], "ports": [{"port": 8080}]}
    [finding] = crossing(FENCES[0], egress(ALLOW_DNS, rule))
    assert str(finding.rule) == "payments-prod/allow egress[1]"
    assert finding.field == "spec.egress[1]"
    assert finding.message.startswith("payments-prod (production) can reach payments-test (test), ")
    assert "for example on TCP 8080" in finding.message


@pytest.mark.parametrize(
    ("name", "rule"),
    [(PAYMENTS, "payments-prod/allow ingress[0]"), (TEST, "payments-test/out egress[0]")],
)
def test_of_two_rules_that_make_a_path_the_namespaces_own_is_named(name: str, rule: str) -> None:
    taken: Json = {"from": [{"namespaceSelector": space(TEST)}]}
    sent: Json = {"to": [{"namespaceSelector": space(PAYMENTS)}]}
    out = policy({"policyTypes": ["Egress"], "egress": [sent]}, "out", TEST)
    world = replace(TWO, policies=(*FENCES, ingress(taken), out))
    findings = check_world(world, namespaces={name})
    assert [str(one.rule) for one in findings if one.code.name == "mixed-environments"] == [rule]


def test_a_rule_of_one_end_alone_is_no_path() -> None:
    rule: Json = {"to": [{"namespaceSelector": space(TEST)}]}
    assert crossing(*FENCES, egress(ALLOW_DNS, rule)) == []


def test_namespaces_without_the_label_are_left_out() -> None:
    unlabelled = {**TWO.namespaces, TEST: {METADATA_NAME: TEST}}
    assert crossing(world=replace(TWO, namespaces=unlabelled)) == []


def test_two_environments_that_are_not_production_may_talk() -> None:
    both = {name: {**TWO.namespaces[TEST], METADATA_NAME: name} for name in TWO.namespaces}
    assert crossing(world=replace(TWO, namespaces=both)) == []


def test_what_counts_as_production_is_a_convention() -> None:
    conventions = Conventions(production=frozenset({"test", "production"}))
    assert check_world(TWO, conventions=conventions) == ()


def test_a_namespace_asked_for_is_told_of_its_own_border_either_way() -> None:
    for name in (PAYMENTS, TEST):
        findings = check_world(TWO, namespaces={name})
        assert len(findings) == 2
        assert all(finding.message.startswith(name) for finding in findings)
    assert check_world(TWO, namespaces={SYSTEM}) == ()


@pytest.mark.parametrize("is_fenced", [True, False])
def test_asking_for_each_namespace_finds_what_asking_for_all_does(is_fenced: bool) -> None:
    rule: Json = {"from": [{"namespaceSelector": space(TEST)}], "ports": [{"port": 8080}]}
    opened = ingress(rule, podSelector=labels(app="web"))
    world = replace(TWO, policies=(*FENCES, opened) if is_fenced else (opened,))
    estate = Estate(world)
    apart = {
        finding
        for name in world.namespaces
        for finding in check_world(world, estate=estate, namespaces={name})
        if not finding.message.startswith(TEST)
    }
    assert apart == {*check_world(world, estate=estate)}
    assert apart


def test_an_estate_that_is_given_is_not_worked_out_again() -> None:
    fenced = Estate(replace(TWO, policies=FENCES))
    assert check_world(TWO, estate=fenced) == ()
    assert check_world(TWO) != ()


def test_only_policies_of_the_namespaces_asked_for_are_looked_at() -> None:
    world = replace(SMALL, policies=(ingress({}), taken_in({})))
    assert {str(one.policy) for one in check_world(world, namespaces={ORDERS})} == {
        "orders-prod/in"
    }
    assert check_world(world, namespaces=set()) == ()
    assert len(check_world(world)) == 2


def test_the_worst_findings_come_first_whatever_the_order_of_the_policies() -> None:
    policies = (
        policy({"policyTypes": ["Ingress"], "podSelector": labels(app="nobody")}, "a"),
        policy({"policyTypes": ["Egress"]}, "b"),
        policy({"policyTypes": ["Ingress"], "ingress": [{}]}, "c"),
    )
    findings = found(*policies)
    assert findings == found(*reversed(policies))
    assert [one.severity for one in findings] == sorted(
        (one.severity for one in findings), key=lambda severity: severity.rank
    )
    assert findings[0].severity is Severity.ERROR
