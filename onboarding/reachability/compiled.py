"""One reading of a world's policies as rectangles of bits: these senders to these receivers.

Both ends must allow a connection, so who reaches whom is the intersection of two unions of
rectangles. Where the specification leaves a choice to the network plugin there is more than one
reading; a verdict is certain where they agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
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


class Ground:
    """What every reading of a world over a layout stands on."""

    def __init__(self, world: World, layout: Layout) -> None:
        self.layout = layout
        self.policies: dict[str, list[Policy]] = {}
        for policy in world.policies:
            self.policies.setdefault(policy.ref.namespace, []).append(policy)
        self.namespaces = LabelIndex(
            (bits, {**world.namespaces.get(name, {}), METADATA_NAME: name})
            for name, bits in layout.namespaces.items()
        )


class Compiled:
    """One reading. Works out what is asked for, once. `selectable` are the pods policies select."""

    def __init__(self, ground: Ground, reading: Reading, like: "Compiled | None" = None) -> None:
        """Take the ground and a reading; `like` has what this reading does not read otherwise."""
        self._ground, self._layout, self._reading = ground, ground.layout, reading
        self._like = like
        as_pods = reading is Reading.HOST_AS_PODS
        pods, on_host = self._layout.pods, self._layout.on_host
        self.selectable = pods if as_pods else pods & ~on_host
        self._compiled: dict[str, list[CompiledPolicy]] = {}

    def policies_in(self, namespace: str) -> list[CompiledPolicy]:
        """Return a namespace's policies; they select pods of that namespace only."""
        if namespace not in self._compiled:
            if self._like:
                known = self._like.policies_in(namespace)
                found = [
                    self._policy(one.policy) if _has_block(one.policy) else one for one in known
                ]
            else:
                found = [self._policy(one) for one in self._ground.policies.get(namespace, [])]
            self._compiled[namespace] = found
        return self._compiled[namespace]

    def selecting(self, place: int) -> list[CompiledPolicy]:
        """Return the policies that select an endpoint."""
        namespace = self._layout.endpoints[place].namespace
        return [one for one in self.policies_in(namespace) if one.targets >> place & 1]

    @cached_property
    def isolated(self) -> dict[Direction, int]:
        """Return the pods each direction is closed for, but for what rules allow."""
        isolated = dict.fromkeys(Direction, 0)
        for one in self._every_policy():
            for direction in one.policy.isolates:
                isolated[direction] |= one.targets
        return isolated

    @cached_property
    def rectangles(self) -> dict[Direction, Rectangles]:
        """Return what the rules of each direction allow, senders to receivers."""
        found: dict[Direction, Rectangles] = {direction: {} for direction in Direction}
        for one in self._every_policy():
            for rule in one.rules[Direction.EGRESS]:
                _add(found[Direction.EGRESS], one.targets, rule.ports, rule.peers)
            for rule in one.rules[Direction.INGRESS]:
                _add(found[Direction.INGRESS], rule.peers, rule.ports, one.targets)
        return found

    @cached_property
    def entering(self) -> dict[int, int]:
        """Return what always gets in, {sender: receivers}: a node into the pods it runs.

        Who shares a node's network counts as the node. Source: "Network Policies", the section on
        isolation.
        """
        return self._into_own_pods(unknown_too=self._reading is Reading.ANY_NODE_IS_OWN)

    @cached_property
    def leaving(self) -> dict[int, int]:
        """Return what always gets out, {sender: receivers}: a pod to its node, as some read it."""
        if self._reading is not Reading.OWN_NODE_OPEN:
            return {}
        found: dict[int, int] = {}
        for place, hosted in self._into_own_pods(unknown_too=True).items():
            for guest in places(hosted):
                found[guest] = found.get(guest, 0) | 1 << place
        return found

    def _into_own_pods(self, *, unknown_too: bool) -> dict[int, int]:
        return {
            place: self._hosted_by(endpoint.node, unknown_too=unknown_too)
            for place, endpoint in enumerate(self._layout.endpoints)
            if endpoint.kind is EndpointKind.NODE
            or (endpoint.host_network and self._reading is not Reading.HOST_AS_PODS)
        }

    def _hosted_by(self, node: str, *, unknown_too: bool) -> int:
        """Return the pods on a node, and on request those of which the node is not known."""
        hosted = self._layout.hosted
        if not unknown_too:
            return hosted.get(node, 0) if node else 0
        return hosted.get(node, 0) | hosted.get("", 0) if node else self._layout.pods

    def _every_policy(self) -> Iterator[CompiledPolicy]:
        for namespace in self._ground.policies:
            yield from self.policies_in(namespace)

    def _policy(self, policy: Policy) -> CompiledPolicy:
        own = self._layout.namespaces.get(policy.ref.namespace, 0) & self.selectable
        return CompiledPolicy(
            policy,
            targets=own & self._layout.labelled.select(policy.pods) if own else 0,
            rules={
                direction: tuple(
                    CompiledRule(
                        RuleRef(policy.ref, direction, index),
                        self._peers(rule.peers, own),
                        rule.ports,
                    )
                    for index, rule in enumerate(policy.rules(direction))
                )
                for direction in Direction
            },
        )

    def _peers(self, peers: tuple[Peer, ...], own: int) -> int:
        if not peers:
            return self._layout.everything
        return united(self._peer(peer, own) for peer in peers)

    def _peer(self, peer: Peer, own: int) -> int:
        """Return who a peer is. `own` are the selectable pods of the policy's namespace."""
        if peer.block:
            held = self._layout.blocks[peer.block]
            missed = self._reading is Reading.BLOCKS_MISS_PODS
            return held & ~self.selectable if missed else held
        there = own
        if peer.namespaces is not None:
            there = self._ground.namespaces.select(peer.namespaces) & self.selectable
        return there & self._layout.labelled.select(peer.pods or Selector())


def _has_block(policy: Policy) -> bool:
    rules = (rule for direction in Direction for rule in policy.rules(direction))
    return any(peer.block for rule in rules for peer in rule.peers)


def _add(
    rectangles: Rectangles, senders: int, ports: tuple[PortMatch, ...], receivers: int
) -> None:
    if senders and receivers:
        key = (senders, ports)
        rectangles[key] = rectangles.get(key, 0) | receivers
