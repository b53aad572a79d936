"""Drift: what counts as different between a live object and the planned one."""

from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.demo.openings import ANYTHING, INTERNET, WEB, exposed
from onboarding.domain.objects import Key, Manifest, copied
from onboarding.plan.compare import differences
from tests.support.requests import plan_of, planned

FULL = [
    *plan_of(openings=(WEB, INTERNET)).objects,
    *[one for one in plan_of(openings=(WEB, ANYTHING)).objects if one.key.name == "egress-open"],
]
IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
Path = tuple[str | int, ...]


def policy(spec: dict[str, Any]) -> Manifest:
    metadata: Manifest = {"name": "x", "namespace": "payments"}
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def paths(found: tuple[Any, ...]) -> list[str]:
    return [str(one) for one in found]


def test_a_missing_list_equals_an_empty_one() -> None:
    wanted = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [], "egress": []}
    stored = {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert differences(policy(wanted), policy(stored)) == ()


def test_a_missing_pod_selector_of_a_policy_selects_every_pod_like_an_empty_one() -> None:
    wanted = {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert differences(policy(wanted), policy({"policyTypes": ["Ingress"]})) == ()


def test_an_empty_namespace_selector_is_not_a_missing_one() -> None:
    own: dict[str, Any] = {"ingress": [{"from": [{"podSelector": {}}]}]}
    every: dict[str, Any] = {"ingress": [{"from": [{"podSelector": {}, "namespaceSelector": {}}]}]}
    assert paths(differences(policy(own), policy(every))) == ["spec.ingress"]
    assert paths(differences(policy(every), policy(own))) == ["spec.ingress"]


def test_an_empty_peer_pod_selector_is_not_a_missing_one() -> None:
    some: dict[str, Any] = {"ingress": [{"from": [{"namespaceSelector": {}}]}]}
    both: dict[str, Any] = {"ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {}}]}]}
    assert differences(policy(some), policy(both))


def test_a_rule_that_allows_everything_out_of_deny_all_is_found() -> None:
    wanted = planned(plan_of(), "NetworkPolicy", "deny-all")
    live = copied(wanted)
    live["spec"]["egress"] = [{}]  # type: ignore[index,call-overload]
    [found] = differences(wanted, live)
    assert (str(found), found.wanted, found.live) == ("spec.egress", None, [{}])


def test_a_missing_protocol_is_tcp_and_not_udp() -> None:
    def one(**port: Any) -> Manifest:
        return policy({"egress": [{"ports": [port]}]})

    assert differences(one(port=443), one(port=443, protocol="TCP")) == ()
    assert differences(one(port=443), one(port=443, protocol="UDP"))
    assert differences(one(port=443), one(port=443, protocol="TCP", endPort=65535))
    assert differences(one(port=443), one(port="443", protocol="TCP"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1000m"), ("4Gi", "4096Mi"), ("1k", "1000"), ("0.5", "500m"), ("0", "0Gi")],
)
def test_quantities_of_one_amount_are_equal_however_spelled(one: str, other: str) -> None:
    def quota(amount: str) -> Manifest:
        return {"kind": "ResourceQuota", "spec": {"hard": {"cpu": amount}}}

    assert differences(quota(one), quota(other)) == ()
    assert differences(quota(one), quota(f"1{other}"))


def test_ports_and_labels_are_not_read_as_quantities() -> None:
    def one(value: str) -> Manifest:
        return policy({"podSelector": {"matchLabels": {"app": value}}})

    assert differences(one("1"), one("1000m"))


@pytest.mark.parametrize(
    "label", ["bulkhead.dev/owner", "pod-security.kubernetes.io/enforce-version", "ns-id"]
)
def test_an_extra_reserved_label_is_found(label: str) -> None:
    wanted: Manifest = {"kind": "Namespace", "metadata": {"name": "x", "labels": {"a": "b"}}}
    live: Manifest = {
        "kind": "Namespace",
        "metadata": {"name": "x", "labels": {"a": "b", label: "x"}},
    }
    [found] = differences(wanted, live)
    assert (found.path, found.wanted, found.live) == (("metadata", "labels", label), None, "x")


def test_labels_and_annotations_of_others_are_their_business() -> None:
    wanted = planned(plan_of(), "Namespace", "payments-prod")
    live = copied(wanted)
    live["metadata"]["labels"]["kubernetes.io/metadata.name"] = "x"  # type: ignore[index,call-overload]
    live["metadata"]["annotations"]["example.com/contact"] = "x"  # type: ignore[index,call-overload]
    live["metadata"]["uid"] = "1"  # type: ignore[index,call-overload]
    live["spec"] = {"finalizers": ["kubernetes"]}
    live["status"] = {"phase": "Active"}
    assert differences(wanted, live) == ()


def test_a_missing_object_is_one_difference() -> None:
    [found] = differences(planned(plan_of(), "NetworkPolicy", "deny-all"), None)
    assert (found.path, found.live) == ((), None)


@pytest.mark.parametrize("one", FULL, ids=lambda one: str(one.key))
def test_an_object_equals_itself(one: Any) -> None:
    assert differences(one.manifest, copied(one.manifest)) == ()


def _places(node: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a tree, innermost and all around it."""
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for step, value in children:
        if isinstance(value, dict | list):
            yield from _places(value, (*path, step))
        else:
            yield (*path, step)


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def _another(value: Any) -> Any:
    """A value of the same type that means something else."""
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {**value, "matchLabels": {**value.get("matchLabels", {}), "added": "x"}}
    return [*value, {}]


def _means_the_same_missing(path: Path, value: Any) -> bool:
    return value == [] or (path == ("spec", "podSelector") and value == {}) or value == "TCP"


MUTATIONS = [
    (one.key, path, how)
    for one in FULL
    for path in _places(one.manifest)
    if path not in IDENTITY and path != ("metadata",)
    for how in ("changed", "removed")
    if not (path[0] == "metadata" and path[-1] in ("labels", "annotations") and how == "changed")
]


@pytest.mark.parametrize(("key", "path", "how"), MUTATIONS)
def test_any_field_of_any_object_that_moves_is_found(key: Key, path: Path, how: str) -> None:
    [wanted] = [one.manifest for one in FULL if one.key == key]
    live = copied(wanted)
    parent, value = _at(live, path[:-1]), _at(live, path)
    if how == "changed":
        parent[path[-1]] = _another(value)
    elif _means_the_same_missing(path, value):
        del parent[path[-1]]
        assert differences(wanted, live) == ()
        return
    else:
        del parent[path[-1]]
    assert differences(wanted, live), f"{key} {path} {how}"


def test_the_mutations_cover_every_object_of_a_full_plan() -> None:
    assert len({key for key, _, _ in MUTATIONS}) == len(FULL)
    assert len(MUTATIONS) > 300


@pytest.mark.parametrize("ports", [(8080, 8443), (8081,)])
def test_another_set_of_ports_is_found(ports: tuple[int, ...]) -> None:
    plan = plan_of(openings=(exposed("ingress-nginx", "web", ports),))
    name = "allow-ingress-ingress-nginx"
    found = differences(
        planned(plan_of(), "NetworkPolicy", name), planned(plan, "NetworkPolicy", name)
    )
    assert paths(found) == ["spec.ingress"]


def test_the_portals_identity_on_a_namespace_is_no_difference_either_way() -> None:
    plain: Manifest = {"kind": "Namespace", "metadata": {"name": "x"}}
    signed: Manifest = {
        "kind": "Namespace",
        "metadata": {"name": "x", "annotations": {"bulkhead.dev/portal": "K7M2Q9"}},
    }
    assert differences(plain, signed) == differences(signed, plain) == ()


@pytest.mark.parametrize(
    ("kind", "part", "name"),
    [("Namespace", "labels", "bulkhead.dev/portal"),
     ("NetworkPolicy", "annotations", "bulkhead.dev/portal"),
     ("Namespace", "annotations", "bulkhead.dev/portals")],
)  # fmt: skip
def test_any_other_mark_of_that_sort_is_a_difference(kind: str, part: str, name: str) -> None:
    live: Manifest = {"kind": kind, "metadata": {"name": "x", part: {name: "K7M2Q9"}}}
    assert paths(differences({"kind": kind, "metadata": {"name": "x"}}, live))
