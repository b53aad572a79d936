"""A question (from whom, to whom, on which port) → the records that answer it, pod by pod.

Between `members.py`, which knows the names, and `tables.py`, which prints.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TypeAlias

from onboarding.reachability.cluster_addresses import caveat_on, outside_of
from onboarding.reachability.endpoints import EndpointKind
from onboarding.reachability.estate import Estate
from onboarding.reachability.members import BadQuestion, Chosen, Member, Members, network_of
from onboarding.reachability.model import LAST_PORT, Block, Certainty, Network, Protocol, World
from onboarding.reachability.named_ends import INTERNET, not_public
from onboarding.reachability.records import Record, records
from onboarding.reachability.sets import places

_PORT = re.compile(r"(?P<port>[A-Za-z0-9-]+)(/(?P<protocol>[A-Za-z]+))?", re.ASCII)


_Port: TypeAlias = tuple[Protocol, int] | None


@dataclass(frozen=True)
class PortAsked:
    """A port number, or the name of a port on the destination."""

    protocol: Protocol
    number: int = 0
    name: str = ""

    def on(self, member: Member) -> tuple[int, ...]:
        """Return the numbers on a destination: none, one, or several where containers share it."""
        if not self.name:
            return (self.number,)
        ports = member.pod.ports if member.pod else ()
        wanted = (self.name, self.protocol)
        return tuple(sorted({one.number for one in ports if (one.name, one.protocol) == wanted}))


@dataclass(frozen=True)
class Query:
    """Empty texts mean everybody, no port means every port.

    `around` names a namespace that has to be at one end at least.
    """

    source: str = ""
    destination: str = ""
    around: str = ""
    port: PortAsked | None = None

    @property
    def networks(self) -> tuple[Network, ...]:
        """Return the addresses that are asked about."""
        both = (network_of(self.source), network_of(self.destination))
        return tuple(network for network in both if network)

    @property
    def is_whole(self) -> bool:
        """Tell whether nobody in particular is asked about."""
        return not (self.source or self.destination or self.around)


@dataclass(frozen=True)
class QueryAnswer:
    """One record, and the pairs of names it is about."""

    record: Record
    pairs: tuple[tuple[Member, Member], ...]


def read_port(written: str) -> PortAsked:
    """Return e.g. `8080/TCP`, `53/udp`, `8080` (TCP) or `http` as a port. Raise BadQuestion."""
    match = _PORT.fullmatch(written)
    protocol = (match["protocol"] or "TCP").upper() if match else ""
    if not match or protocol not in set(Protocol):
        raise BadQuestion(f"{written}: a port is e.g. 8080/TCP, 53/UDP or http")
    if not match["port"].isdigit():
        return PortAsked(Protocol(protocol), name=match["port"])
    number = int(match["port"])
    if not 1 <= number <= LAST_PORT:
        raise BadQuestion(f"{written}: a port is a number from 1 to {LAST_PORT}")
    return PortAsked(Protocol(protocol), number)


class Asked:
    """A question put to an estate."""

    def __init__(self, estate: Estate, question: Query, *, may_miss: bool = False) -> None:
        """Find who is asked about. Raise BadQuestion, or answer nothing where it `may_miss`."""
        self.estate = estate
        self._question = question
        self._members = Members(estate)
        self.sources = self._choose(question.source, may_miss=may_miss)
        self.destinations = self._choose(question.destination, may_miss=may_miss)
        self._doubts = _doubts(estate, question)
        self._around = self._choose(question.around, may_miss=may_miss) if question.around else None
        # Whether one name asks about one other on one port.
        self.is_single = bool(question.port) and all(
            sum(map(len, chosen.values())) == 1 for chosen in (self.sources, self.destinations)
        )
        if question.source and question.destination and self.sources and self.destinations:
            self._check_pair()

    def members(self) -> Iterator[Member]:
        """Yield everybody the answers can name, in order."""
        for place in sorted({*self.sources, *self.destinations}):
            both = (*self.sources.get(place, ()), *self.destinations.get(place, ()))
            yield from {member.id: member for member in both}.values()

    def names(self) -> list[list[str]]:
        """Return the names at each endpoint of the estate, whoever is asked about."""
        return [[member.id for member in members] for members in self._members.every.values()]

    def without_port(self) -> list[Member]:
        """Return the destinations that have no port of the name that is asked about."""
        port = self._question.port
        every = (member for members in self.destinations.values() for member in members)
        return [member for member in every if port and not port.on(member)]

    def answers(self) -> Iterator[QueryAnswer]:
        """Yield the answers, by source, destination, protocol and port."""
        for sources, destinations, port in self._legs():
            for source, members in sources.items():
                yield from self._answers((source, members), destinations, port)

    def likely(self) -> Iterator[QueryAnswer]:
        """Yield the answers of all pairs that something is allowed between; few, and fast."""
        for sources, destinations, port in self._legs():
            for source, members in sources.items():
                reached = self._reached[source]
                some = {place: to for place, to in destinations.items() if reached >> place & 1}
                yield from self._answers((source, members), some, port)

    def count_pairs(self) -> int:
        """Return how many pairs of names the question is about."""
        return sum(_count_pairs(sources, targets) for sources, targets, _ in self._legs())

    @cached_property
    def _reached(self) -> list[int]:
        """Return, for each endpoint, the bits of whom it reaches on any port."""
        reached = [0] * len(self.estate.endpoints)
        for port_class in range(len(self.estate.port_classes)):
            rows = self.estate.rows(port_class)
            reached = [known | row for known, row in zip(reached, rows, strict=True)]
        return reached

    def _legs(self) -> Iterator[tuple[Chosen, Chosen, _Port]]:
        """Yield what to ask for from whom to whom; together it is the question."""
        if self._around is None:
            yield from self._by_port(self.sources, self.destinations)
            return
        own = self._around
        others = {place: found for place, found in self.sources.items() if place not in own}
        yield from self._by_port(own, self.destinations)
        yield from self._by_port(others, own)

    def _by_port(
        self, sources: Chosen, destinations: Chosen
    ) -> Iterator[tuple[Chosen, Chosen, _Port]]:
        port = self._question.port
        if not port or not port.name:
            yield sources, destinations, (port.protocol, port.number) if port else None
            return
        for number, having in _by_number(port, destinations).items():
            yield sources, having, (port.protocol, number)

    @property
    def port(self) -> tuple[Protocol, int, int] | None:
        """Return the port number that is asked about, as a range; None for every port."""
        port = self._question.port
        return (port.protocol, port.number, port.number) if port else None

    @property
    def doubtful(self) -> frozenset[int]:
        """Return the places of what is asked about as outside and is not: nothing there is sure."""
        return frozenset(self._doubts)

    def port_classes(self) -> tuple[int, ...]:
        """Return the classes of ports that are asked about."""
        if self.port is None:
            return tuple(range(len(self.estate.port_classes)))
        return (self.estate.ports.class_of(*self.port[:2]),)

    def verdicts(self, source: int, destination: int) -> list[Record]:
        """Return the records of one pair of endpoints, on the port that is asked about."""
        number = self.port[:2] if self.port else None
        found = records(self.estate, sources=[source], destinations=[destination], port=number)
        return [self._doubted(record) for record in found]

    def _answers(
        self, sender: tuple[int, tuple[Member, ...]], destinations: Chosen, port: _Port
    ) -> Iterator[QueryAnswer]:
        source, members = sender
        for record in records(
            self.estate, sources=[source], destinations=[*destinations], port=port
        ):
            both = product(members, destinations[record.destination])
            pairs = tuple(pair for pair in both if is_pair(*pair))
            if pairs:
                yield QueryAnswer(self._doubted(record), pairs)

    def _doubted(self, record: Record) -> Record:
        """Return a record, and nothing of it certain where an end is the cluster's own address."""
        ends = {record.source, record.destination} & self._doubts.keys()
        if not ends:
            return record
        verdict = record.verdict
        caveats = [verdict.caveat, *(self._doubts[place] for place in sorted(ends))]
        doubted = replace(
            verdict,
            certainty=Certainty.INCOMPLETE,
            caveat="; ".join(filter(None, caveats)),
        )
        return replace(record, verdict=doubted)

    def _choose(self, wanted: str, *, may_miss: bool) -> Chosen:
        try:
            return self._members.choose(wanted) if wanted else self._members.every
        except BadQuestion:
            if may_miss:
                return {}
            raise

    def _check_pair(self) -> None:
        """Raise BadQuestion where no policy can have a say."""
        sources, destinations = (
            [member for members in chosen.values() for member in members]
            for chosen in (self.sources, self.destinations)
        )
        both = [*sources, *destinations]
        if all(member.pod is None for member in both):
            raise BadQuestion("policies only speak of traffic with a pod at one end at least")
        if {member.id for member in both} == {both[0].id} and both[0].count == 1:
            raise BadQuestion(f"{both[0].id} can always reach itself; no policy changes that")


