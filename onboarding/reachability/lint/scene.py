"""The world as checks look at it: policies and pods by namespace, and who a peer stands for.

Built for each `check_world`; everything that costs is worked out at first use, so that a check of
one namespace stays cheap in a large world.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.model import (
    METADATA_NAME,
    Direction,
    Labels,
    Operator,
    Peer,
    Pod,
    Policy,
    Rule,
    RuleRef,
    Selector,
    Service,
    World,
)
from onboarding.reachability.selectors import matches

_DNS_LABEL = "k8s-app"
_DNS_APPS = frozenset({"kube-dns", "coredns"})


@dataclass(frozen=True)
class Conventions:
    """What a cluster's people agreed on, which no object says.

    `dns` names the cluster's DNS pods by namespace and labels; without it they are recognised.
    """

    environment_label: str = "bulkhead.dev/environment"
    production: frozenset[str] = frozenset({"production"})
    dns: tuple[str, Selector] | None = None


@dataclass(frozen=True)
class PlacedRule:
    """A rule that has an effect, with its policy and place."""

    policy: Policy
    rule: Rule
    ref: RuleRef

    @property
    def direction(self) -> Direction:
        """Return the direction the rule is for."""
        return self.ref.direction

    @property
    def is_ingress(self) -> bool:
        """Tell whether the rule is for traffic that comes in."""
        return self.direction is Direction.INGRESS

    @property
    def field(self) -> str:
        """Return the path of the rule, e.g. `spec.egress[0]`."""
        return f"spec.{self.direction.lower()}[{self.ref.index}]"

    @property
    def side(self) -> str:
        """Return the path of the rule's peers, e.g. `spec.egress[0].to`."""
        return f"{self.field}.{'from' if self.is_ingress else 'to'}"

    def peers(self) -> Iterator[tuple[Peer, str]]:
        """Yield each peer with its path."""
        for number, peer in enumerate(self.rule.peers):
            yield peer, f"{self.side}[{number}]"

    def found(
        self, code: Code, message: str, *, field: str, severity: Severity | None = None
    ) -> Finding:
        """Return a finding about this rule."""
        return Finding(
            code,
            severity or code.severity,
            message,
            policy=self.policy.ref,
            rule=self.ref,
            field=field,
        )


def placed_rules(policy: Policy) -> Iterator[PlacedRule]:
    """Yield the rules of a policy that have an effect, incoming first."""
    for direction in Direction:
        for number, rule in enumerate(policy.rules(direction)):
            yield PlacedRule(policy, rule, RuleRef(policy.ref, direction, number))


@dataclass(frozen=True)
class Scene:
    """A world with the questions that checks ask of it."""

    world: World
    conventions: Conventions = field(default_factory=Conventions)
    _named: dict[Selector, tuple[str, ...]] = field(default_factory=dict)
    _told_apart: dict[str, tuple[Pod, ...]] = field(default_factory=dict)

    @cached_property
    def policies(self) -> dict[str, list[Policy]]:
        """Return policies by namespace."""
        found: dict[str, list[Policy]] = defaultdict(list)
        for policy in self.world.policies:
            found[policy.ref.namespace].append(policy)
        return found

    @cached_property
    def services(self) -> dict[str, list[Service]]:
        """Return Services that select pods, by namespace."""
        found: dict[str, list[Service]] = defaultdict(list)
        for service in self.world.services:
            if not service.selector.is_empty:
                found[service.namespace].append(service)
        return found

    @cached_property
    def dns_pods(self) -> list[Pod]:
        """Return the pods that answer the cluster's DNS questions, as configured or by looks."""
        return [pod for pod in self.world.pods if self.is_dns(pod)]

    def is_dns(self, pod: Pod) -> bool:
        """Tell whether a pod answers the cluster's DNS questions."""
        if self.conventions.dns:
            namespace, labels = self.conventions.dns
            return pod.namespace == namespace and matches(labels, pod.labels)
        return pod.labels.get(_DNS_LABEL) in _DNS_APPS

    @cached_property
    def _pods(self) -> dict[str, list[Pod]]:
        found: dict[str, list[Pod]] = defaultdict(list)
        for pod in self.world.pods:
            found[pod.namespace].append(pod)
        return found

    def pods(self, namespace: str) -> tuple[Pod, ...]:
        """Return one pod of each sort in a namespace."""
        known = self._told_apart.get(namespace)
        if known is None:
            sorts = {
                (frozenset(pod.labels.items()), pod.ports, pod.host_network, pod.kind): pod
                for pod in reversed(self._pods.get(namespace, []))
            }
            known = self._told_apart[namespace] = tuple(reversed(sorts.values()))
        return known

    def selected(self, policy: Policy) -> list[Pod]:
        """Return the pods a policy selects, those on the host's network among them."""
        return [pod for pod in self.pods(policy.ref.namespace) if matches(policy.pods, pod.labels)]

    def running(self, namespace: str) -> list[Pod]:
        """Return one pod of each sort that is there, not one that is assumed to come."""
        return [pod for pod in self.pods(namespace) if pod.kind != ASSUMED]

    def labels(self, namespace: str) -> Labels:
        """Return the labels of a namespace, with the name the API server gives it."""
        return {**self.world.namespaces.get(namespace, {}), METADATA_NAME: namespace}

    def namespaces(self, selector: Selector) -> tuple[str, ...]:
        """Return the namespaces a selector selects."""
        known = self._named.get(selector)
        if known is None:
            pinned = pinned_names(selector)
            candidates = self.world.namespaces if pinned is None else sorted(pinned)
            known = self._named[selector] = tuple(
                name
                for name in candidates
                if name in self.world.namespaces and matches(selector, self.labels(name))
            )
        return known

    def namespaces_of(self, peer: Peer, own: str) -> tuple[str, ...]:
        """Return the namespaces a peer reaches into; `own` is that of its policy."""
        return (own,) if peer.namespaces is None else self.namespaces(peer.namespaces)

    def peer_pods(self, peer: Peer, own: str) -> Iterator[Pod]:
        """Yield the pods a peer stands for; an ipBlock stands for none."""
        if peer.block:
            return
        for namespace in self.namespaces_of(peer, own):
            for pod in self.pods(namespace):
                if peer.pods is None or matches(peer.pods, pod.labels):
                    yield pod

    def is_peer(self, peer: Peer, own: str, pod: Pod) -> bool:
        """Tell whether a peer of a policy in namespace `own` stands for this pod."""
        if peer.block or pod.host_network:
            return False
        if peer.namespaces is None:
            inside = pod.namespace == own
        else:
            inside = matches(peer.namespaces, self.labels(pod.namespace))
        return inside and (peer.pods is None or matches(peer.pods, pod.labels))

    def isolating(self, pod: Pod, direction: Direction) -> list[Policy]:
        """Return the policies that isolate a pod in a direction."""
        return [
            policy
            for policy in self.policies.get(pod.namespace, [])
            if direction in policy.isolates and matches(policy.pods, pod.labels)
        ]


def pinned_names(selector: Selector) -> frozenset[str] | None:
    """Return the only namespaces a selector can select by name; None if others could join."""
    names = {value for key, value in selector.labels if key == METADATA_NAME}
    if names:
        return frozenset(names)
    for requirement in selector.expressions:
        if requirement.key == METADATA_NAME and requirement.operator is Operator.IN:
            return requirement.values
    return None
