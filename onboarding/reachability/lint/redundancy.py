"""Policies that another policy of their namespace makes needless.

Judged by what is written, not by the pods of the moment: a policy is only called needless where it
can never allow or restrict anything that the other does not.
"""

from collections.abc import Iterator

from onboarding.reachability.addresses import spans_in
from onboarding.reachability.lint.finding import Code, Finding, Severity, about
from onboarding.reachability.lint.scene import Scene
from onboarding.reachability.model import (
    Block,
    Direction,
    Peer,
    Policy,
    PortMatch,
    Rule,
    Selector,
)

REDUNDANT = Code(
    id="BH021",
    name="redundant",
    severity=Severity.INFO,
    title="A policy that another one covers entirely",
    why="""\
Policies add up. Where another policy of the namespace selects the same pods and allows at least as
much, this one changes nothing, and taking it away closes nothing. That surprises people later.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-api, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - {protocol: TCP, port: 8080}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-internal, namespace: payments-prod}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-internal, namespace: payments-prod}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
""",
)
CODES = (REDUNDANT,)


def check_redundancy(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Say once if another policy covers this one. One without rules is a fence, never needless."""
    if not any(policy.rules(direction) for direction in Direction):
        return
    for other in sorted(scene.policies[policy.ref.namespace], key=lambda one: one.ref.name):
        if other is policy or not _covers(other, policy):
            continue
        if _covers(policy, other) and policy.ref.name < other.ref.name:
            continue  # of two equal ones the later name is the needless one
        message = (
            f"The policy {other.ref.name} selects the same pods and allows at least as much, so "
            "this one changes nothing. Take one of the two away, or narrow the other."
        )
        yield about(policy, REDUNDANT, message)
        return


def _covers(other: Policy, policy: Policy) -> bool:
    return (
        policy.isolates <= other.isolates
        and _selects_as_much(other.pods, policy.pods)
        and all(
            any(_allows_as_much(wider, rule) for wider in other.rules(direction))
            for direction in policy.isolates
            for rule in policy.rules(direction)
        )
    )


def _allows_as_much(wider: Rule, rule: Rule) -> bool:
    peers = not wider.peers or (
        bool(rule.peers)
        and all(any(_holds(large, peer) for large in wider.peers) for peer in rule.peers)
    )
    ports = not wider.ports or (
        bool(rule.ports)
        and all(any(_spans(large, port) for large in wider.ports) for port in rule.ports)
    )
    return peers and ports


def _selects_as_much(wider: Selector, selector: Selector) -> bool:
    """Tell whether every condition of `wider` is one of the selector's too."""
    return set(wider.labels) <= set(selector.labels) and set(wider.expressions) <= set(
        selector.expressions
    )


def _holds(wider: Peer, peer: Peer) -> bool:
    if wider.block or peer.block:
        return _surrounds(wider.block, peer.block)
    if (wider.namespaces is None) != (peer.namespaces is None):
        return False
    everything = Selector()
    return _selects_as_much(
        wider.namespaces or everything, peer.namespaces or everything
    ) and _selects_as_much(wider.pods or everything, peer.pods or everything)


def _surrounds(wider: Block | None, block: Block | None) -> bool:
    if wider is None or block is None:
        return False
    return all(
        any(
            large.version == span.version and large.first <= span.first and span.last <= large.last
            for large in spans_in(wider)
        )
        for span in spans_in(block)
    )


def _spans(wider: PortMatch, port: PortMatch) -> bool:
    if wider.protocol is not port.protocol:
        return False
    if wider.name or port.name:
        is_every = not wider.name and (wider.first, wider.last) == (PortMatch.first, PortMatch.last)
        return is_every or wider.name == port.name
    return wider.first <= port.first and port.last <= wider.last
