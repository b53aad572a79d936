"""The endpoints of a world: pods no rule can tell apart, nodes, and ranges of outside addresses.

Pods are grouped by what policies can see of them, and nothing else: namespace, the labels some
selector asks for, the named ports some rule names, the blocks that hold their address. Endpoint i
is bit i of every set. Two worlds that are compared are laid out together, so bits mean the same.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from onboarding.reachability.addresses import (
    PRIVATE_RANGES,
    Span,
    cut_outside,
    is_any_inside,
    spans_in,
    spans_of,
)
from onboarding.reachability.model import (
    Block,
    Direction,
    Labels,
    NamedPort,
    Pod,
    Policy,
    Rule,
    Selector,
    World,
)


class EndpointKind(StrEnum):
    """What can send or receive."""

    PODS = "pods"
    NODE = "node"
    ADDRESSES = "addresses"


@dataclass(frozen=True)
class Endpoint:
    """One class of senders and receivers.

    PODS have `pods`, of which every label in `labels` is common; a NODE has a `name`; ADDRESSES
    have `spans`. `node` is known for pods only where nodes matter.
    """

    kind: EndpointKind
    namespace: str = ""
    labels: Labels = field(default_factory=dict, hash=False)
    ports: tuple[NamedPort, ...] = ()
    host_network: bool = False
    pods: tuple[Pod, ...] = ()
    name: str = ""
    spans: tuple[Span, ...] = ()
    node: str = ""

    @property
    def ranges(self) -> tuple[str, ...]:
        """Return the addresses as CIDRs, or `first-last` where a span is none."""
        return tuple(str(span) for span in self.spans)

    @property
    def count(self) -> int:
        """Return how many pods it stands for; 1 for everything else."""
        return sum(pod.count for pod in self.pods) or 1


@dataclass(frozen=True)
class Layout:
    """The endpoints, in order, and which of them each block may hold, as bits."""

    endpoints: tuple[Endpoint, ...]
    namespaces: dict[str, int]
    blocks: dict[Block, int]


def lay_out(worlds: Sequence[World], boundaries: Sequence[Block] = ()) -> Layout:
    """Return the layout of worlds that differ in policies and namespaces, not in pods.

    The pods, nodes and ranges are those of the last world. `boundaries` cut the outside further,
    for answers that want a place of their own for some addresses.
    """
    world = worlds[-1]
    policies = [policy for one in worlds for policy in one.policies]
    blocks = tuple(dict.fromkeys((*_blocks(policies), *boundaries)))
    endpoints = (
        *_pod_endpoints(world, policies, blocks),
        *(Endpoint(EndpointKind.NODE, name=node.name, node=node.name) for node in world.nodes),
    )
    outside = cut_outside(blocks)
    holders = [_holding(endpoint, world, blocks) for endpoint in endpoints] + [*outside]
    every = (*endpoints, *(Endpoint(EndpointKind.ADDRESSES, spans=s) for s in outside.values()))
    return Layout(
        endpoints=every,
        namespaces=_by_namespace(every),
        blocks={
            block: sum(1 << place for place, held in enumerate(holders) if held >> number & 1)
            for number, block in enumerate(blocks)
        },
    )


def _pod_endpoints(
    world: World, policies: Sequence[Policy], blocks: tuple[Block, ...]
) -> Iterator[Endpoint]:
    keys = {key for selector in _pod_selectors(policies) for key in _keys(selector)}
    names = {match.name for rule in _rules(policies) for match in rule.ports if match.name}
    nodes_matter = bool(world.nodes) or any(pod.host_network for pod in world.pods)
    held: dict[tuple[Span, ...], int] = {}
    groups: dict[Hashable, list[Pod]] = defaultdict(list)
    for pod in sorted(world.pods, key=lambda pod: (pod.namespace, pod.name)):
        place = _whereabouts(pod, world)
        if place not in held:
            held[place] = _holders(place, blocks)
        seen = (
            pod.namespace,
            frozenset((key, pod.labels[key]) for key in keys if key in pod.labels),
            frozenset(port for port in pod.ports if port.name in names),
            pod.host_network,
            held[place],
            pod.node if nodes_matter else "",
        )
        groups[seen].append(pod)
    for pods in groups.values():
        yield _endpoint(pods, names, nodes_matter=nodes_matter)


def _endpoint(pods: list[Pod], names: set[str], *, nodes_matter: bool) -> Endpoint:
    first = pods[0]
    common = set(first.labels.items()).intersection(*(pod.labels.items() for pod in pods))
    return Endpoint(
        EndpointKind.PODS,
        namespace=first.namespace,
        labels=dict(sorted(common)),
        ports=tuple(port for port in first.ports if port.name in names),
        host_network=first.host_network,
        pods=tuple(pods),
        node=first.node if nodes_matter else "",
    )


def _holding(endpoint: Endpoint, world: World, blocks: tuple[Block, ...]) -> int:
    """Return the bits of the blocks that may hold a pod class or a node."""
    if endpoint.pods:
        return _holders(_whereabouts(endpoint.pods[0], world), blocks)
    node = next(node for node in world.nodes if node.name == endpoint.name)
    spans = spans_of(node.addresses or world.node_ranges or PRIVATE_RANGES)
    return _holders(spans, blocks)


def _whereabouts(pod: Pod, world: World) -> tuple[Span, ...]:
    """Return where a pod is, or may be."""
    ranges = world.node_ranges if pod.host_network else world.pod_ranges
    return spans_of(pod.addresses or ranges or PRIVATE_RANGES)


def _holders(spans: tuple[Span, ...], blocks: tuple[Block, ...]) -> int:
    return sum(
        1 << number for number, block in enumerate(blocks) if is_any_inside(spans, spans_in(block))
    )


def _by_namespace(endpoints: Iterable[Endpoint]) -> dict[str, int]:
    bits: dict[str, int] = defaultdict(int)
    for place, endpoint in enumerate(endpoints):
        if endpoint.kind is EndpointKind.PODS:
            bits[endpoint.namespace] |= 1 << place
    return dict(bits)


def _rules(policies: Iterable[Policy]) -> Iterator[Rule]:
    for policy in policies:
        for direction in Direction:
            yield from policy.rules(direction)


def _blocks(policies: Iterable[Policy]) -> Iterator[Block]:
    for rule in _rules(policies):
        yield from (peer.block for peer in rule.peers if peer.block)


def _pod_selectors(policies: Sequence[Policy]) -> Iterator[Selector]:
    yield from (policy.pods for policy in policies)
    for rule in _rules(policies):
        yield from (peer.pods for peer in rule.peers if peer.pods)


def _keys(selector: Selector) -> Iterator[str]:
    yield from (key for key, _ in selector.labels)
    yield from (requirement.key for requirement in selector.expressions)
