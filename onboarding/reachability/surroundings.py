"""One namespace's answer without the whole estate: only rectangles that touch it are looked at.

Each endpoint is seen once as sender and once as receiver. Either way two sides must agree: rules of
egress and rules of ingress.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.reachability.compiled import Compiled, Rectangles
from onboarding.reachability.model import Direction, PortMatch
from onboarding.reachability.ports import PortSpace
from onboarding.reachability.sets import places, united


@dataclass(frozen=True)
class Surroundings:
    """One namespace in one port class: {endpoint of the namespace: bits of whom it reaches}.

    `inward` has the bits of those that reach the endpoint.
    """

    outward: dict[int, int]
    inward: dict[int, int]


def surroundings(
    compiled: Compiled, ports: PortSpace, *, own: int, everything: int
) -> list[Surroundings]:
    """Return the answer for the endpoints in `own`, one entry per port class."""
    sides = {
        direction: _Side(compiled, direction, own=own, everything=everything)
        for direction in Direction
    }
    found = []
    for port_class in range(len(ports.classes)):
        for side in sides.values():
            side.turn_to(ports, port_class)
        egress, ingress = sides[Direction.EGRESS], sides[Direction.INGRESS]
        found.append(
            Surroundings(
                {place: egress.out_of(place) & ingress.out_of(place) for place in places(own)},
                {place: egress.into(place) & ingress.into(place) for place in places(own)},
            )
        )
    return found


class _Side:
    """What the rules of one direction let in and out, looked at one port class at a time."""

    def __init__(
        self, compiled: Compiled, direction: Direction, *, own: int, everything: int
    ) -> None:
        rectangles = compiled.rectangles[direction]
        self._sent = [one for one in _flat(rectangles) if one[0] & own]
        self._taken = [one for one in _flat(rectangles) if one[2] & own]
        isolated, is_egress = compiled.isolated[direction], direction is Direction.EGRESS
        self._always = compiled.leaving if is_egress else compiled.entering
        # The end a direction isolates: its senders for egress, its receivers for ingress.
        self._free = everything & ~isolated
        self._everything, self._is_egress = everything, is_egress
        self._outward = {
            place: self._freely(place, as_sender=True)
            | united(to for senders, ports, to in self._sent if not ports and senders >> place & 1)
            for place in places(own)
        }
        self._inward = {
            place: self._freely(place, as_sender=False)
            | united(senders for senders, ports, to in self._taken if not ports and to >> place & 1)
            for place in places(own)
        }
        self._sent_here: list[tuple[int, int]] = []
        self._taken_here: list[tuple[int, int]] = []

    def turn_to(self, ports: PortSpace, port_class: int) -> None:
        """Look at one port class from now on."""
        self._sent_here, self._taken_here = (
            [
                (senders, receivers & ports.destinations(named, port_class))
                for senders, named, receivers in rectangles
                if named and ports.destinations(named, port_class)
            ]
            for rectangles in (self._sent, self._taken)
        )

    def out_of(self, place: int) -> int:
        """Return where this direction's rules let `place` send."""
        found = self._outward[place]
        for senders, receivers in self._sent_here:
            if senders >> place & 1:
                found |= receivers
        return found

    def into(self, place: int) -> int:
        """Return from where this direction's rules let `place` receive."""
        found = self._inward[place]
        for senders, receivers in self._taken_here:
            if receivers >> place & 1:
                found |= senders
        return found

    def _freely(self, place: int, *, as_sender: bool) -> int:
        """Return who is linked to `place` without any rule."""
        if as_sender is self._is_egress:
            free = self._everything if self._free >> place & 1 else 0
        else:
            free = self._free
        if as_sender:
            return free | self._always.get(place, 0)
        return free | united(
            1 << sender for sender, receivers in self._always.items() if receivers >> place & 1
        )


def _flat(rectangles: Rectangles) -> Iterable[tuple[int, tuple[PortMatch, ...], int]]:
    return ((senders, ports, to) for (senders, ports), to in rectangles.items())
