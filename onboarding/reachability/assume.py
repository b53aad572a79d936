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
    Labels,
    Peer,
    Pod,
    Policy,
    Selector,
    World,
)
from onboarding.reachability.selectors import matches

ASSUMED = "assumed"
NO_LABEL = "any other pod"


def with_assumed_pods(world: World, *, only: Collection[str] | None = None) -> World:
    """Return the world with assumed pods added; `only` names whose policies are looked at.

    The same pods whatever the order of policies: one assumed for a selector does for no other.
    """
    real: dict[str, list[Pod]] = defaultdict(list)
    assumed: dict[str, list[Labels]] = defaultdict(list)
    for pod in world.pods:
        if pod.kind == ASSUMED:
            assumed[pod.namespace].append(pod.labels)
        else:
            real[pod.namespace].append(pod)
    added = []
    for namespace, selector in _wanted(world, only):
        labels = dict(selector.labels)
        is_there = any(matches(selector, pod.labels) for pod in real[namespace])
        if not is_there and labels not in assumed[namespace]:
            assumed[namespace].append(labels)
            added.append(assumed_pod(namespace, labels))
    return replace(world, pods=(*world.pods, *added)) if added else world


def _wanted(world: World, only: Collection[str] | None) -> Iterator[tuple[str, Selector]]:
    """Yield (namespace, selector) for which there shall be a pod."""
    for namespace in world.namespaces:
        yield namespace, Selector()
    for policy in world.policies:
        if only is None or policy.ref.namespace in only:
            yield from _spoken_of(policy, world)


def assumed_pod(namespace: str, labels: Labels) -> Pod:
    """Return a pod with these labels that nobody has seen; two of it, so that it has a sibling."""
    name = ",".join(f"{key}={value}" for key, value in labels.items()) or NO_LABEL
    return Pod(namespace, name, dict(labels), kind=ASSUMED, count=2)


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
    """Tell whether a pod with the selector's labels, and no other, is one it selects."""
    return bool(selector.labels) and matches(selector, dict(selector.labels))
