"""Ports in rules that no pod listens on: a Service's port instead of the pods', an unknown name.

Source: Kubernetes documentation, "Network Policies" and "Service": policies speak of pod ports.
"""

from collections.abc import Iterator

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.lint.finding import Code, Finding, Severity
from onboarding.reachability.lint.scene import PlacedRule, Scene, placed_rules
from onboarding.reachability.model import Pod, Policy, PortMatch, ServicePort
from onboarding.reachability.selectors import matches

SERVICE_PORT = Code(
    id="BH016",
    name="service-port",
    severity=Severity.WARNING,
    title="The port of a Service where the port of the pods is meant",
    why="""\
A Service may listen on 80 and hand over to pods that listen on 8080. Policies are applied to the
pods, after the Service has handed over, so the rule must name the pods' port (`targetPort`).""",
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
      ports:
        - {protocol: TCP, port: 80}
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
      ports:
        - {protocol: TCP, port: 8080}
""",
)
UNSERVED_PORT_NAME = Code(
    id="BH017",
    name="unserved-port-name",
    severity=Severity.WARNING,
    title="A port name that no pod has",
    why="""\
A named port is looked up on each pod that is connected to, by its name and protocol. Where no pod
has a port of that name the rule opens nothing, and nobody reports it. A number is safer.""",
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
      ports:
        - {protocol: TCP, port: web}
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
      ports:
        - {protocol: TCP, port: 8080}
""",
)
CODES = (SERVICE_PORT, UNSERVED_PORT_NAME)


def check_ports(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Yield ports of a policy's rules that nobody listens on."""
    for placed in placed_rules(policy):
        if not placed.rule.ports:
            continue
        listeners = _listeners(scene, placed)
        for number, match in enumerate(placed.rule.ports):
            field = f"{placed.field}.ports[{number}].port"
            if match.name:
                yield from _name(placed, match, listeners, field)
            elif match.first == match.last:
                yield from _number(scene, placed, (match, field), listeners)


def _listeners(scene: Scene, placed: PlacedRule) -> list[Pod]:
    """Return the pods that are connected to; an egress rule without peers says nothing of them."""
    own = placed.policy.ref.namespace
    found = (
        scene.selected(placed.policy)
        if placed.is_ingress
        else [pod for peer in placed.rule.peers for pod in scene.peer_pods(peer, own)]
    )
    return [pod for pod in found if pod.kind != ASSUMED]  # nobody knows what they will listen on


def _name(
    placed: PlacedRule, match: PortMatch, listeners: list[Pod], field: str
) -> Iterator[Finding]:
    if listeners and not any(served(pod, match) for pod in listeners):
        message = (
            f"None of the pods that are connected to has a {match.protocol} port named "
            f"“{match.name}”, so this opens nothing. Write the port's number instead."
        )
        yield placed.found(UNSERVED_PORT_NAME, message, field=field)


def served(pod: Pod, match: PortMatch) -> bool:
    """Tell whether a pod has the port a rule names; any number may be listened on."""
    return not match.name or any(
        (port.name, port.protocol) == (match.name, match.protocol) for port in pod.ports
    )


def _number(
    scene: Scene, placed: PlacedRule, match_at: tuple[PortMatch, str], listeners: list[Pod]
) -> Iterator[Finding]:
    match, field = match_at
    behind = {
        (name, target) for pod in listeners for name, target in _handed_over(scene, pod, match)
    }
    if not behind or any(target == match.first for _, target in behind):
        return
    name, target = min(behind)
    message = (
        f"{match.first} is the port of the Service {name}; its pods listen on {target}, and a "
        f"policy is applied to the pods. Write {target} here."
    )
    yield placed.found(SERVICE_PORT, message, field=field)


def _handed_over(scene: Scene, pod: Pod, match: PortMatch) -> Iterator[tuple[str, int]]:
    """Yield (Service, pod port) for what is called by this number, or listens on it anyway."""
    if any((port.number, port.protocol) == (match.first, match.protocol) for port in pod.ports):
        yield "", match.first
    for service in scene.services.get(pod.namespace, []):
        if not matches(service.selector, pod.labels):
            continue
        for port in service.ports:
            target = _target(pod, port)
            if port.protocol is match.protocol and target and match.first in {port.number, target}:
                yield service.name, target


def _target(pod: Pod, port: ServicePort) -> int | None:
    if isinstance(port.target, int):
        return port.target
    numbers = (
        one.number for one in pod.ports if (one.name, one.protocol) == (port.target, port.protocol)
    )
    return next(numbers, None)
