"""Pods that policies speak of and nobody has started yet."""

import pytest

from onboarding.reachability.assume import ASSUMED, with_assumed_pods
from onboarding.reachability.model import Pod, Policy, World
from onboarding.reachability.policies import read_policy
from tests.support.estates import policy

PAYMENTS = "payments-prod"


def world(*policies: Policy, pods: tuple[Pod, ...] = ()) -> World:
    return World({PAYMENTS: {}, "ingress-nginx": {}}, pods=pods, policies=policies)


def peer(**spec: object) -> Policy:
    return read_policy(policy(f"{PAYMENTS}/p", podSelector={}, ingress=[{"from": [spec]}]))


def assumed(given: World) -> set[tuple[str, tuple[str, ...]]]:
    """The pods that were added: namespace and labels."""
    added = with_assumed_pods(given).pods[len(given.pods) :]
    assert all(pod.kind == ASSUMED and pod.count == 2 for pod in added)
    return {(pod.namespace, tuple(f"{k}={v}" for k, v in pod.labels.items())) for pod in added}


STRAYS = {(PAYMENTS, ()), ("ingress-nginx", ())}


def test_an_empty_namespace_gets_a_pod_without_a_label() -> None:
    assert assumed(world()) == STRAYS


def test_a_namespace_with_pods_gets_none() -> None:
    assert assumed(world(pods=(Pod(PAYMENTS, "web"),))) == {("ingress-nginx", ())}


def test_a_selector_that_finds_no_pod_gets_one_it_would_find() -> None:
    wanted = read_policy(
        policy(f"{PAYMENTS}/p", podSelector={"matchLabels": {"app": "web", "tier": "a"}})
    )
    assert assumed(world(wanted)) == STRAYS | {(PAYMENTS, ("app=web", "tier=a"))}


def test_a_selector_that_finds_a_pod_gets_none() -> None:
    wanted = read_policy(policy(f"{PAYMENTS}/p", podSelector={"matchLabels": {"app": "web"}}))
    running = Pod(PAYMENTS, "web-1", {"app": "web"})
    assert assumed(world(wanted, pods=(running,))) == {("ingress-nginx", ())}


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"podSelector": {"matchLabels": {"app": "ctrl"}}}, PAYMENTS),
        (
            {
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}
                },
                "podSelector": {"matchLabels": {"app": "ctrl"}},
            },
            "ingress-nginx",
        ),
    ],
)
def test_so_does_a_peer_of_one_named_namespace(spec: dict[str, object], where: str) -> None:
    assert assumed(world(peer(**spec))) == STRAYS | {(where, ("app=ctrl",))}


@pytest.mark.parametrize(
    "spec",
    [
        {"ipBlock": {"cidr": "203.0.113.0/24"}},
        {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "ctrl"}}},
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "nowhere"}},
            "podSelector": {"matchLabels": {"app": "ctrl"}},
        },
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}},
    ],
    ids=["addresses", "every namespace", "no such namespace", "no label to take"],
)
def test_nothing_is_made_up_where_place_or_labels_are_open(spec: dict[str, object]) -> None:
    assert assumed(world(peer(**spec))) == STRAYS


def test_asking_twice_adds_nothing() -> None:
    once = with_assumed_pods(world(peer(podSelector={"matchLabels": {"app": "web"}})))
    assert with_assumed_pods(once) is once


def test_only_the_policies_asked_for_are_looked_at() -> None:
    wanted = read_policy(policy(f"{PAYMENTS}/p", podSelector={"matchLabels": {"app": "web"}}))
    found = with_assumed_pods(world(wanted), only={"ingress-nginx"})
    assert {pod.namespace for pod in found.pods if pod.labels} == set()


def test_the_order_of_policies_makes_no_difference() -> None:
    narrow = read_policy(
        policy(f"{PAYMENTS}/a", podSelector={"matchLabels": {"app": "web", "project": "x"}})
    )
    wide = read_policy(policy(f"{PAYMENTS}/b", podSelector={"matchLabels": {"project": "x"}}))
    assert assumed(world(narrow, wide)) == assumed(world(wide, narrow))
    assert {(PAYMENTS, ("project=x",)), (PAYMENTS, ("app=web", "project=x"))} < assumed(
        world(narrow, wide)
    )
