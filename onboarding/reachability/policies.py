"""A NetworkPolicy manifest → Policy, with the API server's own strictness.

An unknown or mistyped field is an error here, never skipped: `from` under `egress` would otherwise
turn a narrow rule into one that allows everybody. Source: `networking.k8s.io/v1` types and their
validation.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from onboarding.domain.labels import is_label_key, is_label_value
from onboarding.domain.objects import Json, Manifest, branch, text
from onboarding.domain.ownership import TEMPLATE
from onboarding.reachability.model import (
    LAST_PORT,
    Block,
    Direction,
    Network,
    Operator,
    Peer,
    Policy,
    PolicyRef,
    PortMatch,
    Protocol,
    Requirement,
    Rule,
    Selector,
)

API_VERSION = "networking.k8s.io/v1"
_IPV4_IN_IPV6 = ipaddress.IPv6Network("::ffff:0:0/96")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?!-)){0,14}(?<!-)")
_Word = TypeVar("_Word", Operator, Protocol, Direction)
_Item = TypeVar("_Item")


class BadPolicy(ValueError):
    """The API server would refuse this. `field` is e.g. `spec.egress[0].ports[1].endPort`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


def read_policy(manifest: Manifest) -> Policy:
    """Return the policy with defaults filled in. Raise BadPolicy at the first fault."""
    spec = _mapping(manifest.get("spec"), "spec")
    _only(spec, "spec", {"podSelector", "policyTypes", "ingress", "egress"})
    ingress = _each(spec.get("ingress"), "spec.ingress", _ingress_rule)
    egress = _each(spec.get("egress"), "spec.egress", _egress_rule)
    listed = _each(spec.get("policyTypes"), "spec.policyTypes", _direction)
    if len(listed) > len(Direction):
        raise BadPolicy("spec.policyTypes", "at most two entries are accepted")
    return Policy(
        ref=PolicyRef(
            namespace=text(manifest, "metadata", "namespace") or "default",
            name=text(manifest, "metadata", "name"),
            template=text(branch(manifest, "metadata", "annotations"), TEMPLATE),
        ),
        pods=read_selector(spec.get("podSelector"), "spec.podSelector"),
        isolates=frozenset(listed) or _implied(egress),
        ingress=ingress,
        egress=egress,
        lists_types=bool(listed),
    )


def read_selector(tree: Json, field: str) -> Selector:
    """Return a label selector; missing selects everything. Raise BadPolicy naming the field."""
    selector = _mapping(tree, field)
    _only(selector, field, {"matchLabels", "matchExpressions"})
    labels = _mapping(selector.get("matchLabels"), f"{field}.matchLabels")
    return Selector(
        labels=tuple(
            sorted(
                (
                    _label_key(key, f"{field}.matchLabels"),
                    _label_value(value, f"{field}.matchLabels.{key}"),
                )
                for key, value in labels.items()
            )
        ),
        expressions=_each(
            selector.get("matchExpressions"), f"{field}.matchExpressions", _requirement
        ),
    )


def _implied(egress: tuple[Rule, ...]) -> frozenset[Direction]:
    """Return what missing `policyTypes` mean: egress only where an egress rule stands."""
    both = frozenset({Direction.INGRESS, Direction.EGRESS})
    return both if egress else frozenset({Direction.INGRESS})


def _direction(value: Json, field: str) -> Direction:
    return _word(Direction, value, field)


def _requirement(tree: Json, field: str) -> Requirement:
    expression = _required_mapping(tree, field)
    _only(expression, field, {"key", "operator", "values"})
    key = _label_key(expression.get("key"), f"{field}.key")
    operator = _word(Operator, expression.get("operator"), f"{field}.operator")
    values = frozenset(_each(expression.get("values"), f"{field}.values", _label_value))
    takes_values = operator in {Operator.IN, Operator.NOT_IN}
    if takes_values and not values:
        raise BadPolicy(f"{field}.values", f"{operator} needs at least one value")
    if values and not takes_values:
        raise BadPolicy(f"{field}.values", f"{operator} takes no values")
    return Requirement(key, operator, values)


def _ingress_rule(tree: Json, field: str) -> Rule:
    return _rule(tree, field, "from")


def _egress_rule(tree: Json, field: str) -> Rule:
    return _rule(tree, field, "to")


def _rule(tree: Json, field: str, side: str) -> Rule:
    rule = _mapping(tree, field)
    _only(rule, field, {side, "ports"})
    return Rule(
        peers=_each(rule.get(side), f"{field}.{side}", _peer),
        ports=_each(rule.get("ports"), f"{field}.ports", _port),
    )


