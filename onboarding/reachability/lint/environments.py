"""Paths between production and what is not production, as they are in effect.

Asks the estate, not the rules: where both ends are open no rule is needed for a path.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from onboarding.reachability.estate import Estate
from onboarding.reachability.lint import wording
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.lint.scene import Scene
from onboarding.reachability.model import Direction, RuleRef, Verdict
from onboarding.reachability.sets import places

_OTHERS = """\
apiVersion: v1
kind: Namespace
metadata: {name: payments-test, labels: {bulkhead.dev/environment: test}}
---
apiVersion: v1
kind: Pod
metadata: {name: trial, namespace: payments-test, labels: {app: trial}}
spec:
  containers: [{name: trial, image: trial}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-incoming, namespace: payments-test}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-incoming, namespace: orders-prod}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-incoming, namespace: payments-prod}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: []}
---
"""
MIXED_ENVIRONMENTS = Code(
    id="BH020",
    name="mixed-environments",
    severity=Severity.ERROR,
    title="A path between production and another environment",
    why="""\
Test and development are open to more people and guarded less. A path to production carries their
faults, and their intruders, into it. Judged by the namespaces' label `bulkhead.dev/environment`;
namespaces without it are left out.""",
    bad=f"""\
{_OTHERS}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-web, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: payments-test}}}}
      ports:
        - {{protocol: TCP, port: 8080}}
""",
    mended=f"""\
{_OTHERS}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: allow-web, namespace: payments-prod}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: orders-prod}}}}
      ports:
        - {{protocol: TCP, port: 8080}}
""",
)
CODES = (MIXED_ENVIRONMENTS,)


# (sender, receiver) as endpoints
_Pair = tuple[int, int]


def check_environments(
    scene: Scene, estate: Estate | None, namespaces: Collection[str] | None
) -> Iterator[Finding]:
    """Yield paths across the border of production: into or out of the given namespaces.

    Without `namespaces` each path is told once, at its production end.
    """
    production, others = _by_kind(scene)
    asked = production if namespaces is None else {*production, *others} & set(namespaces)
    if not (production and others and asked):
        return
    border = _Border(scene, estate or Estate(scene.world), whole=namespaces is None)
    for name in sorted(asked):
        for direction in Direction:
            pairs = border.pairs(name, others if name in production else production, direction)
            if pairs:
                yield border.finding(name, direction, pairs)


def _by_kind(scene: Scene) -> tuple[set[str], set[str]]:
    """Return namespaces labelled as production, and those labelled otherwise."""
    production: set[str] = set()
    others: set[str] = set()
    for name, labels in scene.world.namespaces.items():
        kind = labels.get(scene.conventions.environment_label)
        if kind is not None:
            (production if kind in scene.conventions.production else others).add(name)
    return production, others


@dataclass(frozen=True)
class _Border:
    """Who reaches whom across environments. `whole` asks for every pair of the estate at once."""

    scene: Scene
    estate: Estate
    whole: bool
    _known: dict[str, dict[Direction, dict[int, int]]] = field(default_factory=dict)

    @cached_property
    def _rows(self) -> list[int]:
        rows = [0] * len(self.estate.endpoints)
        for port_class in range(len(self.estate.port_classes)):
            rows = [
                known | row for known, row in zip(rows, self.estate.rows(port_class), strict=True)
            ]
        return rows

    def pairs(self, name: str, beyond: Iterable[str], direction: Direction) -> list[_Pair]:
        """Return one pair for each namespace of `beyond` with a path to or from `name`."""
        own = self._bits(name)
        found = (
            self._from_whole(own, self._bits(other), direction)
            if self.whole
            else self._from_around(name, self._bits(other), direction)
            for other in sorted(beyond)
        )
        return [pair for pair in found if pair]

    def _bits(self, name: str) -> int:
        return self.estate.layout.namespaces.get(name, 0)

    def _from_whole(self, own: int, other: int, direction: Direction) -> _Pair | None:
        senders, receivers = (other, own) if direction is Direction.INGRESS else (own, other)
        for sender in places(senders):
            for receiver in places(self._rows[sender] & receivers):
                return sender, receiver
        return None

    def _from_around(self, name: str, other: int, direction: Direction) -> _Pair | None:
        for place, reached in self._around(name)[direction].items():
            for far in places(reached & other):
                return (far, place) if direction is Direction.INGRESS else (place, far)
        return None

    def _around(self, name: str) -> dict[Direction, dict[int, int]]:
        """Return {own endpoint: bits of the others} for both ways, on any port."""
        if name not in self._known:
            around = self.estate.around(name)
            self._known[name] = {
                Direction.INGRESS: _merged(one.inward for one in around),
                Direction.EGRESS: _merged(one.outward for one in around),
            }
        return self._known[name]

    def finding(self, name: str, direction: Direction, pairs: list[_Pair]) -> Finding:
        """Return the finding for a namespace and a direction, by its first path."""
        verdict, port = self._allowed(pairs[0])
        own, far = (1, 0) if direction is Direction.INGRESS else (0, 1)
        label = self.scene.conventions.environment_label
        kinds = self.scene.world.namespaces
        beyond = [self.estate.endpoints[pair[far]].namespace for pair in pairs]
        named = [f"{one} ({kinds[one][label]})" for one in beyond]
        verb = "can be reached from" if own else "can reach"
        message = (
            f"{name} ({kinds[name][label]}) {verb} {wording.listing(named)}"
            f"{_cause(verdict, port)}. "
            "Keep production apart unless this path is really needed."
        )
        rule = _rule(verdict, name)
        return Finding(
            MIXED_ENVIRONMENTS,
            MIXED_ENVIRONMENTS.severity,
            message,
            policy=rule.policy if rule else None,
            rule=rule,
            field=f"spec.{rule.direction.lower()}[{rule.index}]" if rule else "",
        )

    def _allowed(self, pair: _Pair) -> tuple[Verdict, str]:
        """Return the verdict of the first port on which a pair is connected."""
        for port_class in self.estate.port_classes:
            protocol, port = port_class.example
            verdict = self.estate.verdict(*pair, protocol, port)
            if verdict.allowed:
                return verdict, f"{protocol} {port}"
        raise LookupError(f"endpoints {pair} are not connected")


def _merged(several: Iterable[dict[int, int]]) -> dict[int, int]:
    merged: dict[int, int] = {}
    for one in several:
        for place, bits in one.items():
            merged[place] = merged.get(place, 0) | bits
    return merged


def _rule(verdict: Verdict, namespace: str) -> RuleRef | None:
    """Return the rule that lets a path through, one of the namespace's own before others."""
    rules = (*verdict.ingress.allowing, *verdict.egress.allowing)
    own = [rule for rule in rules if rule.policy.namespace == namespace]
    return next(iter((*own, *rules)), None)


def _cause(verdict: Verdict, port: str) -> str:
    if verdict.ingress.allowing or verdict.egress.allowing:
        return f", for example on {port}"
    return ", because no policy restricts either end"
