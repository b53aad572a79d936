"""Selectors that select nothing now, or only pods that policies cannot touch."""

from collections.abc import Iterator

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.lint import wording
from onboarding.reachability.lint.finding import Code, Finding, Severity, about
from onboarding.reachability.lint.scene import PlacedRule, Scene, placed_rules
from onboarding.reachability.model import Peer, Pod, Policy, Selector

POLICY_SELECTS_NOTHING = Code(
    id="BH009",
    name="policy-selects-nothing",
    severity=Severity.WARNING,
    milder="info, once, while the namespace has no pods at all",
    title="A policy that no pod falls under",
    why="""\
No pod of the namespace carries the labels the policy looks for, so it neither protects nor allows
anything. Most often a label is misspelt, or stands on the Deployment instead of its pods.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: webb}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
""",
)
PEER_SELECTS_NOTHING = Code(
    id="BH010",
    name="peer-selects-nothing",
    severity=Severity.WARNING,
    milder="info where the chosen namespaces have no pods at all",
    title="A rule allows pods that do not exist",
    why="""\
No pod matches the other end of the rule, so it opens nothing. Namespaces are chosen by labels, not
by name: a namespace is only found by a label that somebody put on it, or by
`kubernetes.io/metadata.name`.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: orders-prod}}
          podSelector: {matchLabels: {app: web}}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: orders-prod}}
          podSelector: {matchLabels: {app: basket}}
""",
)
_HOST_CONTROLLER = """\
apiVersion: v1
kind: Namespace
metadata: {name: edge}
---
apiVersion: v1
kind: Pod
metadata: {name: edge, namespace: edge, labels: {app: edge}}
spec:
  hostNetwork: true
  containers: [{name: edge, image: edge}]
---
"""
_POD_CONTROLLER = _HOST_CONTROLLER.replace("  hostNetwork: true\n", "")
HOST_NETWORK_PEER = Code(
    id="BH011",
    name="host-network-peer",
    severity=Severity.WARNING,
    title="A rule chooses pods on the host's network, which labels cannot find",
    why="""\
Pods with `hostNetwork: true`, as some ingress controllers have, speak with the address of their
machine. To a policy they are the machine: a selector of namespaces or pods never matches them.
Allow the machines' addresses with an `ipBlock`, or run the controller on the pod network.""",
    bad=f"""\
{_HOST_CONTROLLER}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-edge, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: edge}}}}
          podSelector: {{matchLabels: {{app: edge}}}}
""",
    mended=f"""\
{_POD_CONTROLLER}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-edge, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: edge}}}}
          podSelector: {{matchLabels: {{app: edge}}}}
""",
)
HOST_NETWORK_PODS = Code(
    id="BH012",
    name="host-network-pods",
    severity=Severity.INFO,
    title="A policy selects pods on the host's network, which it does not protect",
    why="""\
What policies do to pods with `hostNetwork: true` is undefined; most network plugins treat them as
the machine they run on and leave them open. Bulkhead's namespaces refuse such pods.""",
    bad="""\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: payments-prod, labels: {app: agent}}
spec:
  hostNetwork: true
  containers: [{name: agent, image: agent}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-incoming, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: agent}}
  policyTypes: [Ingress]
  ingress: []
""",
    mended="""\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: payments-prod, labels: {app: agent}}
spec:
  containers: [{name: agent, image: agent}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-incoming, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: agent}}
  policyTypes: [Ingress]
  ingress: []
""",
)
CODES = (POLICY_SELECTS_NOTHING, PEER_SELECTS_NOTHING, HOST_NETWORK_PEER, HOST_NETWORK_PODS)


def check_namespace_is_empty(scene: Scene, namespace: str) -> Iterator[Finding]:
    """Say once, for all policies of a namespace, that they have no pods yet."""
    if not scene.running(namespace):
        message = (
            f"{namespace} has no pods yet, so its policies select nothing for now. They take "
            "effect when pods with the right labels start."
        )
        yield Finding(POLICY_SELECTS_NOTHING, Severity.INFO, message)


def check_emptiness(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Yield selectors of a policy that find nothing, or nothing they can act on."""
    running = scene.running(policy.ref.namespace)
    selected = [pod for pod in scene.selected(policy) if pod.kind != ASSUMED]
    if running and not selected:
        message = (
            f"No pod of {policy.ref.namespace} has the labels {wording.labelled(policy.pods)}, so "
            "this policy has no effect. Compare them with the labels of the pods themselves."
        )
        yield about(policy, POLICY_SELECTS_NOTHING, message, field="spec.podSelector")
    yield from _on_host(policy, [pod for pod in selected if pod.host_network])
    for placed in placed_rules(policy):
        for peer, field in placed.peers():
            if not peer.block:
                yield from _peer(scene, placed, peer, field)


def _on_host(policy: Policy, pods: list[Pod]) -> Iterator[Finding]:
    if pods:
        message = (
            f"Pods on the network of their machine fall under this policy, such as "
            f"{wording.named(pods[0])}. It most likely does nothing there: do not rely on it."
        )
        yield about(policy, HOST_NETWORK_PODS, message, field="spec.podSelector")


def _peer(scene: Scene, placed: PlacedRule, peer: Peer, field: str) -> Iterator[Finding]:
    own = placed.policy.ref.namespace
    found = [pod for pod in scene.peer_pods(peer, own) if pod.kind != ASSUMED]
    if not found:
        yield from _nobody(scene, placed, peer, field)
    elif all(pod.host_network for pod in found):
        named = wording.named_for(placed.policy, found[0]) or f"those of {found[0].namespace}"
        message = (
            f"The pods that are meant, such as {named}, run on the network of "
            "their machine. No selector can match them there, so this opens nothing: allow the "
            "machines' addresses with an “ipBlock” instead."
        )
        yield placed.found(HOST_NETWORK_PEER, message, field=field)


def _nobody(scene: Scene, placed: PlacedRule, peer: Peer, field: str) -> Iterator[Finding]:
    own = placed.policy.ref.namespace
    namespaces = scene.namespaces_of(peer, own)
    populated = [name for name in namespaces if scene.running(name)]
    if not populated and own in namespaces:
        return  # the namespace itself is empty, which is said once
    severity = Severity.WARNING
    if not namespaces and peer.namespaces:
        chosen = wording.labelled(peer.namespaces)
        message = (
            f"No namespace has the labels {chosen}, so this opens nothing. Check the name, or put "
            "the label on the namespace that is meant."
        )
    elif not populated:
        severity = Severity.INFO
        message = f"{wording.listing(namespaces)} has no pods yet, so this opens nothing for now."
    else:
        chosen = wording.labelled(peer.pods or Selector())
        message = (
            f"No pod of {wording.listing(populated)} has the labels {chosen}, so this opens "
            "nothing. Compare them with the labels of the pods themselves."
        )
    yield placed.found(PEER_SELECTS_NOTHING, message, field=field, severity=severity)
