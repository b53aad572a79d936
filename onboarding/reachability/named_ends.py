"""Ends that people name by what they mean: `internet`, and a namespace's pods with some labels.

Used by `members.py` and `asking.py`, so by the command line and the Reachability page alike.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from onboarding.reachability.addresses import PRIVATE_RANGES, Span, spans_of
from onboarding.reachability.assume import assumed_pod
from onboarding.reachability.endpoints import selected_keys
from onboarding.reachability.model import Block, Labels, Pod, World

INTERNET = "internet"
# RFC 6890: this network, loopback, link-local, multicast, reserved. Beside them what is private.
NEVER_PUBLIC = (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
    "::1/128", "fe80::/10", "ff00::/8",
)  # fmt: skip


def labels_in(wanted: str) -> tuple[str, Labels] | None:
    """Return the namespace and the labels of `namespace/key=value,…`, None where it is no such."""
    namespace, slash, written = wanted.partition("/")
    pieces = [piece.partition("=") for piece in written.split(",")]
    if not slash or not all(key and equals for key, equals, _ in pieces):
        return None
    return namespace, {key: value for key, _, value in pieces}


def fitting(
    pods: Iterable[Pod], namespace: str, labels: Labels, keys: frozenset[str]
) -> tuple[Pod, ...]:
    """Return the pods with the labels. A key no policy names decides nothing, and is left out."""
    known = {key: value for key, value in labels.items() if key in keys}
    return tuple(
        pod for pod in pods if pod.namespace == namespace and known.items() <= pod.labels.items()
    )


def with_named_pods(world: World, wanted: Iterable[str]) -> World:
    """Return the world with a pod assumed for each end that names labels and finds none."""
    keys = selected_keys(world.policies)
    added = [
        assumed_pod(*found)
        for found in map(labels_in, wanted)
        if found and found[0] in world.namespaces and not fitting(world.pods, *found, keys)
    ]
    return replace(world, pods=(*world.pods, *added)) if added else world


def not_public(world: World) -> Iterator[Block]:
    """Yield what is no part of the internet, so that the rest has a place of its own."""
    own = (*world.pod_ranges, *world.service_ranges, *world.node_ranges)
    for one in dict.fromkeys((*PRIVATE_RANGES, *NEVER_PUBLIC, *own)):
        yield Block(ipaddress.ip_network(one, strict=False))


def is_public(spans: Iterable[Span], world: World) -> bool:
    """Tell whether addresses, cut where `not_public` cuts, are of the internet."""
    closed = spans_of(tuple(str(block.cidr) for block in not_public(world)))
    return not any(span.overlaps(other) for span in spans for other in closed)
