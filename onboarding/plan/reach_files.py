"""What is wrong with the reach bound of a template, as it stands in its file with slots in it.

A bound is `from` and `to`, lists of ends, and `ports`. An end is pods of the opening's own
namespace {own: LABELS}, pods of another {namespace: NAME, pods: LABELS}, {addresses: CIDR, except:
CIDRs}, or `anything`. Ports are {protocol, low, high}, or `any`. A slot may stand where its type
fits. `reachability.bounds` reads what is filled.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onboarding.domain.catalogue import OpeningDirection
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.parameters import Parameter, check_value
from onboarding.plan.fill import SLOT, slot_parameter

_NEAR = {OpeningDirection.INGRESS: "to", OpeningDirection.EGRESS: "from"}
_FIELDS = {"from", "to", "ports"}
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_KNOWN_ENDS = "own, namespace and pods, addresses (and except), or anything"


@dataclass(frozen=True)
class ReachReader:
    """Reads one template's bound against its parameters. What it yields is (field, problem)."""

    parameters: Mapping[str, Parameter]
    direction: OpeningDirection

    def mistakes(self, tree: Manifest) -> Iterator[tuple[str, str]]:
        """Yield every mistake; the field is e.g. `reach.from`."""
        if tree.keys() != _FIELDS:
            yield "reach", f"reach names {', '.join(sorted(_FIELDS))} and nothing else"
            return
        for side in ("from", "to"):
            for problem in self._ends(tree[side], is_near=side == _NEAR[self.direction]):
                yield f"reach.{side}", problem
        for problem in self._ports(tree["ports"]):
            yield "reach.ports", problem

    def _ends(self, ends: Json, *, is_near: bool) -> Iterator[str]:
        if not isinstance(ends, list) or not ends:
            yield "must be a list of ends"
            return
        for end in ends:
            if is_near and not (isinstance(end, dict) and end.keys() == {"own"}):
                yield "this end is pods of the opening's own namespace: own"
            yield from self._end(end)

    def _end(self, end: Json) -> Iterator[str]:
        match end:
            case "anything":
                return
            case {"own": pods, **nothing} if not nothing:
                yield from self._labels(pods)
            case {"namespace": name, "pods": pods, **nothing} if not nothing:
                yield from self._value(name, "name")
                yield from self._labels(pods)
            case {"addresses": cidr, "except": holes, **nothing} if not nothing:
                yield from self._addresses(cidr)
                yield from self._value(holes, "cidrs")
                if _is_slot(cidr):
                    yield "except stands beside one address range only"
            case {"addresses": cidr, **nothing} if not nothing:
                yield from self._addresses(cidr)
            case _:
                yield f"an end is {_KNOWN_ENDS}"

    def _addresses(self, cidr: Json) -> Iterator[str]:
        if _is_slot(cidr):
            yield from self._value(cidr, "cidrs")
            return
        try:
            ipaddress.ip_network(str(cidr), strict=True)
        except ValueError as error:
            yield str(error)

    def _labels(self, labels: Json) -> Iterator[str]:
        if _is_slot(labels) or not isinstance(labels, dict):
            yield from self._value(labels, "selector", "labels")
            return
        written = {key: value for key, value in labels.items() if not _is_slot(value)}
        # Of keys whose value is a slot the key alone can be wrong.
        yield from self._value({**dict.fromkeys(labels, ""), **written}, "selector")
        for value in labels.values():
            if _is_slot(value):
                yield from self._value(value, "label_value", "name")

    def _ports(self, ports: Json) -> Iterator[str]:
        if ports == "any":
            return
        if _is_slot(ports):
            yield from self._value(ports, "tcp_ports")
        elif not isinstance(ports, list) or not ports:
            yield "must be a list of ports, a slot, or any"
        elif not all(map(_is_port_range, ports)):
            yield f"a port has a protocol ({', '.join(_PROTOCOLS)}), low and high"

    def _value(self, value: Json, *types: str) -> Iterator[str]:
        """Yield what is wrong with a slot, whose type must be one of these, or a written value."""
        if not _is_slot(value):
            yield from check_value(Parameter(types[0]), value)
            return
        parameter = slot_parameter(_slot_of(value), self.parameters)
        if parameter and parameter.type not in types:
            yield f"slot {_slot_of(value)} is a {parameter.type}, not a {' or a '.join(types)}"


def _is_slot(node: Json) -> bool:
    return isinstance(node, dict) and SLOT in node


def _slot_of(node: Json) -> str:
    return str(node[SLOT]) if isinstance(node, dict) else ""


def _is_port_range(port: Json) -> bool:
    match port:
        case {"protocol": str(protocol), "low": int(low), "high": int(high), **nothing}:
            return protocol in _PROTOCOLS and 1 <= low <= high <= 65535 and not nothing
        case _:
            return False
