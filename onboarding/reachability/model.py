"""The words of reachability: policies as the API means them, the pods they meet, and verdicts.

Everything here is a frozen value. `policies.py` reads manifests into it, `estate.py` answers from
it. Source of the semantics: Kubernetes documentation, "Network Policies", and the
`networking.k8s.io/v1` API types.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
Labels: TypeAlias = Mapping[str, str]

METADATA_NAME = "kubernetes.io/metadata.name"
LAST_PORT = 65535


class Direction(StrEnum):
    """The two directions a policy can isolate."""

    INGRESS = "Ingress"
    EGRESS = "Egress"


class Protocol(StrEnum):
    """Protocols a policy can name; each pod port belongs to one of them."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Operator(StrEnum):
    """Operators of a selector's expression."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True)
class Requirement:
    """One expression of a selector."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Selector:
    """All of `labels` and all of `expressions` must hold; an empty selector selects everything."""

    labels: tuple[tuple[str, str], ...] = ()
    expressions: tuple[Requirement, ...] = ()

    def __hash__(self) -> int:
        """Hash by what is selected; kept, because a selector is looked up again and again."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.labels, self.expressions))

    @property
    def is_empty(self) -> bool:
        """Tell whether everything is selected."""
        return not self.labels and not self.expressions


@dataclass(frozen=True)
class Block:
    """An ipBlock: the addresses in `cidr` that lie in none of `excluded`."""

    cidr: Network
    excluded: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Peer:
    """One item of `from` or `to`: a block, or pods of namespaces.

    `namespaces` None means the policy's own; `pods` None means every pod there.
    """

    namespaces: Selector | None = None
    pods: Selector | None = None
    block: Block | None = None


@dataclass(frozen=True)
class PortMatch:
    """One item of `ports`: `name` on the destination pod, else numbers `first` to `last`."""

    protocol: Protocol
    first: int = 1
    last: int = LAST_PORT
    name: str = ""


@dataclass(frozen=True)
class Rule:
    """One allow rule. No `peers` means everybody, no `ports` every port of every protocol."""

    peers: tuple[Peer, ...] = ()
    ports: tuple[PortMatch, ...] = ()


@dataclass(frozen=True)
class PolicyRef:
    """Names a policy in evidence. `template` is e.g. `allow-dns@1`, "" when it is not ours."""

    namespace: str
    name: str
    template: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return e.g. `payments-prod/deny-all`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class RuleRef:
    """Names one rule: `index` counts from 0 in `spec.ingress` or `spec.egress`."""

    policy: PolicyRef
    direction: Direction
    index: int

    def __str__(self) -> str:
        """Return e.g. `payments-prod/allow-dns egress[0]`."""
        return f"{self.policy} {self.direction.lower()}[{self.index}]"


@dataclass(frozen=True)
class Policy:
    """One NetworkPolicy. Rules of a direction outside `isolates` are inert and kept for lint.

    `lists_types` tells whether `policyTypes` was written or defaulted.
    """

    ref: PolicyRef
    pods: Selector
    isolates: frozenset[Direction]
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    lists_types: bool = True

    def rules(self, direction: Direction) -> tuple[Rule, ...]:
        """Return the rules of `direction` that have an effect."""
        if direction not in self.isolates:
            return ()
        return self.ingress if direction is Direction.INGRESS else self.egress


@dataclass(frozen=True)
class NamedPort:
    """A port a container gives a name to."""

    name: str
    protocol: Protocol
    number: int


@dataclass(frozen=True)
class Pod:
    """A pod, or `count` pods that nothing tells apart.

    `kind` is `Pod`, the workload that would make it (`Deployment`, …) or `assumed`. `name` may be
    "" for a class of observed pods. Without `addresses` it may have any address of the pod ranges
    (of the node ranges on the host's network); without `node` it may be on any node.
    """

    namespace: str
    name: str
    labels: Labels = field(default_factory=dict, hash=False)
    ports: tuple[NamedPort, ...] = ()
    host_network: bool = False
    addresses: tuple[str, ...] = ()
    node: str = ""
    count: int = 1
    kind: str = "Pod"


@dataclass(frozen=True)
class Node:
    """A machine of the cluster."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServicePort:
    """One port of a Service: what clients call, and what the pods behind it listen on."""

    number: int
    target: int | str
    protocol: Protocol = Protocol.TCP


@dataclass(frozen=True)
class Service:
    """A Service; only lint looks at it, because policies speak of pod ports."""

    namespace: str
    name: str
    selector: Selector
    ports: tuple[ServicePort, ...] = ()


@dataclass(frozen=True)
class ForeignPolicy:
    """A policy that is not understood, so that answers about what it may decide are incomplete.

    `words` name it. `namespace` is the only one whose pods it can speak of; "" means any.
    """

    words: str
    namespace: str = ""

    def __str__(self) -> str:
        """Return its name in words."""
        return self.words


@dataclass(frozen=True)
class World:
    """Everything an answer is made from.

    `namespaces` maps names to labels; a namespace that only pods or policies mention belongs in it
    too. `foreign` are policies that are not understood. Ranges are CIDRs; `service_addresses` maps
    single ones to the Service that has them.
    """

    namespaces: Mapping[str, Labels]
    pods: tuple[Pod, ...] = ()
    policies: tuple[Policy, ...] = ()
    nodes: tuple[Node, ...] = ()
    services: tuple[Service, ...] = ()
    pod_ranges: tuple[str, ...] = ()
    service_ranges: tuple[str, ...] = ()
    service_addresses: Mapping[str, str] = field(default_factory=dict, hash=False)
    node_ranges: tuple[str, ...] = ()
    foreign: tuple[ForeignPolicy, ...] = ()


class Certainty(StrEnum):
    """Whether a verdict can be relied on, and if not, why; in order, the least certain last."""

    CERTAIN = "certain"
    PLUGIN_DEPENDENT = "plugin-dependent"
    UNDEFINED = "undefined"
    INCOMPLETE = "incomplete"

    @property
    def words(self) -> str:
        """Return what it means; every page, document and command says it in these words."""
        return _CERTAINTY_WORDS[self]


_CERTAINTY_WORDS = {
    Certainty.CERTAIN: "the specification settles this",
    Certainty.PLUGIN_DEPENDENT: "depends on the cluster's network plugin",
    Certainty.UNDEFINED: "Kubernetes leaves this open",
    Certainty.INCOMPLETE: "not everything that decides this is known",
}


@dataclass(frozen=True)
class Side:
    """What one end says: policies that isolate it, and rules of theirs that allow this traffic.

    Without isolating policies the side allows everything. `exempt` gives the reason where no
    policy can apply: an address outside, a node, a pod's own node.
    """

    direction: Direction
    isolating: tuple[PolicyRef, ...]
    allowing: tuple[RuleRef, ...]
    exempt: str = ""

    @property
    def allows(self) -> bool:
        """Tell whether this end lets the traffic pass."""
        return bool(self.exempt or self.allowing or not self.isolating)


@dataclass(frozen=True)
class Verdict:
    """Whether traffic may pass, and the evidence: both sides, and how settled it is.

    `reason` is a sentence for people; it names the side that blocks, or why both allow.
    `caveat` says why it is not certain, "" where it is.
    """

    allowed: bool
    certainty: Certainty
    egress: Side
    ingress: Side
    reason: str
    caveat: str = ""

    @property
    def is_complete(self) -> bool:
        """Return whether everything that could decide this was understood."""
        return self.certainty is not Certainty.INCOMPLETE
