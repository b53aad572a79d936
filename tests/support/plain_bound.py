"""A reach bound read word by word, as the plain evaluator reads policies: the second opinion.

It shares no line with `onboarding.reachability`. Ends are Pod manifests or addresses.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.support.estates import Tree, namespace, policy
from tests.support.plain_evaluator import End, PlainEvaluator, Port


@dataclass(frozen=True)
class PlainComparison:
    """What policies allow with and without an opening, and whether a filled bound holds it.

    Every namespace is closed before; the opening's objects replace what bears their name.
    """

    namespaces: dict[str, dict[str, str]]
    own: str
    objects: Sequence[Tree]
    reach: Tree

    def escapes(self, source: End, destination: End, port: Port) -> bool:
        """Tell whether this is newly allowed by one of its ends, and outside the bound."""
        return self.is_new(source, destination, port) and not self.is_inside(
            source, destination, port
        )

    def is_new(self, source: End, destination: End, port: Port) -> bool:
        question = source, destination, port
        return any(
            getattr(self._after, side)(*question) and not getattr(self._before, side)(*question)
            for side in ("_lets_out", "_lets_in")
        )

    def is_inside(self, source: End, destination: End, port: Port) -> bool:
        return (
            any(self._is(end, source) for end in self.reach["from"])
            and any(self._is(end, destination) for end in self.reach["to"])
            and _holds_port(self.reach["ports"], port)
        )

    @cached_property
    def _before(self) -> PlainEvaluator:
        return PlainEvaluator(self._closed)

    @cached_property
    def _after(self) -> PlainEvaluator:
        named = {_place(one): one for one in [*self._closed, *self.objects]}
        return PlainEvaluator([*named.values()])

    @cached_property
    def _closed(self) -> list[Tree]:
        spaces = [namespace(name, **labels) for name, labels in self.namespaces.items()]
        both = ["Ingress", "Egress"]
        return spaces + [policy(f"{n}/deny-all", policyTypes=both) for n in self.namespaces]

    def _is(self, end: Any, who: End) -> bool:
        if end == "anything":
            return True
        if "addresses" in end:
            return any(_is_held(end, address) for address in _addresses(who))
        if isinstance(who, str):
            return False
        place = self.own if "own" in end else end["namespace"]
        wanted = end["own"] if "own" in end else end["pods"]
        if isinstance(wanted.get("matchLabels"), dict):
            wanted = wanted["matchLabels"]
        there = who["metadata"]["namespace"] == place
        return there and wanted.items() <= who["metadata"]["labels"].items()


def _place(one: Tree) -> tuple[str, str, str]:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


def _addresses(who: End) -> list[str]:
    return [who] if isinstance(who, str) else [one["ip"] for one in who["status"]["podIPs"]]


def _is_held(end: Tree, address: str) -> bool:
    where, ranges = ipaddress.ip_address(address), end["addresses"]
    held = any(
        where in ipaddress.ip_network(one)
        for one in (ranges if isinstance(ranges, list) else [ranges])
    )
    return held and not any(where in ipaddress.ip_network(one) for one in end.get("except", []))


def _holds_port(ports: Any, port: Port) -> bool:
    if ports == "any":
        return True
    protocol, number = port
    for one in ports:
        low = one["low"] if "low" in one else one["port"]
        high = one["high"] if "high" in one else one["port"]
        if one["protocol"] == protocol and low <= number <= high:
            return True
    return False
