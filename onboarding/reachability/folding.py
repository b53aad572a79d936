"""A namespace's answers → the lines of a matrix that a person can read.

Endpoints that answer alike on every port, before and after, become one party; own pods that answer
alike towards a party share a line. Evidence is gathered from the parties' members, so every rule
that decides is named.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice, product
from operator import and_

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.endpoints import EndpointKind, Layout, named_labels
from onboarding.reachability.estate import Estate
from onboarding.reachability.model import Certainty, PolicyRef, Protocol, RuleRef, Verdict
from onboarding.reachability.neighbourhood import (
    Answer,
    Change,
    Line,
    Neighbourhood,
    Opening,
    Party,
    PartyKind,
    Way,
    joined_ports,
)
from onboarding.reachability.sets import members, united
from onboarding.reachability.surroundings import Surroundings

# More namespaces that answer alike than this share one line.
MOST_NAMED = 6
# From how many pairs of a line its evidence is gathered; they answer alike, their rules may differ.
_PAIRS_ASKED = 12


def fold(namespace: str, estate: Estate) -> Neighbourhood:
    """Return the matrix of one namespace."""
    return Neighbourhood(namespace, tuple(_Fold(namespace, (estate,)).lines()))


def compare(namespace: str, before: Estate | None, after: Estate | None) -> Neighbourhood:
    """Return the matrix of one namespace and what changes in it.

    Both estates share a layout. None stands for a namespace that is not there: no path leads to or
    from it. Raise ValueError if both are None.
    """
    folded = _Fold(namespace, (before, after))
    lost, gained = folded.moved()
    return Neighbourhood(
        namespace, tuple(folded.lines()), gaining=tuple(gained), losing=tuple(lost)
    )


class _Fold:
    """The states of one namespace that are told together: one, or before and after."""

    def __init__(self, namespace: str, states: Sequence[Estate | None]) -> None:
        known = [state for state in states if state]
        if not known:
            raise ValueError("Neither a state before nor one after is known.")
        self._states = states
        self._layout: Layout = known[0].layout
        self._classes = known[0].port_classes
        self._namespace = namespace
        self._own = self._layout.namespaces.get(namespace, 0)
        policies = (policy for state in known for policy in state.world.policies)
        # Labels of other teams' pods are told only where the namespace's own policies name them.
        self._named = named_labels(one for one in policies if one.ref.namespace == namespace)
        self._around: list[list[Surroundings]] = [
            state.around(namespace) if state else [] for state in states
        ]

    def lines(self) -> Iterator[Line]:
        """Yield the lines: inside, then inward, then outward."""
        groups = self._own_groups()
        parties = list(self._parties(groups))
        for way in Way:
            yield from self._lines(way, groups, groups if way is Way.INSIDE else parties)

    def moved(self) -> tuple[list[str], list[str]]:
        """Return the other namespaces that lose a path, and those that gain one."""
        before, after = (self._reached(around) for around in self._around)
        lost = gained = 0
        for key in before.keys() | after.keys():
            lost |= before.get(key, 0) & ~after.get(key, 0)
            gained |= after.get(key, 0) & ~before.get(key, 0)
        return self._names(lost & ~self._own), self._names(gained & ~self._own)

    @staticmethod
    def _reached(around: list[Surroundings]) -> dict[tuple[int, int, Way], int]:
        found = {}
        for number, one in enumerate(around):
            for way, rows in ((Way.OUTWARD, one.outward), (Way.INWARD, one.inward)):
                for place, bits in rows.items():
                    found[number, place, way] = bits
        return found

    def _own_groups(self) -> list[Party]:
        """Return the namespace's own pods, those together that reach and are reached alike."""
        alike: dict[tuple[int, ...], int] = defaultdict(int)
        for place in members(self._own, len(self._layout.endpoints)):
            alike[tuple(rows[place] for rows in self._rows())] |= 1 << place
        groups = [self._party(PartyKind.HERE, bits) for bits in alike.values()]
        return sorted(groups, key=lambda party: (-len(party.labels), party.labels))

    def _parties(self, groups: Sequence[Party]) -> Iterator[Party]:
        """Yield everybody else, first who has a path in any state."""
        own = [next(iter(members(group.members, group.members.bit_length()))) for group in groups]
        paths = {rows[place] for rows in self._rows() for place in own}
        alike = [self._layout.everything & ~self._own]
        for path in paths:
            halves = ((group & path, group & ~path) for group in alike)
            alike = [half for pair in halves for half in pair if half]
        alike.sort(key=lambda group: not any(path & group for path in paths))
        for group in alike:
            yield from self._split(group, has_path=any(path & group for path in paths))

    def _rows(self) -> Iterator[dict[int, int]]:
        """Yield every {own endpoint: bits}: each state, port class and way."""
        for around in self._around:
            for one in around:
                yield one.outward
                yield one.inward

    def _split(self, group: int, *, has_path: bool) -> Iterator[Party]:
        """Split a group by what its members are; who has a path is named as far as possible."""
        hosts = self._layout.on_host | self._of_kind(EndpointKind.NODE)
        pods = group & self._layout.pods & ~hosts
        names = self._names(pods)
        if len(names) > (MOST_NAMED if has_path else 1):
            yield self._party(PartyKind.NAMESPACES, pods)
        else:
            for name in names:
                yield self._party(PartyKind.NAMESPACE, pods & self._layout.namespaces[name])
        for kind, bits in (
            (PartyKind.ADDRESSES, self._of_kind(EndpointKind.ADDRESSES)),
            (PartyKind.NODES, hosts),
        ):
            if group & bits:
                yield self._party(kind, group & bits)

    def _of_kind(self, kind: EndpointKind) -> int:
        return united(
            1 << place for place, one in enumerate(self._layout.endpoints) if one.kind is kind
        )

    def _names(self, bits: int) -> list[str]:
        """Return the namespaces of the pods in `bits`, in order."""
        places = members(bits & self._layout.pods, len(self._layout.endpoints))
        return sorted({self._layout.endpoints[place].namespace for place in places})

    def _party(self, kind: PartyKind, bits: int) -> Party:
        ends = [self._layout.endpoints[place] for place in self._places(bits)]
        names = self._names(bits)
        labels = set(reduce(and_, (end.labels.items() for end in ends))) if ends else set()
        if kind is PartyKind.HERE:
            labels = {label for label in labels if label[0] in self._layout.keys}
        else:
            labels &= self._named
        everyone = united(self._layout.namespaces[name] for name in names)
        return Party(
            kind,
            bits,
            namespaces=tuple(names),
            labels=tuple(sorted(labels)),
            is_whole=not everyone & ~bits,
            is_assumed=bool(names) and all(pod.kind == ASSUMED for one in ends for pod in one.pods),
            spans=tuple(sorted(span for end in ends for span in end.spans)),
        )

    def _places(self, bits: int) -> Iterable[int]:
        return members(bits, len(self._layout.endpoints))

    def _lines(self, way: Way, groups: Sequence[Party], parties: Sequence[Party]) -> list[Line]:
        """Return the lines of one way by party, first those with a path in any state."""
        told = [list(self._towards(way, groups, peer)) for peer in parties]
        told.sort(key=lambda lines: not any(map(_has_path, lines)))
        return [line for lines in told for line in lines]

    def _towards(self, way: Way, groups: Sequence[Party], peer: Party) -> Iterator[Line]:
        """Yield the lines of one party; own groups that get the same answer share one."""
        shared: dict[tuple[Answer | None, ...], int] = defaultdict(int)
        for group in groups:
            if self._are_two(group, peer):
                answers = tuple(self._answer(state, way, group, peer) for state in self._states)
                shared[answers] |= group.members
        for answers, bits in shared.items():
            yield self._line(way, self._party(PartyKind.HERE, bits), peer, answers)

    def _are_two(self, group: Party, peer: Party) -> bool:
        """Tell whether there are two pods to speak of; a pod to itself is never blocked."""
        if group.members != peer.members:
            return True
        return sum(self._layout.endpoints[place].count for place in self._places(peer.members)) > 1

    def _line(self, way: Way, ours: Party, peer: Party, answers: tuple[Answer | None, ...]) -> Line:
        if len(answers) == 1:
            return Line(way, ours, peer, answers[0] or Answer())
        before, after = answers
        return Line(way, ours, peer, after or Answer(), before, change_of(before, after))

    def _answer(self, state: Estate | None, way: Way, group: Party, peer: Party) -> Answer | None:
        """Return one state's answer, gathered from pairs of the two; None where it is not there."""
        if state is None:
            return None
        senders, takers = (peer, group) if way is Way.INWARD else (group, peer)
        pairs = [
            (source, destination)
            for source, destination in islice(
                product(self._places(senders.members), self._places(takers.members)), _PAIRS_ASKED
            )
            if source != destination or self._layout.endpoints[source].count > 1
        ]
        by_port_class = zip(*(state.verdicts(*pair) for pair in pairs), strict=True)
        return self._told(state, way, [list(verdicts) for verdicts in by_port_class])

    def _told(self, state: Estate, way: Way, verdicts: list[list[Verdict]]) -> Answer:
        """Return what the verdicts of a line's pairs say, per port class."""
        openings: dict[tuple[tuple[RuleRef, ...], Certainty], list[tuple[Protocol, int, int]]] = {}
        blocked: list[Verdict] = []
        for said, port_class in zip(verdicts, self._classes, strict=True):
            if said[0].allowed:
                key = (_distinct_rules(said), _worst(said))
                openings.setdefault(key, []).extend(port_class.ranges)
            else:
                blocked += said
        deciding = blocked or verdicts[0]
        return Answer(
            openings=tuple(
                Opening(joined_ports(pieces), rules, certainty, pieces=tuple(pieces))
                for (rules, certainty), pieces in openings.items()
            ),
            closed_by=tuple(dict.fromkeys(_closing(state, way, blocked))),
            reason=deciding[0].reason,
            certainty=_worst(blocked),
        )


