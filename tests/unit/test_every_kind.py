"""Every kind of pod, namespace and address that policies can tell apart, and none twice."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.every_kind import kinds_of_labels, worlds_of_every_kind
from onboarding.reachability.model import Policy, Selector, World
from onboarding.reachability.policies import read_policy, read_selector
from onboarding.reachability.selectors import matches
from tests.support.estates import policy

KEYS, VALUES = ("app", "tier", "zone"), ("a", "b", "c")


def selector(**labels: str) -> Selector:
    return read_selector({"matchLabels": dict(labels)}, "")


def reading(**spec: Any) -> Policy:
    return read_policy(policy("own/p", podSelector={}, **spec))


def worlds(**spec: Any) -> list[World]:
    return list(worlds_of_every_kind([reading(**spec)], "own"))


def test_a_pod_without_labels_is_a_kind_of_its_own() -> None:
    assert kinds_of_labels([]) == [{}]


def test_what_has_some_of_the_labels_is_no_other_kind_than_what_has_none() -> None:
    assert kinds_of_labels([selector(app="a", tier="b")]) == [{}, {"app": "a", "tier": "b"}]


def test_each_selector_is_met_alone_and_with_the_others() -> None:
    kinds = kinds_of_labels([selector(app="a"), selector(tier="b")])
    assert kinds == [{}, {"app": "a"}, {"tier": "b"}, {"app": "a", "tier": "b"}]


def test_selectors_that_exclude_each_other_are_met_apart() -> None:
    kinds = kinds_of_labels([selector(app="a"), selector(app="b")])
    assert kinds == [{}, {"app": "a"}, {"app": "b"}]


def test_a_value_that_nobody_names_is_tried() -> None:
    names_key: Json = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}
    kinds = kinds_of_labels([selector(app="other"), read_selector(names_key, "")])
    assert kinds == [{}, {"app": "other"}, {"app": "other-2"}]


@st.composite
def selectors(draw: st.DrawFn) -> Selector:
    expressions: list[Json] = []
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True)):
        operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
        listed: list[Json] = draw(
            st.lists(st.sampled_from(VALUES[:2]), min_size=1, max_size=2, unique=True)
        )
        more: Manifest = {"values": listed} if operator in {"In", "NotIn"} else {}
        expressions.append({"key": key, "operator": operator, **more})
    labels: Manifest = draw(
        st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES[:2]), max_size=2)
    )
    return read_selector({"matchLabels": labels, "matchExpressions": expressions}, "")


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.lists(selectors(), max_size=4))
def test_no_labels_are_of_a_kind_that_is_not_there(given_selectors: list[Selector]) -> None:
    def met(labels: dict[str, str]) -> tuple[bool, ...]:
        return tuple(matches(one, labels) for one in given_selectors)

    kinds = [met(dict(labels)) for labels in kinds_of_labels(given_selectors)]
    assert len({*kinds}) == len(kinds)
    for values in product((None, *VALUES), repeat=len(KEYS)):
        labels = {key: value for key, value in zip(KEYS, values, strict=True) if value}
        assert met(labels) in kinds


def test_there_is_always_a_stranger() -> None:
    [world] = worlds()
    assert [*world.namespaces] == ["own", "elsewhere"]


def test_a_stranger_has_a_name_that_nobody_names() -> None:
    name = {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}
    [world] = worlds(ingress=[{"from": [{"namespaceSelector": name}]}])
    assert [*world.namespaces] == ["elsewhere", "own", "elsewhere-2"]


def test_a_named_namespace_has_each_set_of_labels_in_turn() -> None:
    red = {"matchLabels": {"team": "red"}}
    plain, labelled = worlds(ingress=[{"from": [{"namespaceSelector": red}]}])
    strangers = {"elsewhere": {}, "elsewhere:team=red": {"team": "red"}}
    assert plain.namespaces == {"own": {}, **strangers}
    assert labelled.namespaces == {"own": {"team": "red"}, **strangers}


def test_pods_stand_in_and_out_of_every_block() -> None:
    block = {"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]}
    [world] = worlds(egress=[{"to": [{"ipBlock": block}, {"ipBlock": {"cidr": "192.0.2.0/26"}}]}])
    own = {pod.addresses or world.pod_ranges for pod in world.pods if pod.namespace == "own"}
    assert own == {("0.0.0.1",), ("::1",), ("192.0.2.65",), ("192.0.2.1",)}


def test_without_a_block_an_address_makes_no_kind() -> None:
    [world] = worlds(egress=[{}])
    assert [str(pod.addresses) for pod in world.pods if pod.namespace == "own"] == [
        "()",
        "('::1',)",
    ]


def test_a_named_port_is_any_number_that_rules_tell_apart() -> None:
    [world] = worlds(ingress=[{"ports": [{"port": "http"}, {"port": 80}]}])
    named = {one.number for pod in world.pods for one in pod.ports}
    assert named == {1, 80, 81}
    assert any(not pod.ports for pod in world.pods)
