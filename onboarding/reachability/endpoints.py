"""The endpoints of a world: pods no rule can tell apart, nodes, and ranges of outside addresses.

Pods are grouped by what policies can see of them, and nothing else: namespace, the labels some
selector asks for, the named ports some rule names, the blocks that hold their address. Endpoint i
is bit i of every set. Two worlds that are compared are laid out together, so bits mean the same.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

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
    Node,
    Operator,
    Pod,
    Policy,
    Rule,
    Selector,
    World,
)
from onboarding.reachability.selectors import LabelIndex
from onboarding.reachability.sets import members, united


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
    """The endpoints, in order, and which of them each block may hold, as bits.

    `keys` are the keys of pods' labels that some selector asks for.
    """

    endpoints: tuple[Endpoint, ...]
    namespaces: dict[str, int]
    blocks: dict[Block, int]
    keys: frozenset[str]

    @property
    def everything(self) -> int:
        """Return the bits of every endpoint."""
        return (1 << len(self.endpoints)) - 1

    @cached_property
    def pods(self) -> int:
        """Return the bits of every pod class."""
        return united(self.namespaces.values())

    @cached_property
    def on_host(self) -> int:
        """Return the bits of the pods on their host's network."""
        return united(1 << place for place, one in enumerate(self.endpoints) if one.host_network)

    @cached_property
    def hosted(self) -> dict[str, int]:
        """Return the bits of the pods by their node; "" has those of which it is not known."""
        found: dict[str, int] = {}
        for place in members(self.pods, len(self.endpoints)):
            node = self.endpoints[place].node
            found[node] = found.get(node, 0) | 1 << place
        return found

    @cached_property
    def labelled(self) -> LabelIndex:
        """Return the pods by label."""
        size = len(self.endpoints)
        return LabelIndex(
            (1 << place, self.endpoints[place].labels) for place in members(self.pods, size)
        )


def lay_out(worlds: Sequence[World], boundaries: Sequence[Block] = ()) -> Layout:
    """Return the layout of worlds that differ in policies and namespaces, not in pods.

    The pods, nodes and ranges are those of the last world. `boundaries` cut the outside further,
    for answers that want a place of their own for some addresses.
    """
    world = worlds[-1]
    # Compared worlds share most of their policies; one look at each is enough.
    policies = [*{id(policy): policy for one in worlds for policy in one.policies}.values()]
    blocks = tuple(dict.fromkeys((*blocks_of(policies), *boundaries)))
    whereabouts = _Whereabouts(world, blocks)
    keys = selected_keys(policies)
    endpoints = (
        *_pod_endpoints(world, policies, keys, whereabouts),
        *(Endpoint(EndpointKind.NODE, name=node.name, node=node.name) for node in world.nodes),
    )
    outside = cut_outside(blocks)
    holders = [
        *(whereabouts.of_pod(one.pods[0]) for one in endpoints if one.pods),
        *(whereabouts.of_node(node) for node in world.nodes),
        *outside,
    ]
    every = (*endpoints, *(Endpoint(EndpointKind.ADDRESSES, spans=s) for s in outside.values()))
    return Layout(
        endpoints=every,
        namespaces=_by_namespace(every),
        blocks={
            block: sum(1 << place for place, held in enumerate(holders) if held >> number & 1)
            for number, block in enumerate(blocks)
        },
        keys=keys,
    )


def _pod_endpoints(
    world: World, policies: Sequence[Policy], keys: frozenset[str], whereabouts: "_Whereabouts"
) -> Iterator[Endpoint]:
    names = {match.name for rule in rules_of(policies) for match in rule.ports if match.name}
    nodes_matter = bool(world.nodes) or any(pod.host_network for pod in world.pods)
    groups: dict[Hashable, list[Pod]] = defaultdict(list)
    for pod in sorted(world.pods, key=lambda pod: (pod.namespace, pod.name)):
        seen = (
            pod.namespace,
            frozenset((key, pod.labels[key]) for key in keys if key in pod.labels),
            frozenset(port for port in pod.ports if port.name in names),
            pod.host_network,
            whereabouts.of_pod(pod),
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


class _Whereabouts:
    """Which blocks hold, or may hold, a pod or a node; each set of addresses is looked up once."""

    def __init__(self, world: World, blocks: tuple[Block, ...]) -> None:
        self._pods = world.pod_ranges or PRIVATE_RANGES
        self._nodes = world.node_ranges or PRIVATE_RANGES
        self._spans = [spans_in(block) for block in blocks]
        self._known: dict[tuple[str, ...], int] = {}

    def of_pod(self, pod: Pod) -> int:
        """Return the bits of the blocks."""
        return self._of(pod.addresses or (self._nodes if pod.host_network else self._pods))

    def of_node(self, node: Node) -> int:
        """Return the bits of the blocks."""
        return self._of(node.addresses or self._nodes)

    def _of(self, addresses: tuple[str, ...]) -> int:
        if addresses not in self._known:
            spans = spans_of(addresses)
            self._known[addresses] = sum(
                1 << number for number, held in enumerate(self._spans) if is_any_inside(spans, held)
            )
        return self._known[addresses]


def _by_namespace(endpoints: Iterable[Endpoint]) -> dict[str, int]:
    bits: dict[str, int] = defaultdict(int)
    for place, endpoint in enumerate(endpoints):
        if endpoint.kind is EndpointKind.PODS:
            bits[endpoint.namespace] |= 1 << place
    return dict(bits)


def rules_of(policies: Iterable[Policy]) -> Iterator[Rule]:
    """Yield every rule that has an effect."""
    for policy in policies:
        for direction in Direction:
            yield from policy.rules(direction)


def blocks_of(policies: Iterable[Policy]) -> Iterator[Block]:
    """Yield the blocks that rules name."""
    for rule in rules_of(policies):
        yield from (peer.block for peer in rule.peers if peer.block)


def selected_keys(policies: Iterable[Policy]) -> frozenset[str]:
    """Return the keys of pods' labels that some selector asks for; policies see no other."""
    return frozenset(
        key for policy in policies for selector in pod_selectors(policy) for key in _keys(selector)
    )


def named_labels(policies: Iterable[Policy]) -> frozenset[tuple[str, str]]:
    """Return the labels, key and value, that peers of these policies ask for."""
    selectors = [peer.pods for rule in rules_of(policies) for peer in rule.peers if peer.pods]
    listed = {label for selector in selectors for label in selector.labels}
    return frozenset(listed).union(
        (wanted.key, value)
        for selector in selectors
        for wanted in selector.expressions
        if wanted.operator is Operator.IN
        for value in wanted.values
    )


def pod_selectors(policy: Policy) -> Iterator[Selector]:
    """Yield the selectors of pods: the policy's own, then those of its rules."""
    yield policy.pods
    for rule in rules_of((policy,)):
        yield from (peer.pods for peer in rule.peers if peer.pods)


def _keys(selector: Selector) -> Iterator[str]:
    yield from (key for key, _ in selector.labels)
    yield from (requirement.key for requirement in selector.expressions)
