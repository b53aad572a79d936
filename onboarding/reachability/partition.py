"""Which endpoints answer alike towards a namespace, on every port, in every state told together.

First step of folding. Sets of endpoints are split by the bits of every path; what is never split
apart can share a line. Where that leaves too many parties, ports are no longer told apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from onboarding.reachability.compiled import Reading
from onboarding.reachability.endpoints import Layout
from onboarding.reachability.estate import Estate
from onboarding.reachability.neighbourhood import Way
from onboarding.reachability.sets import members, united
from onboarding.reachability.surroundings import Surroundings

# More sets of pods with a path than this are told by whether there is a path, not by its ports.
MOST_TOLD_APART = 24


@dataclass(frozen=True)
class Alike:
    """Endpoints that answer alike; `is_mixed` if that is only true of whether there is a path."""

    bits: int
    has_path: bool
    is_mixed: bool = False


class Partition:
    """The paths of one namespace in its states; a state is None where it is not there."""

    def __init__(self, namespace: str, states: Sequence[Estate | None]) -> None:
        """Raise ValueError if every state is None."""
        known = [state for state in states if state]
        if not known:
            raise ValueError("Neither a state before nor one after is known.")
        self.layout: Layout = known[0].layout
        self.port_classes = known[0].port_classes
        self.own = self.layout.namespaces.get(namespace, 0)
        self._around = [state.around(namespace) if state else [] for state in states]
        # Nor is what is certain for one and not for the other.
        self._incomplete = {state.incomplete for state in known}
        # What plugins see differently is no answer alike: blocks that may hold pods.
        self._in_doubt = [
            state.around(namespace, reading=Reading.BLOCKS_MISS_PODS)
            for state in known
            if Reading.BLOCKS_MISS_PODS in state.readings
        ]

    def own_groups(self) -> list[int]:
        """Return the namespace's own pods, those together that reach and are reached alike."""
        alike: dict[tuple[int, ...], int] = defaultdict(int)
        for place in self._places(self.own):
            alike[tuple(rows[place] for rows in self._rows())] |= 1 << place
        return [*alike.values()]

    def others(self, groups: Iterable[int]) -> list[Alike]:
        """Return everybody else in sets that answer alike, first who has a path in any state."""
        own = [next(iter(self._places(group))) for group in groups]
        paths = {rows[place] for rows in self._rows() for place in own}
        reached = united(paths)
        paths |= self._incomplete
        alike = _split([self.layout.everything & ~self.own], paths)
        with_path = [group for group in alike if group & reached & self.layout.pods]
        if len(with_path) <= MOST_TOLD_APART:
            found = [Alike(group, has_path=bool(group & reached)) for group in alike]
            return sorted(found, key=lambda one: not one.has_path)
        mixed = _split([united(with_path)], self._any_port(own) | self._incomplete)
        return [
            *(Alike(group, has_path=True, is_mixed=True) for group in mixed),
            *(
                Alike(group, has_path=bool(group & reached))
                for group in alike
                if group not in with_path
            ),
        ]

    def open_pair(
        self, state: int, way: Way, ends: tuple[int, int], port_class: int
    ) -> tuple[int, int] | None:
        """Return a (sender, receiver) that is open between two sets, own pods first; or None."""
        own, others = ends
        rows = _rows_of(self._around[state][port_class], way)
        for place in self._places(own):
            for other in self._places(rows[place] & others):
                if place != other or self.layout.endpoints[place].count > 1:
                    return (other, place) if way is Way.INWARD else (place, other)
        return None

    def changed(self, way: Way, own: int) -> int:
        """Return the bits of those whose paths to or from `own` are not the same in every state."""
        first, *rest = self._around
        bits = 0
        for state, (number, _) in product(rest, enumerate(self.port_classes)):
            for place in self._places(own):
                was, is_now = (
                    _rows_of(around[number], way)[place] if around else 0
                    for around in (first, state)
                )
                bits |= was ^ is_now
        return bits

    def moved(self) -> tuple[int, int]:
        """Return the bits of others that lose a path between two states, and that gain one."""
        before, after = self._around
        lost = gained = 0
        for number, _ in enumerate(self.port_classes):
            for way, place in product((Way.INWARD, Way.OUTWARD), self._places(self.own)):
                was, is_now = (
                    _rows_of(around[number], way)[place] if around else 0
                    for around in (before, after)
                )
                lost |= was & ~is_now
                gained |= is_now & ~was
        return lost & ~self.own, gained & ~self.own

    def _any_port(self, own: list[int]) -> set[int]:
        """Return who has a path at all, by state, way and own pod, and whose paths change."""
        paths = {self.changed(way, 1 << place) for way in Way for place in own}
        for around in self._around:
            for way, place in product((Way.INWARD, Way.OUTWARD), own):
                paths.add(united(_rows_of(one, way)[place] for one in around))
        return paths

    def _rows(self) -> Iterator[dict[int, int]]:
        """Yield every {own endpoint: bits}: each state, reading, port class and way."""
        for around in (*self._around, *self._in_doubt):
            for one in around:
                yield one.outward
                yield one.inward

    def _places(self, bits: int) -> Iterable[int]:
        return members(bits, len(self.layout.endpoints))


def _rows_of(one: Surroundings, way: Way) -> dict[int, int]:
    return one.inward if way is Way.INWARD else one.outward


def _split(groups: list[int], paths: Iterable[int]) -> list[int]:
    """Split groups until no path holds a part of one."""
    for path in paths:
        halves = ((group & path, group & ~path) for group in groups)
        groups = [half for pair in halves for half in pair if half]
    return groups
