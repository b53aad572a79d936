"""NetworkPolicy read word by word: one pair, one port, straight from the dicts, no cleverness.

The second opinion to `onboarding.reachability`. It shares no line with it, so that both can only
agree by meaning the same. An end is a Pod manifest or an address outside every pod.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]
End: TypeAlias = "Tree | str"
Port: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class PlainEvaluator:
    """Answers from Namespace, Pod, Node and NetworkPolicy manifests."""

    manifests: Iterable[Tree]
    namespaces: dict[str, dict[str, str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for one in self._all("Namespace"):
            name = one["metadata"]["name"]
            labels = one["metadata"].get("labels") or {}
            self.namespaces[name] = {**labels, "kubernetes.io/metadata.name": name}

    def allows(self, source: End, destination: End, port: Port) -> bool:
        """Tell whether `source` may open a connection to `destination`; they must differ."""
        return self._lets_out(source, destination, port) and self._lets_in(
            source, destination, port
        )

    def _lets_out(self, source: End, destination: End, port: Port) -> bool:
        isolating = self._isolating(source, "Egress")
        return not isolating or any(
            self._names(rule.get("to"), destination, where)
            and _ports_match(rule, destination, port)
            for where, rule in _rules(isolating, "egress")
        )

    def _lets_in(self, source: End, destination: End, port: Port) -> bool:
        isolating = self._isolating(destination, "Ingress")
        return (
            not isolating
            or self._is_own_node(destination, source)
            or any(
                self._names(rule.get("from"), source, where)
                and _ports_match(rule, destination, port)
                for where, rule in _rules(isolating, "ingress")
            )
        )

    def _isolating(self, end: End, direction: str) -> list[Tree]:
        if not _is_plain_pod(end):
            return []
        return [one for one in self._all("NetworkPolicy") if _applies(one, end, direction)]

    def _names(self, peers: list[Tree] | None, end: End, own_namespace: str) -> bool:
        return not peers or any(self._peer_matches(peer, end, own_namespace) for peer in peers)

    def _all(self, kind: str) -> Iterator[Tree]:
        return (one for one in self.manifests if one["kind"] == kind)

    def _peer_matches(self, peer: Tree, end: End, own_namespace: str) -> bool:
        if peer.get("ipBlock") is not None:
            return any(_in_block(peer["ipBlock"], address) for address in _addresses(end))
        if not _is_plain_pod(end):
            return False
        namespace = end["metadata"]["namespace"]
        if peer.get("namespaceSelector") is None:
            is_there = namespace == own_namespace
        else:
            is_there = _selects(peer["namespaceSelector"], self.namespaces[namespace])
        return is_there and _selects(peer.get("podSelector") or {}, _labels(end))

    def _is_own_node(self, pod: Tree, there: End) -> bool:
        node = pod["spec"].get("nodeName")
        if not node:
            return False
        if isinstance(there, dict):
            return bool(there["spec"].get("hostNetwork")) and there["spec"].get("nodeName") == node
        machines = [one for one in self._all("Node") if one["metadata"]["name"] == node]
        return any(there == one["address"] for m in machines for one in m["status"]["addresses"])


def _is_plain_pod(end: End) -> bool:
    """Policies only know pods that have a network of their own."""
    return isinstance(end, dict) and not end["spec"].get("hostNetwork")


def _applies(policy: Tree, pod: Tree, direction: str) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return (
        direction in types
        and policy["metadata"]["namespace"] == pod["metadata"]["namespace"]
        and _selects(spec.get("podSelector") or {}, _labels(pod))
    )


def _labels(pod: Tree) -> dict[str, str]:
    return pod["metadata"].get("labels") or {}


def _addresses(end: End) -> list[str]:
    return [end] if isinstance(end, str) else [one["ip"] for one in end["status"]["podIPs"]]


def _selects(selector: Tree, labels: dict[str, str]) -> bool:
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, listed = expression["key"], expression.get("values") or []
        holds = {
            "In": key in labels and labels[key] in listed,
            "NotIn": key not in labels or labels[key] not in listed,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds[expression["operator"]]:
            return False
    return True


def _in_block(block: Tree, address: str) -> bool:
    where = ipaddress.ip_address(address)
    return where in ipaddress.ip_network(block["cidr"]) and not any(
        where in ipaddress.ip_network(cut) for cut in block.get("except") or []
    )


def _rules(policies: list[Tree], direction: str) -> Iterator[tuple[str, Tree]]:
    """Each rule with the namespace of its policy."""
    for one in policies:
        for rule in one["spec"].get(direction) or []:
            yield one["metadata"]["namespace"], rule


def _ports_match(rule: Tree, destination: End, port: Port) -> bool:
    return not rule.get("ports") or any(
        _port_matches(one, destination, port) for one in rule["ports"]
    )


def _port_matches(one: Tree, destination: End, port: Port) -> bool:
    protocol, number = port
    if one.get("protocol", "TCP") != protocol:
        return False
    wanted = one.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return wanted <= number <= one.get("endPort", wanted)
    return _is_plain_pod(destination) and any(
        (known.get("name"), known.get("protocol", "TCP"), known["containerPort"])
        == (wanted, protocol, number)
        for container in destination["spec"]["containers"]
        for known in container.get("ports") or []
    )
