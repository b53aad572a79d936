"""What an opening opens beyond its reach bound is found, and told by the smallest example."""

from collections.abc import Callable
from typing import Any

import pytest

from onboarding.domain.objects import Json, Manifest
from onboarding.queries.reach_proof import prove
from onboarding.reachability.bounds import BadBound, read_bound, smallest_escape
from onboarding.reachability.policies import BadPolicy, read_policy
from tests.support.estates import policy
from tests.support.openings import NAMESPACE, VALUES, changed, fence

Change = Callable[[Any], object]
WEB = "payments/app=web,project=pay"
MEMBERS = "payments/project=pay"
NGINX = "ingress-nginx/app=nginx"
PUBLIC = "0.0.0.0-9.255.255.255"
RED: Json = {"matchLabels": {"team": "red"}}
NOT_DB: Json = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}


def escape(slug: str, change: Change) -> str | None:
    found = prove(changed(slug, change), VALUES[slug], fence=fence())
    return str(found) if found else None


def rule(body: Any) -> Any:
    spec = body["spec"]
    return spec[spec["policyTypes"][0].lower()][0]


def peer(body: Any) -> Any:
    return (rule(body).get("from") or rule(body)["to"])[0]


def named(body: Any, **metadata: str) -> None:
    body["metadata"].update(metadata)


def test_as_shipped_nothing_escapes() -> None:
    assert [escape(slug, lambda _body: None) for slug in VALUES] == [None, None, None]


@pytest.mark.parametrize(
    ("change", "example"),
    [
        (lambda b: peer(b).pop("podSelector"), "ingress-nginx/any other pod"),
        (lambda b: peer(b).pop("namespaceSelector"), "payments/app=nginx"),
        (lambda b: peer(b).update(namespaceSelector={}), "elsewhere/app=nginx"),
        (lambda b: peer(b).update(namespaceSelector=RED), "elsewhere:team=red/app=nginx"),
        (lambda b: peer(b).update(podSelector=NOT_DB), "ingress-nginx/any other pod"),
        (lambda b: rule(b).pop("from"), "0.0.0.0/0"),
        (lambda b: rule(b).update({"from": []}), "0.0.0.0/0"),
    ],
    ids=["all its pods", "own", "any namespace", "by label", "not one", "no peers", "empty list"],
)
def test_a_wider_peer_escapes(change: Change, example: str) -> None:
    assert escape("allow-ingress", change) == f"{example} to {WEB} on TCP 8080"


@pytest.mark.parametrize(
    ("change", "example"),
    [
        (lambda b: rule(b).pop("ports"), f"{WEB} on TCP 1"),
        (lambda b: rule(b).update(ports=[{"port": 8080, "endPort": 8081}]), f"{WEB} on TCP 8081"),
        (lambda b: rule(b)["ports"].append({"protocol": "UDP"}), f"{WEB} on UDP 1"),
        (
            lambda b: rule(b).update(ports=[{"port": "http"}]),
            f"{WEB} with http as TCP 1 on TCP 1",
        ),
    ],
    ids=["none", "range", "protocol", "name"],
)
def test_a_port_that_is_not_the_bounds_escapes(change: Change, example: str) -> None:
    def wider(body: Any) -> None:
        rule(body)["ports"] = [{"protocol": "TCP", "port": 8080}]
        change(body)

    assert escape("allow-ingress", wider) == f"{NGINX} to {example}"


@pytest.mark.parametrize(
    ("change", "example"),
    [
        (lambda b: b["spec"].pop("podSelector"), "payments/any other pod"),
        (lambda b: b["spec"]["podSelector"]["matchLabels"].pop("project"), "payments/app=web"),
        (lambda b: b["spec"].update(podSelector=NOT_DB), "payments/any other pod"),
    ],
    ids=["all", "one label less", "all but some"],
)
def test_a_wrong_selector_escapes(change: Change, example: str) -> None:
    assert escape("allow-ingress", change) == f"{NGINX} to {example} on TCP 8080"


def test_what_is_opened_in_another_namespace_escapes() -> None:
    elsewhere = f"{NGINX} to victim/app=web,project=pay on TCP 8080"
    assert escape("allow-ingress", lambda b: named(b, namespace="victim")) == elsewhere
    from_elsewhere = f"victim/project=pay to {PUBLIC} on TCP 443"
    assert escape("egress-internet", lambda b: named(b, namespace="victim")) == from_elsewhere


