"""Sentences: what a set of policies allows, in words. The truth cases of the corrected baseline."""

from typing import Any

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.domain.objects import Manifest
from onboarding.domain.spec import Scope
from onboarding.reachability.sentences import sentences
from tests.support.requests import plan_of

MEMBERS = "Pods labelled project=payments may reach each other on every port."
DNS = "Every pod may reach pods labelled k8s-app=kube-dns in kube-system on UDP 53 and TCP 53."
EXPOSED = (
    "Pods labelled app.kubernetes.io/name=ingress-nginx in ingress-nginx may reach pods labelled "
    "app=web, project=payments on TCP 8080."
)
CLOSED = "Nothing else gets in or out."


def policy(spec: dict[str, Any], name: str = "x") -> Manifest:
    metadata: Manifest = {"name": name, "namespace": "payments-prod"}
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


DENY_ALL = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, "deny-all")


def allow(**spec: Any) -> tuple[str, ...]:
    """What one more policy says beside deny-all."""
    return sentences([DENY_ALL, policy({"podSelector": {}, **spec})])


def said(**differing: object) -> tuple[str, ...]:
    return sentences(plan_of(**differing).manifests())


def test_deny_all_alone_lets_nothing_through() -> None:
    assert sentences([DENY_ALL]) == ("Nothing gets in or out.",)


def test_no_policy_is_no_sentence() -> None:
    assert sentences([]) == ()
    assert sentences([{"kind": "Namespace", "metadata": {"name": "x"}}]) == ()


def test_the_baseline_opens_the_project_and_name_resolution() -> None:
    assert said(openings=()) == (MEMBERS, DNS, CLOSED)


def test_the_scope_of_the_namespace_opens_it_to_every_pod_in_it() -> None:
    assert said(openings=(), scope=Scope.NAMESPACE) == (
        "Every pod may reach each other on every port.",
        DNS,
        CLOSED,
    )


def test_an_exposure_names_the_controller_the_component_and_the_port() -> None:
    assert said() == (MEMBERS, DNS, EXPOSED, CLOSED)
    two = said(openings=(exposed("ingress-nginx", "web", (8080, 8443)),))
    assert two[2].endswith("app=web, project=payments on TCP 8080 and TCP 8443.")


def test_the_internet_is_public_addresses_over_https_for_members_only() -> None:
    assert said(openings=(WEB, INTERNET)) == (
        MEMBERS,
        DNS,
        EXPOSED,
        "Pods labelled project=payments may reach any public address on TCP 443.",
        CLOSED,
    )


def test_open_egress_is_any_address_on_every_port() -> None:
    sentence = "Pods labelled project=payments may reach any address on every port."
    assert sentence in said(openings=(WEB, ANYTHING))


def test_the_order_of_policies_says_nothing() -> None:
    manifests = plan_of(openings=(WEB, INTERNET)).manifests()
    assert set(sentences(manifests)) == set(sentences(reversed(manifests)))


def test_without_deny_all_it_says_that_something_is_open() -> None:
    one_way = policy({"podSelector": {}, "policyTypes": ["Ingress"]})
    assert sentences([one_way]) == ("Pods that no policy selects let everything out.",)
    some = policy({"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress"]})
    assert sentences([some]) == ("Pods that no policy selects let everything in or out.",)


def test_a_second_policy_without_egress_does_not_lift_the_first_ones_isolation() -> None:
    assert allow(policyTypes=["Ingress"], ingress=[])[-1] == "Nothing gets in or out."


def test_policy_types_that_are_left_out_follow_the_rules_given() -> None:
    assert "any address" in allow(egress=[{}])[0]
    implied = policy({"podSelector": {}, "ingress": []})
    assert sentences([implied]) == ("Pods that no policy selects let everything out.",)


def test_rules_of_a_direction_that_is_not_isolated_are_inert() -> None:
    assert allow(policyTypes=["Ingress"], egress=[{}]) == ("Nothing gets in or out.",)


def test_an_ingress_half_that_stands_alone_is_said_to() -> None:
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
    assert allow(policyTypes=["Ingress"], ingress=[rule])[0] == (
        "Every pod may be reached by pods labelled app=web on every port, if those may send."
    )


def test_an_empty_rule_allows_anybody() -> None:
    assert allow(policyTypes=["Ingress"], ingress=[{}])[0] == (
        "Anybody may reach every pod on every port."
    )


def test_an_empty_namespace_selector_is_every_namespace() -> None:
    rule = {"from": [{"namespaceSelector": {}}]}
    assert allow(policyTypes=["Ingress"], ingress=[rule])[0] == (
        "Every pod in every namespace may reach every pod on every port."
    )


def test_both_selectors_in_one_item_are_one_peer_and_two_items_are_two() -> None:
    spaces = {"namespaceSelector": {"matchLabels": {"team": "search"}}}
    pods = {"podSelector": {"matchLabels": {"app": "web"}}}
    both = allow(policyTypes=["Ingress"], ingress=[{"from": [{**spaces, **pods}]}])
    assert both[0].startswith("Pods labelled app=web in namespaces labelled team=search may")
    either = allow(policyTypes=["Ingress"], ingress=[{"from": [spaces, pods]}])
    assert {one.split(" may ")[0] for one in either[:-1]} == {
        "Every pod",
        "Every pod in namespaces labelled team=search",
    }


def test_ports_are_told_with_their_protocol_and_range() -> None:
    ports = [{"port": 80}, {"protocol": "UDP"}, {"port": 8000, "endPort": 9000}, {"port": "http"}]
    assert allow(policyTypes=["Egress"], egress=[{"ports": ports}])[0] == (
        "Every pod may reach any address on TCP 80 and UDP on every port and TCP 8000 to 9000 "
        "and TCP http."
    )


def test_an_address_range_is_told_as_it_is() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}
    assert allow(policyTypes=["Egress"], egress=[rule])[0] == (
        "Every pod may reach addresses in 192.0.2.0/24 on every port."
    )
    whole = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    assert "addresses in 0.0.0.0/0" in allow(policyTypes=["Egress"], egress=[whole])[0]


def test_expressions_of_a_selector_are_told() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    rule = {"from": [{"podSelector": {"matchExpressions": expressions}}]}
    assert (
        "pods labelled tier In (a, b), old DoesNotExist on"
        in (allow(policyTypes=["Ingress"], ingress=[rule])[0])
    )


def test_public_is_only_said_when_every_private_range_is_cut_out() -> None:
    def said(*cut: str) -> str:
        peer: Manifest = {"ipBlock": {"cidr": "0.0.0.0/0", "except": [*cut]}}
        policy: Manifest = {
            "kind": "NetworkPolicy",
            "metadata": {"name": "egress", "namespace": "payments-prod"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [peer]}]},
        }
        return sentences([policy])[0]

    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
    assert said(*private) == "Every pod may reach any public address on every port."
    assert "addresses in 0.0.0.0/0 except 10.0.0.0/8" in said("10.0.0.0/8")
