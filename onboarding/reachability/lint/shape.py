"""Policies whose form hides what they do: missing types, rules without effect, two directions."""

from collections.abc import Iterator

from onboarding.reachability.lint.finding import Code, Finding, Severity, about
from onboarding.reachability.lint.scene import Scene
from onboarding.reachability.model import Direction, Policy, RuleRef

TYPES_MISSING = Code(
    id="BH013",
    name="types-missing",
    severity=Severity.WARNING,
    title="A denial that does not say that it is for outgoing traffic",
    why="""\
Without `policyTypes`, a policy restricts outgoing traffic only if it has an egress rule. A policy
without rules, even with `egress: []`, then denies incoming traffic alone and leaves the way out
open.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: api}}
  egress: []
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-incoming, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress: []
""",
)
INERT_RULES = Code(
    id="BH014",
    name="inert-rules",
    severity=Severity.WARNING,
    title="Rules of a direction that the policy does not speak about",
    why="""\
Rules count only for the directions in `policyTypes`. Others are stored and ignored: they allow
nothing, and the direction stays as open or closed as it was.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
  egress:
    - to:
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
BOTH_DIRECTIONS = Code(
    id="BH015",
    name="both-directions",
    severity=Severity.INFO,
    title="Rules for both directions in one policy",
    why="""\
The policy is valid. Two policies, one for each direction, are easier to read and to change, and
network plugins have had faults with both directions in one object.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
""",
    mended="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-in, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-out, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
""",
)
CODES = (TYPES_MISSING, INERT_RULES, BOTH_DIRECTIONS)


def check_shape(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Yield what the form of a policy hides."""
    if _seems_to_deny_egress(policy) and not _is_fenced(scene, policy):
        message = (
            "This policy denies incoming traffic only; what its pods may connect to stays open. "
            "Say what is meant: “policyTypes: [Ingress, Egress]” to deny both, “[Ingress]” if not."
        )
        yield about(policy, TYPES_MISSING, message, field="spec.policyTypes")
    yield from _inert(policy)
    if policy.rules(Direction.INGRESS) and policy.rules(Direction.EGRESS):
        message = (
            "This policy has rules for both directions. It works; two policies, one for each "
            "direction, are easier to read and safer with some network plugins."
        )
        yield about(policy, BOTH_DIRECTIONS, message)


def _seems_to_deny_egress(policy: Policy) -> bool:
    """Guess from the name and from having no rules; an author who wrote the types has decided."""
    if policy.lists_types or policy.egress:
        return False
    name = policy.ref.name.lower()
    return "egress" in name or not (policy.ingress or "ingress" in name or "incoming" in name)


def _is_fenced(scene: Scene, policy: Policy) -> bool:
    """Tell whether another policy restricts outgoing traffic of every pod there."""
    return any(
        other.pods.is_empty and Direction.EGRESS in other.isolates
        for other in scene.policies[policy.ref.namespace]
    )


def _inert(policy: Policy) -> Iterator[Finding]:
    written = {Direction.INGRESS: policy.ingress, Direction.EGRESS: policy.egress}
    for direction, rules in written.items():
        if not rules or direction in policy.isolates:
            continue
        message = (
            f"The rules under “{direction.lower()}” are ignored, because “policyTypes” does not "
            f"list {direction}. Add {direction} there, or take the rules away."
        )
        rule = RuleRef(policy.ref, direction, 0)
        field = f"spec.{direction.lower()}"
        yield Finding(INERT_RULES, INERT_RULES.severity, message, policy.ref, rule, field)
