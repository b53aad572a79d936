"""Rules that open more than their author is likely to mean: to everybody, to any namespace."""

from collections.abc import Iterator
from itertools import pairwise

from onboarding.reachability.lint import wording
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.lint.scene import PlacedRule, Scene, pinned_names, placed_rules
from onboarding.reachability.model import METADATA_NAME, Peer, Policy

ALLOWS_EVERYBODY = Code(
    id="BH001",
    name="allows-everybody",
    severity=Severity.ERROR,
    milder="warning where the rule lists ports",
    title="A rule without `from` or `to` allows everybody",
    why="""\
A rule that names nobody does not mean “nobody”: it allows every pod of every namespace and every
address. `- {}` opens the direction altogether. To allow nothing, leave the list of rules empty.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - {}
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
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
          podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
      ports:
        - {protocol: TCP, port: 8080}
""",
)
ALLOWS_EVERY_NAMESPACE = Code(
    id="BH002",
    name="allows-every-namespace",
    severity=Severity.WARNING,
    title="An empty `namespaceSelector` means every namespace",
    why="""\
`namespaceSelector: {}` selects all namespaces, those of other teams and those made tomorrow. A
`podSelector` beside it narrows little: anybody may put the same labels on pods of their own.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {}
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
""",
)
UNPINNED_NAMESPACE = Code(
    id="BH003",
    name="unpinned-namespace",
    severity=Severity.WARNING,
    title="A namespace is chosen by a label that others can set",
    why="""\
Whoever may label any namespace can give it the label this rule looks for and so gets the same
access. The API server itself sets `kubernetes.io/metadata.name` and keeps it true: select by it,
alone or beside your label.""",
    bad="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-web, namespace: payments-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {project: orders}}
          podSelector: {matchLabels: {app: basket}}
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
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: orders-prod, project: orders}
          podSelector: {matchLabels: {app: basket}}
""",
)
OR_INSTEAD_OF_AND = Code(
    id="BH004",
    name="or-instead-of-and",
    severity=Severity.WARNING,
    title="A dash too many: two items where one was probably meant",
    why="""\
With a dash before each, a `namespaceSelector` and a `podSelector` are two separate permissions:
all pods of that namespace, **or** those pods of the policy's own namespace. In one item, under one
dash, they mean those pods **in** that namespace.""",
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
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: orders-prod}}
          podSelector: {matchLabels: {app: basket}}
""",
)
CODES = (ALLOWS_EVERYBODY, ALLOWS_EVERY_NAMESPACE, UNPINNED_NAMESPACE, OR_INSTEAD_OF_AND)


def check_opening(_: Scene, policy: Policy) -> Iterator[Finding]:
    """Yield what the rules of a policy open beyond what is named."""
    for placed in placed_rules(policy):
        if not placed.rule.peers:
            yield _everybody(placed)
        for peer, field in placed.peers():
            yield from _namespaces(placed, peer, field)
        yield from _dashes(placed)


def _everybody(placed: PlacedRule) -> Finding:
    key, may = (
        ("from", "everybody may connect to these pods")
        if placed.is_ingress
        else ("to", "these pods may connect to everybody")
    )
    message = (
        f"This rule has no “{key}”, so {may} on {wording.ports(placed.rule)}: every pod of the "
        f"cluster and every address outside. List under “{key}” who is meant."
    )
    severity = Severity.WARNING if placed.rule.ports else Severity.ERROR
    return placed.found(ALLOWS_EVERYBODY, message, field=placed.field, severity=severity)


def _namespaces(placed: PlacedRule, peer: Peer, field: str) -> Iterator[Finding]:
    if peer.namespaces is None:
        return
    if peer.namespaces.is_empty:
        message = (
            "The empty “namespaceSelector” stands for every namespace, those of other teams and "
            f"those yet to come. Name the namespaces with {METADATA_NAME}."
        )
        yield placed.found(ALLOWS_EVERY_NAMESPACE, message, field=f"{field}.namespaceSelector")
    elif pinned_names(peer.namespaces) is None:
        message = (
            f"Any namespace that gets the labels {wording.labelled(peer.namespaces)} falls under "
            f"this rule, whoever sets them. Add {METADATA_NAME} with the name that is meant."
        )
        yield placed.found(UNPINNED_NAMESPACE, message, field=f"{field}.namespaceSelector")


def _dashes(placed: PlacedRule) -> Iterator[Finding]:
    peers = placed.rule.peers
    for number, (one, following) in enumerate(pairwise(peers)):
        only_namespaces = one.namespaces is not None and one.pods is None
        only_pods = following.namespaces is None and following.pods is not None
        if only_namespaces and only_pods:
            message = (
                "These two items are two permissions: every pod of the first's namespaces, or the "
                "second's pods in this policy's own namespace. If those pods in those namespaces "
                "are meant, take away the dash before “podSelector”."
            )
            yield placed.found(
                OR_INSTEAD_OF_AND, message, field=f"{placed.side}[{number + 1}].podSelector"
            )
