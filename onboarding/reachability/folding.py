"""A namespace's answers → the lines of a matrix that a person can read.

Endpoints that answer alike, before and after, become one party (`partition.py`); own pods that
answer alike towards a party share a line. Rules are gathered from some pairs of a line, spread over
its members: they answer alike, and may do so by rules of their own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import islice, product
from operator import and_

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.endpoints import EndpointKind, named_labels
from onboarding.reachability.estate import Estate
from onboarding.reachability.model import Certainty, PolicyRef, RuleRef, Verdict
from onboarding.reachability.neighbourhood import (
    Answer,
    Change,
    Line,
    Neighbourhood,
    OpenPorts,
    Party,
    PartyKind,
    Ports,
    Way,
    joined_ports,
)
from onboarding.reachability.partition import Alike, Partition
from onboarding.reachability.sets import members, united

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
        self._states, self._partition = states, Partition(namespace, states)
        self._layout, self._classes = self._partition.layout, self._partition.port_classes
        policies = (policy for state in states if state for policy in state.world.policies)
        # Labels of other teams' pods are told only where the namespace's own policies name them.
        self._named = named_labels(one for one in policies if one.ref.namespace == namespace)

    def lines(self) -> Iterator[Line]:
        """Yield the lines: inside, then inward, then outward."""
        bits = self._partition.own_groups()
        groups = [self._party(PartyKind.HERE, group) for group in bits]
        groups.sort(key=lambda party: (-len(party.labels), party.labels))
        parties = [party for alike in self._partition.others(bits) for party in self._split(alike)]
        for way in Way:
            yield from self._lines(way, groups, groups if way is Way.INSIDE else parties)

    def moved(self) -> tuple[list[str], list[str]]:
        """Return the other namespaces that lose a path, and those that gain one."""
        lost, gained = self._partition.moved()
        return self._names(lost), self._names(gained)

    def _split(self, alike: Alike) -> Iterator[Party]:
        """Split endpoints by what they are; who has a path is named as far as possible."""
        group = alike.bits
        hosts = self._layout.on_host | self._of_kind(EndpointKind.NODE)
        pods = group & self._layout.pods & ~hosts
        names = self._names(pods)
        if len(names) > (MOST_NAMED if alike.has_path else 1):
            yield self._party(PartyKind.NAMESPACES, pods, is_mixed=alike.is_mixed)
        else:
            for name in names:
                one = pods & self._layout.namespaces[name]
                yield self._party(PartyKind.NAMESPACE, one, is_mixed=alike.is_mixed)
        for kind, bits in (
            (PartyKind.ADDRESSES, self._of_kind(EndpointKind.ADDRESSES)),
            (PartyKind.NODES, hosts),
        ):
            if group & bits:
                yield self._party(kind, group & bits, is_mixed=alike.is_mixed)

    def _of_kind(self, kind: EndpointKind) -> int:
        return united(
            1 << place for place, one in enumerate(self._layout.endpoints) if one.kind is kind
        )

    def _names(self, bits: int) -> list[str]:
        """Return the namespaces of the pods in `bits`, in order."""
        places = members(bits & self._layout.pods, len(self._layout.endpoints))
        return sorted({self._layout.endpoints[place].namespace for place in places})

    def _party(self, kind: PartyKind, bits: int, *, is_mixed: bool = False) -> Party:
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
            is_mixed=is_mixed and len(ends) > 1,
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
                answers = tuple(
                    self._answer(number, way, group, peer) if state else None
                    for number, state in enumerate(self._states)
                )
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
        change = change_of(before, after)
        if change is Change.SAME and peer.is_mixed:
            # The ports are the same together and still not the same for each.
            moves = self._partition.changed(way, ours.members) & peer.members
            change = Change.CHANGES if moves else Change.SAME
        return Line(way, ours, peer, after or Answer(), before, change)

    def _answer(self, number: int, way: Way, group: Party, peer: Party) -> Answer:
        """Return one state's answer, with evidence from some pairs of the two."""
        state = self._states[number]
        if state is None:
            return Answer()
        verdicts = [state.verdicts(*pair) for pair in self._pairs(way, group, peer)]
        openings: dict[tuple[tuple[RuleRef, ...], Certainty], list[Ports]] = defaultdict(list)
        blocked: list[Verdict] = []
        for port_class, found in enumerate(self._classes):
            said = [one[port_class] for one in verdicts]
            passing = [one for one in said if one.allowed]
            blocked += (one for one in said if not one.allowed)
            if not passing and peer.is_mixed:
                ends = (group.members, peer.members)
                pair = self._partition.open_pair(number, way, ends, port_class)
                passing = [state.verdicts(*pair)[port_class]] if pair else []
            if passing:
                openings[_distinct_rules(passing), _worst(passing)].extend(found.ranges)
        answer = Answer(
            openings=tuple(
                OpenPorts(joined_ports(pieces), rules, certainty, pieces=tuple(pieces))
                for (rules, certainty), pieces in openings.items()
            ),
            closed_by=tuple(dict.fromkeys(_closing(state, way, blocked))),
            reason=(blocked or verdicts[0])[0].reason,
            certainty=_worst(blocked),
        )
        if not peer.is_mixed:
            return answer
        return replace(answer, openings=answer.as_one, varies=bool(openings))

    def _pairs(self, way: Way, group: Party, peer: Party) -> list[tuple[int, int]]:
        """Return some pairs of the two, (sender, receiver), spread over their members."""
        senders, takers = (peer, group) if way is Way.INWARD else (group, peer)
        every = product(self._spread(senders.members), self._spread(takers.members))
        pairs = (
            (source, destination)
            for source, destination in every
            if source != destination or self._layout.endpoints[source].count > 1
        )
        return [*islice(pairs, _PAIRS_ASKED)]

    def _spread(self, bits: int) -> list[int]:
        places = [*self._places(bits)]
        return places[:: max(1, len(places) // _PAIRS_ASKED)]


def change_of(before: Answer | None, after: Answer | None) -> Change:
    """Return what the step from one answer to the next does to the ports that are open.

    The same ports with another certainty are a change, too.
    """
    old, new = (_open_ports(answer) for answer in (before, after))
    if old < new:
        return Change.OPENS
    if new < old:
        return Change.CLOSES
    is_settled_alike = (
        before is None or after is None or _certainties(before) == _certainties(after)
    )
    return Change.SAME if old == new and is_settled_alike else Change.CHANGES


def _certainties(answer: Answer) -> tuple[Certainty, frozenset[tuple[Ports, Certainty]]]:
    openings = answer.openings
    return answer.certainty, frozenset(
        (piece, opening.certainty) for opening in openings for piece in opening.pieces
    )


def _has_path(line: Line) -> bool:
    return any(_open_ports(answer) for answer in (line.answer, line.before))


def _open_ports(answer: Answer | None) -> frozenset[Ports]:
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
