"""Paths that policies leave half open: names nobody can look up, one end without the other."""

from collections.abc import Iterator, Sequence

from onboarding.reachability.lint import wording
from onboarding.reachability.lint.finding import Code, Finding, Severity, about
from onboarding.reachability.lint.ports import served
from onboarding.reachability.lint.scene import PlacedRule, Scene, placed_rules
from onboarding.reachability.lint.stage import ALLOW_DNS
from onboarding.reachability.model import (
    Direction,
    Peer,
    Pod,
    Policy,
    PortMatch,
    Protocol,
    Rule,
)

DNS_PORT = 53

DNS_MISSING = Code(
    id="BH018",
    name="dns-missing",
    severity=Severity.WARNING,
    title="Outgoing traffic is restricted and names cannot be looked up",
    why="""\
Once a policy restricts what pods may connect to, looking up names needs a permission as well:
UDP and TCP 53 to the cluster's DNS. Without it almost everything fails, and it looks like a fault
of the network.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-outgoing, namespace: payments-prod}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: []
""",
    mended=f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny-outgoing, namespace: payments-prod}}
spec:
  podSelector: {{}}
  policyTypes: [Egress]
  egress: []
---
{ALLOW_DNS}""",
)
ONE_SIDED = Code(
    id="BH019",
    name="one-sided",
    severity=Severity.WARNING,
    title="Allowed at one end only",
    why="""\
A connection passes if the sender may send **and** the receiver may receive. Where both ends are
restricted, each needs a policy that allows it; one without the other opens nothing.""",
    bad=f"""\
{ALLOW_DNS}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-api, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {{matchLabels: {{app: api}}}}
      ports:
        - {{protocol: TCP, port: 8080}}
""",
    mended=f"""\
{ALLOW_DNS}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-api, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {{matchLabels: {{app: api}}}}
      ports:
        - {{protocol: TCP, port: 8080}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-to-web, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: api}}}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {{matchLabels: {{app: web}}}}
      ports:
        - {{protocol: TCP, port: 8080}}
""",
)
CODES = (DNS_MISSING, ONE_SIDED)


def check_dns(scene: Scene, namespace: str) -> Iterator[Finding]:
    """Yield one finding for the pods of a namespace that cannot look up names."""
    cut_off: list[Pod] = []
    blamed: Policy | None = None
    for pod in scene.pods(namespace):
        isolating = [] if pod.host_network else scene.isolating(pod, Direction.EGRESS)
        if isolating and not scene.is_dns(pod) and not _looks_up(scene, isolating):
            cut_off.append(pod)
            blamed = blamed or min(isolating, key=lambda policy: policy.ref.name)
    if blamed:
        message = (
            f"{wording.listing(wording.named(pod) for pod in cut_off)} cannot look up names: "
            "outgoing traffic is restricted and nothing allows UDP 53 to the cluster's DNS. Add a "
            "policy that allows UDP and TCP 53 to it."
        )
        yield about(blamed, DNS_MISSING, message, field="spec.egress")


def _looks_up(scene: Scene, isolating: Sequence[Policy]) -> bool:
    return any(
        _reaches_dns(scene, policy.ref.namespace, rule)
        for policy in isolating
        for rule in policy.rules(Direction.EGRESS)
    )


def _reaches_dns(scene: Scene, own: str, rule: Rule) -> bool:
    """Tell whether a rule lets DNS questions out; a named port may be the one.

    Without known DNS pods any other place counts.
    """
    question = PortMatch(Protocol.UDP, DNS_PORT, DNS_PORT)
    if rule.ports and not any(_overlap(port, question) for port in rule.ports):
        return False
    if not rule.peers or any(peer.block for peer in rule.peers):
        return True
    if not scene.dns_pods:
        return any(scene.namespaces_of(peer, own) != (own,) for peer in rule.peers)
    return any(scene.is_peer(peer, own, pod) for peer in rule.peers for pod in scene.dns_pods)


def check_both_ends(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Yield peers whose own policies let nothing of a rule through."""
    for placed in placed_rules(policy):
        own_end = [pod for pod in scene.selected(policy) if not pod.host_network]
        for peer, field in placed.peers():
            if own_end and not (peer.namespaces and peer.namespaces.is_empty):
                yield from _other_end(scene, placed, own_end, (peer, field))


def _other_end(
    scene: Scene, placed: PlacedRule, own_end: list[Pod], peer_at: tuple[Peer, str]
) -> Iterator[Finding]:
    peer, field = peer_at
    own = placed.policy.ref.namespace
    blocking: list[Pod] = []
    for other in scene.peer_pods(peer, own):
        if other.host_network:
            continue
        if any(_agrees(scene, placed, pod, other) for pod in own_end):
            return
        blocking.append(other)
    if not blocking:
        return
    who = wording.listing(sorted({_place(placed.policy, pod) for pod in blocking}))
    fault, remedy = (
        ("do not let them send to these pods", "outgoing")
        if placed.is_ingress
        else ("do not let these pods in", "incoming")
    )
    message = (
        f"This opens nothing yet: the policies for {who} {fault} on {wording.ports(placed.rule)}. "
        f"The other end needs a policy for {remedy} traffic too."
    )
    yield placed.found(ONE_SIDED, message, field=field)


def _place(policy: Policy, pod: Pod) -> str:
    return "/".join(filter(None, (pod.namespace, wording.named_for(policy, pod))))


def _agrees(scene: Scene, placed: PlacedRule, pod: Pod, other: Pod) -> bool:
    """Tell whether the policies of `other` let something of the rule for `pod` through."""
    direction = Direction.EGRESS if placed.is_ingress else Direction.INGRESS
    isolating = scene.isolating(other, direction)
    receiver = pod if placed.is_ingress else other
    return not isolating or any(
        _admits(scene, policy.ref.namespace, rule, pod) and _share(placed.rule, rule, receiver)
        for policy in isolating
        for rule in policy.rules(direction)
    )


def _admits(scene: Scene, own: str, rule: Rule, pod: Pod) -> bool:
    return not rule.peers or any(scene.is_peer(peer, own, pod) for peer in rule.peers)


def _share(rule: Rule, other: Rule, receiver: Pod) -> bool:
    """Tell whether two rules have a port of the receiver in common."""
    if not rule.ports or not other.ports:
        return all(
            not ports or any(served(receiver, port) for port in ports)
            for ports in (rule.ports, other.ports)
        )
    return any(
        _overlap(one, two)
        for one in _resolved(rule, receiver)
        for two in _resolved(other, receiver)
    )


def _resolved(rule: Rule, receiver: Pod) -> Iterator[PortMatch]:
    for match in rule.ports:
        if not match.name:
            yield match
        for port in receiver.ports:
            if (port.name, port.protocol) == (match.name, match.protocol):
                yield PortMatch(port.protocol, port.number, port.number)


def _overlap(one: PortMatch, two: PortMatch) -> bool:
    return one.protocol is two.protocol and one.first <= two.last and two.first <= one.last
