"""All ports of all protocols, cut into classes that no rule tells apart.

A named port means another number on each destination, so a match answers with destinations: every
one for a number, and for a name those pods where it is that number.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from onboarding.reachability.endpoints import Endpoint
from onboarding.reachability.model import LAST_PORT, PortMatch, Protocol

EVERY_DESTINATION = -1  # all bits set
# What is active on a port: matches, each with the bits of the destinations where it is.
_Active: TypeAlias = frozenset[tuple[PortMatch, int]]


@dataclass(frozen=True)
class PortClass:
    """Ports that every rule treats alike: (protocol, first, last), in order."""

    ranges: tuple[tuple[Protocol, int, int], ...]

    @property
    def example(self) -> tuple[Protocol, int]:
        """Return one port of the class."""
        protocol, first, _ = self.ranges[0]
        return protocol, first


class PortSpace:
    """The port classes of a world; every (protocol, port) lies in exactly one."""

    def __init__(self, matches: Iterable[PortMatch], endpoints: Sequence[Endpoint]) -> None:
        self._named = _named_ports(endpoints)
        self._starts: dict[Protocol, list[int]] = {}
        self._classes_at: dict[Protocol, list[int]] = {}
        self._masks: dict[tuple[tuple[PortMatch, ...], int], int] = {}
        distinct = set(matches)
        numbers: dict[_Active, int] = {}
        ranges: list[list[tuple[Protocol, int, int]]] = []
        for protocol in Protocol:
            pieces = list(self._cut(protocol, distinct))
            for first, last, active in pieces:
                if numbers.setdefault(active, len(ranges)) == len(ranges):
                    ranges.append([])
                ranges[numbers[active]].append((protocol, first, last))
            self._starts[protocol] = [first for first, _, _ in pieces]
            self._classes_at[protocol] = [numbers[active] for _, _, active in pieces]
        self._active = [dict(active) for active in numbers]
        self.classes = tuple(PortClass(tuple(found)) for found in ranges)

    def class_of(self, protocol: Protocol, port: int) -> int:
        """Return the index of the class that holds a port from 1 to 65535."""
        place = bisect_right(self._starts[protocol], port) - 1
        return self._classes_at[protocol][place]

    def ranges(self, protocol: Protocol) -> Iterator[tuple[int, int, int]]:
        """Yield (first, last, class) of one protocol's ports, from 1 to 65535."""
        starts = self._starts[protocol]
        ends = [*(first - 1 for first in starts[1:]), LAST_PORT]
        return zip(starts, ends, self._classes_at[protocol], strict=True)

    def destinations(self, ports: tuple[PortMatch, ...], port_class: int) -> int:
        """Return at which destinations a rule's ports include the class; no ports: at every one."""
        if not ports:
            return EVERY_DESTINATION
        known = self._masks.get((ports, port_class))
        if known is None:
            known = 0
            active = self._active[port_class]
            for match in ports:
                known |= active.get(match, 0)
            self._masks[ports, port_class] = known
        return known

    def _cut(
        self, protocol: Protocol, matches: set[PortMatch]
    ) -> Iterator[tuple[int, int, _Active]]:
        """Yield the ranges of one protocol, from 1 to 65535, with what is active in each."""
        flips: dict[int, set[tuple[PortMatch, int]]] = defaultdict(set)
        flips[1], flips[LAST_PORT + 1] = set(), set()
        for match in matches:
            if match.protocol is protocol:
                for first, last, where in self._ranges(match):
                    flips[first] ^= {(match, where)}
                    flips[last + 1] ^= {(match, where)}
        active: set[tuple[PortMatch, int]] = set()
        places = sorted(flips)
        for first, following in pairwise(places):
            active ^= flips[first]
            yield first, following - 1, frozenset(active)

    def _ranges(self, match: PortMatch) -> Iterator[tuple[int, int, int]]:
        if not match.name:
            yield match.first, match.last, EVERY_DESTINATION
            return
        for number, where in self._named.get((match.protocol, match.name), {}).items():
            yield number, number, where


def _named_ports(
    endpoints: Sequence[Endpoint],
) -> dict[tuple[Protocol, str], dict[int, int]]:
    """Return {(protocol, name): {number: bits of the pods where the name is that number}}."""
    named: dict[tuple[Protocol, str], dict[int, int]] = defaultdict(dict)
    for place, endpoint in enumerate(endpoints):
        for port in endpoint.ports:
            numbers = named[port.protocol, port.name]
            numbers[port.number] = numbers.get(port.number, 0) | 1 << place
    return named
