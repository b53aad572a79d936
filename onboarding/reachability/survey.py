"""A question over many namespaces → one answer for each: it can, it cannot, or that is not certain.

Used by the portal's Reachability page. As in `estate.py`, sets answer first and evidence explains:
the pairs come from its rows, in every reading, the rules from `asking.py`, as for the command line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice

from onboarding.reachability.asking import Asked
from onboarding.reachability.compiled import Reading
from onboarding.reachability.members import Member
from onboarding.reachability.model import (
    Certainty,
    Direction,
    PolicyRef,
    Protocol,
    RuleRef,
    Side,
    Verdict,
)
from onboarding.reachability.neighbourhood import joined_ports
from onboarding.reachability.sets import places, united

# Pairs of one namespace that are explained: its rules are those of these.
MOST_EXPLAINED = 8


class Reach(StrEnum):
    """What is said of one namespace. What is not certain is no yes and no no."""

    CAN = "can"
    CANNOT = "cannot"
    UNSURE = "not certain"


@dataclass(frozen=True)
class NamespaceReach:
    """The answer for one namespace. `verdict` is one that decides it; `rules` open or close it.

    `pods` are those it is about, `rest` its other ones; `others` are whom they reach, or who
    reaches them. () stands for every one that was asked about.
    """

    namespace: str
    reach: Reach
    verdict: Verdict
    rules: tuple[RuleRef | PolicyRef, ...]
    ports: tuple[tuple[Protocol, int, int], ...]
    pods: tuple[Member, ...] = ()
    rest: tuple[Member, ...] = ()
    others: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Survey:
    """The answers by namespace. `left_out` were not worked out, because it would take too long."""

    answers: Mapping[str, NamespaceReach] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    spent: int = 0


def survey(asked: Asked, names: Iterable[str], *, by: Direction, most: int) -> Survey:
    """Return the answer for each namespace as the senders' (Egress) or the receivers' (Ingress).

    At most `most` pairs are explained. A namespace without a pod has no answer.
    """
    found = _Pairs(asked, by)
    answers, left_out, spent = dict[str, NamespaceReach](), list[str](), 0
    for name in names:
        if spent >= most:
            left_out.append(name)
            continue
        pairs = found.deciding(name)
        if pairs is not None:
            answers[name], cost = found.explained(name, pairs)
            spent += cost
    return Survey(answers, tuple(left_out), spent)


@dataclass(frozen=True)
class _Deciding:
    """What decides one namespace: for each of its places the bits of the other ends, and on which
    port classes.
    """

    reach: Reach
    pairs: Mapping[int, int]
    port_classes: frozenset[int]


class _Pairs:
    """The pairs of a question, as sets: for each own place which of the others it has a path to."""

    def __init__(self, asked: Asked, by: Direction) -> None:
        self._asked, self._estate, self._by = asked, asked.estate, by
        own, others = asked.sources, asked.destinations
        if by is Direction.INGRESS:
            own, others = others, own
        self._own, self._others = own, others
        self._theirs = united(1 << place for place in others)
        self._doubted = self._estate.incomplete | united(1 << place for place in asked.doubtful)
        self._places: dict[str, list[int]] = defaultdict(list)
        for place in own:
            self._places[self._estate.endpoints[place].namespace].append(place)
        self._classes = asked.port_classes()
        self._tables = {
            (number, reading): self._table(number, reading)
            for number in self._classes
            for reading in (Reading.AS_READ, *self._estate.readings)
        }

    def deciding(self, name: str) -> _Deciding | None:
        """Return what decides a namespace, None where there is nothing to ask of it."""
        certain, unsure = dict[int, int](), dict[int, int]()
        on: dict[Reach, set[int]] = defaultdict(set)
        asked = {place: bits for place in self._places[name] if (bits := self._asked_of(place))}
        for place, bits in asked.items():
            for number in self._classes:
                allowed, doubt = self._judged(place, bits, number)
                if passing := allowed & ~doubt:
                    certain[place] = certain.get(place, 0) | passing
                    on[Reach.CAN].add(number)
                if doubt:
                    unsure[place] = unsure.get(place, 0) | doubt
                    on[Reach.UNSURE].add(number)
        if certain:
            return _Deciding(Reach.CAN, certain, frozenset(on[Reach.CAN]))
        if unsure:
            return _Deciding(Reach.UNSURE, unsure, frozenset(on[Reach.UNSURE]))
        closed = _Deciding(Reach.CANNOT, asked, frozenset(self._classes))
        return closed if asked else None

    def explained(self, name: str, found: _Deciding) -> tuple[NamespaceReach, int]:
        """Return the answer with its evidence, and how many pairs were looked at for it."""
        pairs = list(islice(self._spread(found.pairs), MOST_EXPLAINED))
        verdicts = [one for pair in pairs for one in self._verdicts(*pair, found)]
        own = frozenset(self._places[name])
        answer = NamespaceReach(
            name,
            found.reach,
            verdicts[0],
            rules=tuple(dict.fromkeys(chain.from_iterable(map(_rules_of, verdicts)))),
            ports=self._ports(found),
            pods=self._named(found.pairs, own),
            rest=self._named(own - found.pairs.keys(), own),
            others=self._those(united(found.pairs.values())),
        )
        return answer, len(pairs)

    def _table(self, number: int, reading: Reading) -> dict[int, int]:
        """Return, for each own place, the bits of the others it has a path to in one reading."""
        rows = self._estate.rows(number, reading=reading)
        if self._by is Direction.EGRESS:
            return {place: rows[place] & self._theirs for place in self._own}
        own = united(1 << place for place in self._own)
        table = dict.fromkeys(self._own, 0)
        for other in self._others:
            for place in places(rows[other] & own):
                table[place] |= 1 << other
        return table

    def _asked_of(self, place: int) -> int:
        """Return the others a place is asked about: all, but for itself where it is a lone pod."""
        is_lone = self._estate.endpoints[place].count == 1
        pods = self._estate.layout.pods
        theirs = self._theirs if pods >> place & 1 else self._theirs & pods
        return theirs & ~(1 << place) if is_lone else theirs

    def _judged(self, place: int, bits: int, number: int) -> tuple[int, int]:
        """Return the others that are reached, and those of which that is not certain."""
        allowed = self._tables[number, Reading.AS_READ][place] & bits
        doubt = bits if self._doubted >> place & 1 else bits & self._doubted
        for reading in self._estate.readings:
            doubt |= (self._tables[number, reading][place] ^ allowed) & bits
        return allowed, doubt

    @staticmethod
    def _spread(pairs: Mapping[int, int]) -> Iterable[tuple[int, int]]:
        """Yield pairs so that different places come first."""
        rests = {place: places(bits) for place, bits in pairs.items()}
        while rests:
            for place in [*rests]:
                if (other := next(rests[place], None)) is None:
                    del rests[place]
                else:
                    yield place, other

    def _verdicts(self, place: int, other: int, found: _Deciding) -> Iterable[Verdict]:
        pair = (place, other) if self._by is Direction.EGRESS else (other, place)
        every = [record.verdict for record in self._asked.verdicts(*pair)]
        is_certain = {
            Reach.CAN: lambda one: one.allowed and one.certainty is Certainty.CERTAIN,
            Reach.UNSURE: lambda one: one.certainty is not Certainty.CERTAIN,
            Reach.CANNOT: lambda _one: True,
        }[found.reach]
        return filter(is_certain, every)

    def _ports(self, found: _Deciding) -> tuple[tuple[Protocol, int, int], ...]:
        if self._asked.port:
            return (self._asked.port,)
        ranges = (self._estate.port_classes[number].ranges for number in found.port_classes)
        return joined_ports(chain.from_iterable(ranges))

    def _named(self, some: Iterable[int], own: frozenset[int]) -> tuple[Member, ...]:
        meant = frozenset(some)
        if meant == own:
            return ()
        return tuple(chain.from_iterable(self._own[place] for place in sorted(meant)))

    def _those(self, bits: int) -> tuple[Member, ...]:
        if bits == self._theirs:
            return ()
        return tuple(chain.from_iterable(self._others[place] for place in places(bits)))


def _rules_of(verdict: Verdict) -> tuple[RuleRef | PolicyRef, ...]:
    sides: tuple[Side, ...] = (verdict.egress, verdict.ingress)
    if verdict.allowed:
        return tuple(chain.from_iterable(side.allowing for side in sides))
    return tuple(chain.from_iterable(side.isolating for side in sides if not side.allows))
