"""Pods that policies speak of and nobody has started yet.

A new namespace is empty, and its policies still mean something. For every selector that finds no
pod one is assumed that it would find, and every namespace has one pod without a label, so that an
answer can be given before anything runs. Assumed pods say so (`Pod.kind`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace

from onboarding.reachability.model import (
    METADATA_NAME,
    Direction,
    Operator,
    Peer,
    Pod,
    Policy,
    Selector,
    World,
)
from onboarding.reachability.selectors import matches

ASSUMED = "assumed"


def with_assumed_pods(world: World, *, only: Collection[str] | None = None) -> World:
    """Return the world with assumed pods added; `only` names whose policies are looked at."""
    there: dict[str, list[Pod]] = defaultdict(list)
    for pod in world.pods:
        there[pod.namespace].append(pod)
    added = []
    for namespace, selector in _wanted(world, only):
        if not any(matches(selector, pod.labels) for pod in there[namespace]):
            pod = _assumed(namespace, selector)
            there[namespace].append(pod)
            added.append(pod)
    return replace(world, pods=(*world.pods, *added)) if added else world


def _wanted(world: World, only: Collection[str] | None) -> Iterator[tuple[str, Selector]]:
    """Yield (namespace, selector) for which a pod shall exist."""
    for policy in world.policies:
        if only is None or policy.ref.namespace in only:
            yield from _spoken_of(policy, world)
    for namespace in world.namespaces:
        yield namespace, _without_labels(namespace, world)


def _spoken_of(policy: Policy, world: World) -> Iterator[tuple[str, Selector]]:
    if _is_plain(policy.pods):
        yield policy.ref.namespace, policy.pods
    for direction in Direction:
        for rule in policy.rules(direction):
            for peer in rule.peers:
                namespace = _namespace_of(peer, policy)
                if namespace in world.namespaces and peer.pods and _is_plain(peer.pods):
                    yield namespace, peer.pods


def _namespace_of(peer: Peer, policy: Policy) -> str:
    """Return the one namespace a peer is pinned to, or "" where it is an address or unpinned."""
    if peer.block:
        return ""
    if peer.namespaces is None:
        return policy.ref.namespace
    return dict(peer.namespaces.labels).get(METADATA_NAME, "")


def _is_plain(selector: Selector) -> bool:
    """Tell whether a pod can be made up from the labels alone."""
    return not selector.is_empty and all(
        requirement.operator in {Operator.NOT_IN, Operator.DOES_NOT_EXIST}
        for requirement in selector.expressions
    )


def _without_labels(namespace: str, world: World) -> Selector:
    return Selector()


def _assumed(namespace: str, selector: Selector) -> Pod:
    labels = dict(selector.labels)
    name = ",".join(f"{key}={value}" for key, value in selector.labels) or "any other pod"
    return Pod(namespace, name, labels, kind=ASSUMED, count=2)
