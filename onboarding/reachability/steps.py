"""What was approved for a namespace, one state after another → the paths each step opens or closes.

Needs no cluster: whoever the policies speak of is assumed to be there, and one namespace stands for
all that they do not name. So this is what the namespace's own policies let in and out; another
namespace's may still close its own end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from onboarding.reachability.assume import assumed_pod, with_assumed_pods
from onboarding.reachability.endpoints import Endpoint
from onboarding.reachability.estate import Estate
from onboarding.reachability.folding import compare
from onboarding.reachability.model import (
    METADATA_NAME,
    Direction,
    Labels,
    Peer,
    Pod,
    Policy,
    Selector,
    World,
)
from onboarding.reachability.neighbourhood import (
    Answer,
    Line,
    Party,
    Ports,
    Way,
    joined_ports,
)
from onboarding.reachability.sentences import NOT_PUBLIC
from onboarding.reachability.sets import members, united

# Stands for every namespace that no policy names.
ELSEWHERE = "any other namespace"
# (way, own pods, ports, whether only the baseline opens them)
_Alike: TypeAlias = tuple[Way, Party, tuple[Ports, ...], bool]


class Lasting(StrEnum):
    """How much of what a step opened the newest state still lets through."""

    WHOLE = "whole"
    PART = "part"
    NOT = "not"


@dataclass(frozen=True)
class ApprovedState:
    """A namespace as one revision wants it: its labels and its policies."""

    labels: Labels
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Move:
    """Ports that one step opens, or closes, between pods of the namespace and others.

    `ours` sends on OUTWARD and INSIDE, receives on INWARD. `is_everybody` tells that `peers` are
    all there are outside the namespace. `lasting` is None of what is closed. `is_baseline` tells
    that only policies of the baseline open it, or did.
    """

    opens: bool
    way: Way
    ours: Party
    peers: tuple[Party, ...]
    pieces: tuple[Ports, ...]
    is_everybody: bool = False
    lasting: Lasting | None = None
    is_baseline: bool = False

    @property
    def ports(self) -> tuple[Ports, ...]:
        """Return the ports, those that touch as one range."""
        return joined_ports(self.pieces)

    @property
    def peer_members(self) -> int:
        """Return the bits of everybody at the other end."""
        return united(peer.members for peer in self.peers)


@dataclass(frozen=True)
class Steps:
    """The moves of each step, in order; members of parties are bits of `endpoints`.

    `others` are the namespaces assumed to be there, with their labels.
    """

    endpoints: tuple[Endpoint, ...]
    others: Mapping[str, Labels]
    moves: tuple[tuple[Move, ...], ...]


def steps(
    namespace: str,
    states: Sequence[ApprovedState | None],
    *,
    is_baseline: Callable[[str], bool] = lambda _template: False,
) -> Steps:
    """Return what each state opens and closes, compared with the one before it.

    Before the first there is no namespace; None is a state without one. `is_baseline` tells which
    templates every namespace gets.
    """
    estates = _estates(namespace, states)
    known = [estate for estate in estates if estate]
    if not known:
        return Steps((), {}, tuple(() for _state in states))
    newest, everybody = estates[-1], known[0].layout.everything
    outside = everybody & ~known[0].layout.namespaces[namespace]
    moves = tuple(
        tuple(
            replace(
                move,
                is_everybody=move.way is not Way.INSIDE and move.peer_members == outside,
                lasting=_lasting(namespace, move, newest) if move.opens else None,
            )
            for move in _moves(namespace, before, after, is_baseline=is_baseline)
        )
        for before, after in zip((None, *estates), estates, strict=False)
    )
    others = {
        name: labels for name, labels in known[0].world.namespaces.items() if name != namespace
    }
    return Steps(known[0].endpoints, others, moves)


def _moves(
    namespace: str,
    before: Estate | None,
    after: Estate | None,
    *,
    is_baseline: Callable[[str], bool],
) -> Iterator[Move]:
    if before is None and after is None:
        return
    lines = compare(namespace, before, after).lines
    for opens in (True, False):
        for (way, ours, pieces, of_baseline), peers in _alike(
            lines, opens=opens, is_baseline=is_baseline
        ).items():
            yield Move(opens, way, ours, tuple(peers), pieces, is_baseline=of_baseline)


def _alike(
    lines: Iterable[Line], *, opens: bool, is_baseline: Callable[[str], bool]
) -> dict[_Alike, list[Party]]:
    """Return the peers towards whom the same pods gain, or lose, the same ports."""
    found: dict[_Alike, list[Party]] = defaultdict(list)
    for line in lines:
        was, is_now = _pieces(line.before), _pieces(line.answer)
        pieces = is_now - was if opens else was - is_now
        usual = pieces & _baseline_pieces(line.answer if opens else line.before, is_baseline)
        for some, of_baseline in ((pieces - usual, False), (usual, True)):
            if some:
                found[line.way, line.ours, tuple(sorted(some)), of_baseline].append(line.peer)
    return found


def _baseline_pieces(answer: Answer | None, is_baseline: Callable[[str], bool]) -> frozenset[Ports]:
    """Return the ports that rules of the baseline open, and no other rule besides."""
    openings = answer.openings if answer else ()
    return frozenset(
        piece
        for opening in openings
        if opening.rules and all(is_baseline(rule.policy.template) for rule in opening.rules)
        for piece in opening.pieces
    )


def _pieces(answer: Answer | None) -> frozenset[Ports]:
    openings = answer.openings if answer else ()
    return frozenset(piece for opening in openings for piece in opening.pieces)


def _lasting(namespace: str, move: Move, newest: Estate | None) -> Lasting:
    if newest is None:
        return Lasting.NOT
    open_, shut = 0, 0
    around = newest.around(namespace)
    for number, port_class in enumerate(newest.port_classes):
        if not set(port_class.ranges) & set(move.pieces):
            continue
        rows = around[number].inward if move.way is Way.INWARD else around[number].outward
        for place in members(move.ours.members, len(newest.endpoints)):
            towards = move.peer_members
            if newest.endpoints[place].count == 1:
                towards &= ~(1 << place)
            open_ |= rows[place] & towards
            shut |= towards & ~rows[place]
    if not open_:
        return Lasting.NOT
    return Lasting.PART if shut else Lasting.WHOLE


def _estates(namespace: str, states: Sequence[ApprovedState | None]) -> list[Estate | None]:
    """Return one estate for each state, all over one layout."""
    policies = [policy for state in states if state for policy in state.policies]
    others = {ELSEWHERE: {}, **_spoken_of(namespace, policies)}
    worlds = [
        World({**others, namespace: state.labels}, policies=state.policies) if state else None
        for state in states
    ]
    pods = _pods(namespace, others, policies, [world for world in worlds if world])
    peopled = [replace(world, pods=pods) if world else None for world in worlds]
    layout = None
    found: list[Estate | None] = []
    for world in peopled:
        beside = [one for one in peopled if one and one is not world]
        cuts = map(str, NOT_PUBLIC)
        estate = Estate(world, boundaries=cuts, layout=layout, beside=beside) if world else None
        layout = estate.layout if estate else layout
        found.append(estate)
    return found


def _pods(
    namespace: str, others: dict[str, Labels], policies: list[Policy], worlds: list[World]
) -> tuple[Pod, ...]:
    """Return the pods that any of the worlds speaks of, and one without a label everywhere."""
    pods: tuple[Pod, ...] = ()
    for world in worlds:
        pods = with_assumed_pods(replace(world, pods=pods), only={namespace}).pods
    stand_ins = {
        (_name(peer.namespaces), peer.pods)
        for peer in _peers(policies)
        if peer.namespaces and peer.pods and peer.pods.labels and _name(peer.namespaces) in others
    }
    there = {(pod.namespace, tuple(sorted(pod.labels.items()))) for pod in pods}
    added = [
        assumed_pod(name, dict(selector.labels))
        for name, selector in sorted(stand_ins, key=str)
        if (name, selector.labels) not in there
    ]
    return (*pods, *added)


def _spoken_of(namespace: str, policies: Iterable[Policy]) -> dict[str, Labels]:
    """Return the other namespaces that policies name, or pick by labels, with those labels."""
    return {
        name: {key: value for key, value in peer.namespaces.labels if key != METADATA_NAME}
        for peer in _peers(policies)
        if peer.namespaces and (name := _name(peer.namespaces)) not in ("", namespace)
    }


def _name(selector: Selector) -> str:
    """Return the one namespace that is named, or words for those with the labels, or ""."""
    labels = dict(selector.labels)
    said = ", ".join(f"{key}={value}" for key, value in selector.labels)
    return labels.get(METADATA_NAME) or (f"namespaces labelled {said}" if said else "")


def _peers(policies: Iterable[Policy]) -> Iterator[Peer]:
    for policy in policies:
        for direction in Direction:
            for rule in policy.rules(direction):
                yield from rule.peers
