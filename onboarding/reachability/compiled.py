"""One reading of a world's policies as rectangles of bits: these senders to these receivers.

Both ends must allow a connection, so who reaches whom is the intersection of two unions of
rectangles. Where the specification leaves a choice to the network plugin there is more than one
reading; a verdict is certain where they agree.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from onboarding.reachability.endpoints import EndpointKind, Layout
from onboarding.reachability.model import (
    METADATA_NAME,
    Direction,
    Peer,
    Policy,
    PortMatch,
    RuleRef,
    Selector,
    World,
)
from onboarding.reachability.selectors import LabelIndex
from onboarding.reachability.sets import places, united

# Senders and ports to receivers.
Rectangles: TypeAlias = dict[tuple[int, tuple[PortMatch, ...]], int]


class Reading(Enum):
    """Ways to read what the specification leaves open. AS_READ is what verdicts say."""

    AS_READ = auto()
    BLOCKS_MISS_PODS = auto()  # the plugin looks at addresses after translation only
    OWN_NODE_OPEN = auto()  # a pod always reaches its node, as the documentation's overview says
    HOST_AS_PODS = auto()  # the plugin can tell host-network pods from their node
    ANY_NODE_IS_OWN = auto()  # where a pod runs is not known


@dataclass(frozen=True)
class CompiledRule:
    """One rule: the bits of its peers, and its ports."""

    ref: RuleRef
    peers: int
    ports: tuple[PortMatch, ...]


@dataclass(frozen=True)
class CompiledPolicy:
    """One policy: the bits of the pods it selects, and its rules in each direction."""

    policy: Policy
    targets: int
    rules: dict[Direction, tuple[CompiledRule, ...]]


@dataclass
class Compiled:
    """A reading, ready to be asked.

    `selectable` are the pods policies can select. No policy blocks pairs in `entering` at the
    receiver or in `leaving` at the sender: {sender: receivers}.
    """

    policies: list[CompiledPolicy]
    selectable: int
    isolated: dict[Direction, int]
    rectangles: dict[Direction, Rectangles]
    entering: dict[int, int] = field(default_factory=dict)
    leaving: dict[int, int] = field(default_factory=dict)
    _selecting: dict[int, list[CompiledPolicy]] = field(default_factory=dict)

    def selecting(self, place: int) -> list[CompiledPolicy]:
        """Return the policies that select an endpoint."""
        if place not in self._selecting:
            self._selecting[place] = [one for one in self.policies if one.targets >> place & 1]
        return self._selecting[place]


class Compiler:
    """Turns the policies of one world into rectangles over one layout."""

    def __init__(self, world: World, layout: Layout, reading: Reading) -> None:
        self._world, self._layout, self._reading = world, layout, reading
        endpoints = layout.endpoints
        self._everything = (1 << len(endpoints)) - 1
        pods = [
            (1 << place, endpoint)
            for place, endpoint in enumerate(endpoints)
            if endpoint.kind is EndpointKind.PODS
        ]
        self._all_pods = united(bit for bit, _ in pods)
        on_host = united(bit for bit, endpoint in pods if endpoint.host_network)
        as_pods = reading is Reading.HOST_AS_PODS
        self._selectable = self._all_pods if as_pods else self._all_pods & ~on_host
        self._hosted: dict[str, int] = {}
        for bit, endpoint in pods:
            self._hosted[endpoint.node] = self._hosted.get(endpoint.node, 0) | bit
        self._pods = LabelIndex((bit, endpoint.labels) for bit, endpoint in pods)
        self._namespaces = LabelIndex(
            (bits, {**world.namespaces.get(name, {}), METADATA_NAME: name})
            for name, bits in layout.namespaces.items()
        )

    def compile(self) -> Compiled:
        """Return the reading."""
        isolated = dict.fromkeys(Direction, 0)
        rectangles: dict[Direction, Rectangles] = {direction: {} for direction in Direction}
        policies = [self._compiled(policy) for policy in self._world.policies]
        for one in policies:
            for direction in one.policy.isolates:
                isolated[direction] |= one.targets
            for rule in one.rules[Direction.EGRESS]:
                _add(rectangles[Direction.EGRESS], one.targets, rule.ports, rule.peers)
            for rule in one.rules[Direction.INGRESS]:
                _add(rectangles[Direction.INGRESS], rule.peers, rule.ports, one.targets)
        return Compiled(
            policies,
            self._selectable,
            isolated,
            rectangles,
            entering=self._entering(),
            leaving=self._leaving(),
        )

    def _compiled(self, policy: Policy) -> CompiledPolicy:
        own = self._layout.namespaces.get(policy.ref.namespace, 0) & self._selectable
        return CompiledPolicy(
            policy,
            targets=own & self._pods.select(policy.pods) if own else 0,
            rules={
                direction: tuple(
                    CompiledRule(
                        RuleRef(policy.ref, direction, index),
                        united(self._peer(peer, own) for peer in rule.peers)
                        if rule.peers
                        else self._everything,
                        rule.ports,
                    )
                    for index, rule in enumerate(policy.rules(direction))
                )
                for direction in Direction
            },
        )

    def _peer(self, peer: Peer, own: int) -> int:
        """Return who a peer is. `own` are the selectable pods of the policy's namespace."""
        if peer.block:
            held = self._layout.blocks[peer.block]
            missed = self._reading is Reading.BLOCKS_MISS_PODS
            return held & ~self._selectable if missed else held
        there = own
        if peer.namespaces is not None:
            there = self._namespaces.select(peer.namespaces) & self._selectable
        return there & self._pods.select(peer.pods or Selector())

    def _entering(self, *, unknown_too: bool = False) -> dict[int, int]:
        """Return what always gets in: a node, or who shares its network, into the node's pods."""
        unknown_too = unknown_too or self._reading is Reading.ANY_NODE_IS_OWN
        found = {}
        for place, endpoint in enumerate(self._layout.endpoints):
            if endpoint.kind is EndpointKind.NODE or (
                endpoint.host_network and self._reading is not Reading.HOST_AS_PODS
            ):
                found[place] = self._hosted_by(endpoint.node, unknown_too=unknown_too)
        return found

    def _leaving(self) -> dict[int, int]:
        """Return what always gets out: nothing as read, a pod to its own node as some read it."""
        if self._reading is not Reading.OWN_NODE_OPEN:
            return {}
        found: dict[int, int] = {}
        for place, hosted in self._entering(unknown_too=True).items():
            for guest in places(hosted):
                found[guest] = found.get(guest, 0) | 1 << place
        return found

    def _hosted_by(self, node: str, *, unknown_too: bool) -> int:
        """Return the pods on a node, and on request those of which the node is not known."""
        if node:
            known = self._hosted.get(node, 0)
            return known | self._hosted.get("", 0) if unknown_too else known
        return self._all_pods if unknown_too else 0


def _add(
    rectangles: Rectangles, senders: int, ports: tuple[PortMatch, ...], receivers: int
) -> None:
    if senders and receivers:
        key = (senders, ports)
        rectangles[key] = rectangles.get(key, 0) | receivers