@pytest.mark.parametrize(
    ("change", "example"),
    [
        (lambda b: peer(b)["ipBlock"].pop("except"), "10.0.0.0/8"),
        (lambda b: peer(b)["ipBlock"].update({"except": ["10.0.0.0/9"]}), "10.128.0.0/9"),
        (lambda b: peer(b).update(ipBlock={"cidr": "::/0"}), "::/0"),
        (lambda b: rule(b)["to"].append({"podSelector": {}}), "payments/any other pod"),
        (lambda b: rule(b)["to"].append({"namespaceSelector": {}}), "elsewhere/any other pod"),
    ],
    ids=["no exception", "smaller exception", "IPv6", "own pods", "all pods"],
)
def test_a_wider_block_escapes(change: Change, example: str) -> None:
    assert escape("egress-internet", change) == f"{MEMBERS} to {example} on TCP 443"


def test_pods_escape_a_bound_of_addresses_for_plugins_whose_blocks_hold_no_pods() -> None:
    """By the letter a pod with a public address is in the block; a plugin may see it otherwise."""
    block: Manifest = {
        "from": [{"own": {}}],
        "to": [{"addresses": "0.0.0.0/0"}, {"addresses": "::/0"}],
    }
    bound = read_bound({**block, "ports": "any"}, NAMESPACE)
    closed, opened = allowed(egress=[{"to": [{"namespaceSelector": {}}]}])
    found = smallest_escape([closed], [opened], bound)
    assert str(found) == "payments/any other pod to elsewhere/any other pod on TCP 1"


def test_a_name_of_the_fence_takes_the_fence_away() -> None:
    """Its types isolate one direction; nothing isolates the other any more."""
    to_all = "payments/any other pod to 0.0.0.0/0 on TCP 1"
    from_all = f"{PUBLIC} to payments/any other pod on TCP 1"

    def ingress_only(body: Any) -> None:
        named(body, name="deny-all")
        body["spec"].update(ingress=[], podSelector={})

    assert escape("allow-ingress", ingress_only) == to_all
    assert escape("egress-internet", lambda b: named(b, name="deny-all")) == from_all


def test_a_name_of_the_fence_of_another_namespace_takes_that_away() -> None:
    def of_victim(body: Any) -> None:
        named(body, name="deny-all", namespace="victim")

    from_all = "0.0.0.0/0 to victim/any other pod on TCP 1"
    assert escape("allow-ingress", of_victim) == from_all


def test_where_no_fence_is_known_every_other_namespace_is_closed_all_the_same() -> None:
    bound = read_bound({"from": [{"own": {}}], "to": ["anything"], "ports": "any"}, NAMESPACE)
    everybody = read_policy(policy("victim/in", podSelector={}, ingress=[{}]))
    found = smallest_escape([], [everybody], bound)
    assert str(found) == "0.0.0.0/0 to victim/any other pod on TCP 1"


def test_types_without_a_direction_make_its_rules_inert() -> None:
    assert escape("allow-ingress", lambda b: b["spec"].update(policyTypes=["Egress"])) is None
    assert escape("egress-open", lambda b: b["spec"].update(ingress=[{}])) is None


@pytest.mark.parametrize(
    ("slug", "extra", "example"),
    [
        ("allow-ingress", {"egress": [{}]}, f"{WEB} to 0.0.0.0/0 on TCP 1"),
        ("egress-open", {"ingress": [{}]}, f"0.0.0.0/0 to {MEMBERS} on TCP 1"),
        ("egress-internet", {"ingress": [{}]}, f"{PUBLIC} to {MEMBERS} on TCP 1"),
    ],
    ids=["out", "in", "in from where it goes out"],
)
def test_a_rule_of_the_other_direction_escapes(slug: str, extra: Any, example: str) -> None:
    both = {"policyTypes": ["Ingress", "Egress"]}
    assert escape(slug, lambda b: b["spec"].update(extra | both)) == example


def test_an_extra_rule_escapes() -> None:
    to_web = f"0.0.0.0/0 to {WEB} on TCP 1"
    assert escape("allow-ingress", lambda b: b["spec"]["ingress"].append({})) == to_web
    plain_http = {"ports": [{"port": 80}]}
    to_80 = f"{MEMBERS} to {PUBLIC} on TCP 80"
    assert escape("egress-internet", lambda b: b["spec"]["egress"].append(plain_http)) == to_80