def _peer(tree: Json, field: str) -> Peer:
    peer = _required_mapping(tree, field)
    _only(peer, field, {"podSelector", "namespaceSelector", "ipBlock"})
    present = {name for name, value in peer.items() if value is not None}
    if not present:
        raise BadPolicy(field, "name pods, namespaces or an ipBlock; an empty item is refused")
    if "ipBlock" in present:
        if present != {"ipBlock"}:
            raise BadPolicy(field, "ipBlock cannot stand beside podSelector or namespaceSelector")
        return Peer(block=_block(peer["ipBlock"], f"{field}.ipBlock"))
    namespaces, pods = (
        read_selector(peer[name], f"{field}.{name}") if name in present else None
        for name in ("namespaceSelector", "podSelector")
    )
    return Peer(namespaces=namespaces, pods=pods)


def _block(tree: Json, field: str) -> Block:
    block = _required_mapping(tree, field)
    _only(block, field, {"cidr", "except"})
    cidr = _network(block.get("cidr"), f"{field}.cidr")
    excluded = _each(block.get("except"), f"{field}.except", _network)
    for number, network in enumerate(excluded):
        if not _is_inside(network, cidr):
            raise BadPolicy(
                f"{field}.except[{number}]", f"{network} must lie inside {cidr} and be smaller"
            )
    return Block(cidr, excluded)


def _is_inside(network: Network, cidr: Network) -> bool:
    if network.version != cidr.version or network.prefixlen <= cidr.prefixlen:
        return False
    return cidr.network_address <= network.network_address <= cidr.broadcast_address  # type: ignore[operator]  # same version, checked above


def _network(value: Json, field: str) -> Network:
    if not isinstance(value, str) or "/" not in value or "%" in value:
        raise BadPolicy(field, f"{value!r} is not a CIDR such as 10.0.0.0/8")
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise BadPolicy(field, f"{value!r} is not a CIDR: {error}") from error
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_IPV4_IN_IPV6):
        raise BadPolicy(field, f"{value!r} is IPv4 written as IPv6; write it as IPv4")
    return network


def _port(tree: Json, field: str) -> PortMatch:
    entry = _mapping(tree, field)
    _only(entry, field, {"protocol", "port", "endPort"})
    protocol = Protocol.TCP
    if entry.get("protocol") is not None:
        protocol = _word(Protocol, entry["protocol"], f"{field}.protocol")
    port, end = entry.get("port"), entry.get("endPort")
    if isinstance(port, str):
        if end is not None:
            raise BadPolicy(f"{field}.endPort", "endPort needs a port number, not a port name")
        if not _PORT_NAME.fullmatch(port):
            raise BadPolicy(f"{field}.port", f"{port!r} is neither a port name nor a number")
        return PortMatch(protocol, name=port)
    if port is None:
        if end is not None:
            raise BadPolicy(f"{field}.endPort", "endPort needs a port")
        return PortMatch(protocol)
    first = _number(port, f"{field}.port")
    last = first if end is None else _number(end, f"{field}.endPort")
    if last < first:
        raise BadPolicy(f"{field}.endPort", f"{last} is smaller than port {first}")
    return PortMatch(protocol, first, last)


def _number(value: Json, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LAST_PORT:
        raise BadPolicy(field, f"{value!r} is not a port from 1 to {LAST_PORT}")
    return value


def _label_key(value: Json, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadPolicy(field, "a label key is required")
    if not is_label_key(value):
        raise BadPolicy(field, f"{value!r} is not a valid label key")
    return value


def _label_value(value: Json, field: str) -> str:
    if not isinstance(value, str):
        raise BadPolicy(field, _not_text(value))
    if not is_label_value(value):
        raise BadPolicy(field, f"{value!r} is not a valid label value")
    return value


def _not_text(value: Json) -> str:
    return f"{value!r} is not text; put it in quotes"


def _word(words: type[_Word], value: Json, field: str) -> _Word:
    try:
        return words(str(value))
    except ValueError as error:
        known = ", ".join(words)
        raise BadPolicy(field, f"{value!r} is none of {known}") from error


def _mapping(tree: Json, field: str) -> Manifest:
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise BadPolicy(field, "fields are expected here")
    return tree


def _required_mapping(tree: Json, field: str) -> Manifest:
    if not isinstance(tree, dict):
        raise BadPolicy(field, "fields are expected here")
    return tree


def _each(tree: Json, field: str, read: Callable[[Json, str], _Item]) -> tuple[_Item, ...]:
    """Return every item read, with the item's own path in what `read` raises."""
    if tree is None:
        return ()
    if not isinstance(tree, list):
        raise BadPolicy(field, "a list is expected here")
    return tuple(_items(tree, field, read))


def _items(tree: list[Json], field: str, read: Callable[[Json, str], _Item]) -> Iterator[_Item]:
    for number, item in enumerate(tree):
        yield read(item, f"{field}[{number}]")


def _only(tree: Manifest, field: str, known: Collection[str]) -> None:
    for name in tree:
        if name not in known:
            raise BadPolicy(
                f"{field}.{name}", f"unknown field; known here: {', '.join(sorted(known))}"
            )
