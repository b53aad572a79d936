"""Addresses that a question takes for the outside, and that are the cluster's own.

Used by `asking.py` and the portal's tester. What is asked about an address or a CIDR is asked about
the outside. Where it holds addresses of Services, pods or nodes, no answer about it is certain:
other policies decide there. Every address of a family, `0.0.0.0/0`, means the outside alone.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from onboarding.reachability.addresses import PRIVATE_RANGES
from onboarding.reachability.listing import some_of
from onboarding.reachability.model import Block, Network, World


@dataclass(frozen=True)
class OwnAddresses:
    """Addresses of the cluster, and whose they are in words."""

    network: Network
    words: str


def own_addresses(world: World, asked: Network) -> tuple[OwnAddresses, ...]:
    """Return which addresses of a cluster lie in a network that is asked about."""
    if asked.prefixlen == 0:
        return ()
    return tuple(
        one
        for one in _every(world)
        if one.network.version == asked.version and one.network.overlaps(asked)
    )


def outside_of(world: World, asked: Network) -> Block | None:
    """Return what of a network is outside the cluster; None where all of it is."""
    own = own_addresses(world, asked)
    return Block(asked, tuple(one.network for one in own)) if own else None


def caveat_on(world: World, asked: Network) -> str:
    """Return why an answer about a network is not certain, "" where it is outside the cluster."""
    own = own_addresses(world, asked)
    if not own:
        return ""
    whose = some_of([one.words for one in own])
    return f"{asked} is not, or not only, outside the cluster: {whose}; ask about pods by name"


def _every(world: World) -> Iterator[OwnAddresses]:
    """Yield what is known, the most telling first."""
    for address, name in world.service_addresses.items():
        yield _own(address, f"Service {name} ({address})")
    pods = ((f"pod {pod.namespace}/{pod.name}", pod.addresses) for pod in world.pods)
    nodes = ((f"Node {node.name}", node.addresses) for node in world.nodes)
    ranges = (
        ("the range of Services", world.service_ranges),
        ("the range of pods", world.pod_ranges),
        ("the range of nodes", world.node_ranges),
    )
    for whose, addresses in (*pods, *nodes, *ranges):
        yield from (_own(one, f"{whose} ({one})") for one in addresses)
    if not world.pod_ranges and any(not pod.addresses for pod in world.pods):
        for one in PRIVATE_RANGES:
            yield _own(one, f"pods may be anywhere in {one}, because no range of pods is known")


def _own(written: str, words: str) -> OwnAddresses:
    return OwnAddresses(ipaddress.ip_network(written, strict=False), words)