def test_what_is_allowed_already_is_not_new() -> None:
    closed, opened = allowed(egress=[{}])
    bound = read_bound({"from": [{"own": {}}], "to": [{"own": {}}], "ports": "any"}, NAMESPACE)
    assert smallest_escape([closed, opened], [opened], bound) is None


def allowed(**spec: Any) -> tuple[Any, Any]:
    types = ["Ingress", "Egress"]
    closed = policy(f"{NAMESPACE}/deny-all", podSelector={}, policyTypes=types)
    opened = policy(f"{NAMESPACE}/opened", podSelector={}, policyTypes=["Egress"], **spec)
    return read_policy(closed), read_policy(opened)


@pytest.mark.parametrize(
    "tree",
    [
        {"from": [{"own": {}}], "to": [{"addresses": []}], "ports": "any"},
        {"from": [{"own": {}}], "to": [], "ports": "any"},
        {"from": [{"own": {}}], "to": ["anything"], "ports": []},
        {"from": ["anything"], "to": [{"own": {}}], "ports": []},
    ],
    ids=["no addresses", "no ends", "no ports", "no ports in"],
)
def test_an_empty_list_in_a_bound_lets_nothing_pass(tree: Any) -> None:
    bound = read_bound(tree, NAMESPACE)
    closed, opened = allowed(egress=[{"ports": [{"port": 80}]}])
    found = smallest_escape([closed], [opened], bound)
    assert str(found) == "payments/any other pod to 0.0.0.0/0 on TCP 80"


PAIR: Manifest = {"from": [{"own": {}}], "to": [{"namespace": "orders", "pods": {"app": "api"}}]}
API = {"matchLabels": {"app": "api"}}
ORDERS = {"matchLabels": {"kubernetes.io/metadata.name": "orders"}}


def test_a_pair_of_openings_lies_inside_one_bound() -> None:
    ports: Json = [{"protocol": "TCP", "low": 80, "high": 80}]
    bound = read_bound({**PAIR, "ports": ports}, NAMESPACE)
    closed, out = allowed(
        egress=[
            {"to": [{"namespaceSelector": ORDERS, "podSelector": API}], "ports": [{"port": 80}]}
        ]
    )
    ours = {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}
    into = [{"from": [{"namespaceSelector": ours}], "ports": [{"port": 80}]}]
    inward = read_policy(policy("orders/in", podSelector=API, ingress=into))
    assert smallest_escape([closed], [out, inward], bound) is None
    wider = read_policy(policy("orders/in", podSelector={}, ingress=into))
    found = smallest_escape([closed], [out, wider], bound)
    assert str(found) == "payments/any other pod to orders/any other pod on TCP 80"


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"from": ["anything"], "to": ["anything"]}, "the opening's own namespace"),
        ({"from": []}, "the opening's own namespace"),
        ({"to": [{"namespace": "orders"}]}, "is not an end of a bound"),
        ({"to": [{"own": {}, "namespace": "x"}]}, "is not an end of a bound"),
        ({"to": [{"namespace": "x", "pods": {}, "except": []}]}, "is not an end of a bound"),
        ({"to": [{"addresses": ["10.0.0.0/8"], "except": []}]}, "is not an end of a bound"),
        ({"to": [{"addresses": "10.0.0.0/8", "pods": {}}]}, "is not an end of a bound"),
        ({"to": [{"own": "web"}]}, "is not a mapping of labels"),
    ],
)
def test_what_says_no_bound_is_refused(change: Any, refused: str) -> None:
    with pytest.raises(BadBound, match=refused):
        read_bound({**PAIR, "ports": "any", **change}, NAMESPACE)


@pytest.mark.parametrize(
    "change",
    [
        {"ports": [{"protocol": "TCP", "low": 80, "high": 70}]},
        {"ports": [{"protocol": "TCP", "low": 80}]},
        {"to": [{"addresses": "10.0.0.0"}]},
        {"to": [{"addresses": "10.0.0.0/8", "except": ["192.0.2.0/24"]}]},
        {"to": [{"own": {"matchLabels": "web", "-": ""}}]},
    ],
)
def test_a_bound_is_read_as_strictly_as_a_policy(change: Any) -> None:
    with pytest.raises(BadPolicy):
        read_bound({**PAIR, "ports": "any", **change}, NAMESPACE)