def boundaries_of(question: Query, world: World) -> tuple[Block, ...]:
    """Return what a question tells apart: its addresses, and those of them that are outside."""
    cuts: list[Block] = []
    for network in question.networks:
        outside = outside_of(world, network)
        cuts += [Block(network), outside] if outside else [Block(network)]
    if INTERNET in {question.source, question.destination}:
        cuts += not_public(world)
    return tuple(cuts)


def _doubts(estate: Estate, question: Query) -> dict[int, str]:
    """Return the places of what is asked about as outside and is not, each with the reason."""
    found: dict[int, str] = {}
    blocks = estate.layout.blocks
    for network in question.networks:
        if outside := outside_of(estate.world, network):
            inside = blocks.get(Block(network), 0) & ~blocks.get(outside, 0)
            for place in places(inside):
                if estate.endpoints[place].kind is EndpointKind.ADDRESSES:
                    found[place] = caveat_on(estate.world, network)
    return found


def _by_number(port: PortAsked, destinations: Chosen) -> dict[int, Chosen]:
    """Return the destinations that have a port of this name, by its number there."""
    numbers: dict[int, Chosen] = defaultdict(dict)
    for place, members in destinations.items():
        for member in members:
            for number in port.on(member):
                chosen = numbers[number]
                chosen[place] = (*chosen.get(place, ()), member)
    return numbers


def is_pair(source: Member, destination: Member) -> bool:
    """Tell whether there is anything to ask: a pod always reaches itself, but not its siblings."""
    return source.id != destination.id or source.count > 1


def _count_pairs(sources: Chosen, destinations: Chosen) -> int:
    """Count the pairs of names that `is_pair` and of which one at least is a pod."""
    senders, receivers = _by_id(sources), _by_id(destinations)
    alone = sum(senders[name].count == 1 for name in senders.keys() & receivers.keys())
    outside = [
        {name for name, member in one.items() if member.pod is None} for one in (senders, receivers)
    ]
    both = len(senders) * len(receivers) - len(outside[0]) * len(outside[1])
    return both - alone + len(outside[0] & outside[1])


def _by_id(chosen: Chosen) -> dict[str, Member]:
    return {member.id: member for members in chosen.values() for member in members}
