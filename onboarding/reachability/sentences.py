"""What a set of NetworkPolicies allows, in sentences for a person. Wording is stable.

Reads the objects themselves, never the wish they came from, so the sentences describe exactly what
would be applied. Both ends must allow a connection; an allow that stands on one side only is said
so. Source of the semantics: Kubernetes documentation, "Network Policies".
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from onboarding.domain.objects import Json, Manifest, branch, items, text

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
# RFC 1918, RFC 6598 and RFC 3927: addresses that are not the internet.
NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
)
METADATA_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class _Path:
    """One allow rule: who on which side, on which ports. `peer` is in words."""

    direction: str
    pods: str
    peer: str
    inside: bool
    ports: str


def sentences(manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """Return the sentences for one namespace's objects; () when they hold no policy."""
    policies = [manifest for manifest in manifests if text(manifest, "kind") == "NetworkPolicy"]
    if not policies:
        return ()
    paths = [path for policy in policies for path in _paths(policy)]
    inside = [path for path in paths if path.inside]
    said = [
        *_internal(inside),
        *(_external(path) for path in paths if not path.inside),
    ]
    return (*dict.fromkeys(said), _closing(policies, said=bool(said)))


def _internal(paths: list[_Path]) -> Iterator[str]:
    """Join the two halves of traffic inside the namespace; name a half that stands alone."""
    sending = {(path.pods, path.peer, path.ports) for path in paths if path.direction == "Egress"}
    for path in paths:
        if path.direction != "Ingress":
            continue
        subject = f"{path.pods} may"
        if (path.peer, path.pods, path.ports) in sending:
            object_ = "each other" if path.peer == path.pods else _small(path.peer)
            yield f"{subject} reach {object_} {path.ports}."
        else:
            yield f"{subject} be reached by {_small(path.peer)} {path.ports}, if those may send."


def _external(path: _Path) -> str:
    if path.direction == "Ingress":
        return f"{_capital(path.peer)} may reach {_small(path.pods)} {path.ports}."
    return f"{path.pods} may reach {_small(path.peer)} {path.ports}."


def _closing(policies: list[Manifest], *, said: bool) -> str:
    closed = {
        direction
        for policy in policies
        if not branch(policy, "spec", "podSelector")
        for direction in _directions(policy)
    }
    if closed == {"Ingress", "Egress"}:
        return "Nothing else gets in or out." if said else "Nothing gets in or out."
    open_ways = {"Ingress": "in", "Egress": "out"}
    missing = " or ".join(way for side, way in open_ways.items() if side not in closed)
    return f"Pods that no policy selects let everything {missing}."


def _directions(policy: Manifest) -> list[str]:
    """Return the directions a policy isolates; Egress is implied only by an egress rule."""
    listed = branch(policy, "spec").get("policyTypes")
    if isinstance(listed, list):
        return [str(direction) for direction in listed]
    return ["Ingress", *(["Egress"] if branch(policy, "spec").get("egress") else [])]


def _paths(policy: Manifest) -> Iterator[_Path]:
    namespace = text(policy, "metadata", "namespace")
    pods = _pods(branch(policy, "spec", "podSelector"))
    for direction, rules, side in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
        if direction not in _directions(policy):
            continue
        for rule in items(policy, "spec", rules):
            ports = _ports(rule)
            peers = items(rule, side)
            if not peers:
                anywhere = "anybody" if direction == "Ingress" else "any address"
                yield _Path(direction, pods, anywhere, inside=False, ports=ports)
            for peer in peers:
                words, inside = _peer(peer, namespace)
                yield _Path(direction, pods, words, inside=inside, ports=ports)


def _peer(peer: Manifest, own_namespace: str) -> tuple[str, bool]:
    """Return a peer in words, and whether it lies inside the policy's own namespace."""
    block = branch(peer, "ipBlock")
    if block:
        return _addresses(block), False
    pods = _pods(branch(peer, "podSelector"))
    if "namespaceSelector" not in peer:
        return pods, True
    labels = branch(peer, "namespaceSelector", "matchLabels")
    name = labels.get(METADATA_NAME)
    if name == own_namespace:
        return pods, True
    if name:
        return f"{pods} in {name}", False
    if not branch(peer, "namespaceSelector"):
        return f"{pods} in every namespace", False
    return f"{pods} in namespaces labelled {_selector(branch(peer, 'namespaceSelector'))}", False


def _addresses(block: Manifest) -> str:
    """Return an ipBlock in words; "public" is only said when every private range is cut out."""
    cidr, listed = text(block, "cidr"), block.get("except")
    cut = [ipaddress.ip_network(str(one)) for one in listed] if isinstance(listed, list) else []
    if cidr == "0.0.0.0/0" and all(_is_covered(one, cut) for one in NOT_PUBLIC):
        return "any public address"
    left_out = f" except {', '.join(map(str, cut))}" if cut else ""
    return f"addresses in {cidr}{left_out}"


def _is_covered(network: ipaddress.IPv4Network, cut: Iterable[_Network]) -> bool:
    return any(isinstance(one, ipaddress.IPv4Network) and network.subnet_of(one) for one in cut)


def _pods(selector: Manifest) -> str:
    return f"Pods labelled {_selector(selector)}" if selector else "Every pod"


def _selector(selector: Manifest) -> str:
    labels = [f"{key}={value}" for key, value in sorted(branch(selector, "matchLabels").items())]
    expressions = [
        " ".join([text(rule, "key"), text(rule, "operator"), _values(rule.get("values"))]).strip()
        for rule in items(selector, "matchExpressions")
    ]
    return ", ".join([*labels, *expressions])


def _values(values: Json) -> str:
    return f"({', '.join(map(str, values))})" if isinstance(values, list) and values else ""


def _ports(rule: Manifest) -> str:
    ports = items(rule, "ports")
    if not ports:
        return "on every port"
    words = [
        " ".join([text(port, "protocol") or "TCP", _port_number(port)]).strip() for port in ports
    ]
    return f"on {' and '.join(words)}"


def _port_number(port: Manifest) -> str:
    start, end = port.get("port"), port.get("endPort")
    if start is None:
        return "on every port"
    return f"{start} to {end}" if end else str(start)


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