def change_of(before: Answer | None, after: Answer | None) -> Change:
    """Return what the step from one answer to the next does to the ports that are open."""
    old, new = (_open_ports(answer) for answer in (before, after))
    if old == new:
        return Change.SAME
    if old < new:
        return Change.OPENS
    return Change.CLOSES if new < old else Change.CHANGES


def _has_path(line: Line) -> bool:
    return any(_open_ports(answer) for answer in (line.answer, line.before))


def _open_ports(answer: Answer | None) -> frozenset[tuple[Protocol, int, int]]:
    """Return the open ranges of an answer; both answers of a line cut ports at the same places."""
    openings = answer.openings if answer else ()
    return frozenset(piece for opening in openings for piece in opening.pieces)


def _closing(estate: Estate, way: Way, verdicts: list[Verdict]) -> Iterator[PolicyRef]:
    """Yield what closes blocked traffic: the policies that only deny, where there are some.

    Where the namespace's own end blocks everything, the other ends need no mention.
    """
    own = [one.ingress if way is Way.INWARD else one.egress for one in verdicts]
    ends = dict.fromkeys(own)
    if any(side.allows for side in ends):
        every = (side for one in verdicts for side in (one.egress, one.ingress))
        ends = dict.fromkeys(side for side in every if not side.allows)
    for side in ends:
        denying = [ref for ref in side.isolating if estate.only_denies(ref, side.direction)]
        yield from denying or side.isolating


def _distinct_rules(verdicts: list[Verdict]) -> tuple[RuleRef, ...]:
    sides = (side for one in verdicts for side in (one.egress, one.ingress))
    return tuple(dict.fromkeys(rule for side in sides for rule in side.allowing))


def _worst(verdicts: Iterable[Verdict]) -> Certainty:
    order = list(Certainty).index
    return max((one.certainty for one in verdicts), key=order, default=Certainty.CERTAIN)
