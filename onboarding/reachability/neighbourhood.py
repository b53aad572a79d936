"""Who can talk to one namespace, folded for people: parties that answer alike share a line.

With a second estate of the same layout each line says what it was before, and what would change.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from onboarding.reachability.addresses import Span
from onboarding.reachability.model import Certainty, PolicyRef, Protocol, RuleRef

# (protocol, first, last), both ends included.
Ports: TypeAlias = tuple[Protocol, int, int]


class Way(StrEnum):
    """Where a line's traffic goes, seen from the namespace."""

    INSIDE = "inside"
    INWARD = "inward"
    OUTWARD = "outward"


class PartyKind(StrEnum):
    """What a line is about."""

    HERE = "here"  # pods of the namespace itself
    NAMESPACE = "namespace"  # pods of one other namespace
    NAMESPACES = "namespaces"  # pods of several others
    ADDRESSES = "addresses"  # outside the cluster
    NODES = "nodes"  # nodes, and pods that share a node's network


class Change(StrEnum):
    """What a request does to a line."""

    SAME = "same"
    OPENS = "opens"
    CLOSES = "closes"
    CHANGES = "changes"  # some ports open and some close


@dataclass(frozen=True)
class Party:
    """Endpoints that answer alike.

    `labels` are common to its pods: sorted (key, value). `is_whole` tells that every pod of its
    namespaces belongs to it. `is_assumed` tells that none of its pods exists yet. `is_mixed` tells
    that they only have in common whether there is a path: ports may differ. `members` are bits of
    endpoints.
    """

    kind: PartyKind
    members: int
    namespaces: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    is_whole: bool = True
    is_assumed: bool = False
    is_mixed: bool = False
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class OpenPorts:
    """Ports that are open, and the rules of both ends that open them.

    No rules: nothing isolates either end. `pieces` are the same ports as the estate cuts them.
    """

    ports: tuple[Ports, ...]
    rules: tuple[RuleRef, ...]
    certainty: Certainty
    pieces: tuple[Ports, ...] = ()

    @property
    def is_every_port(self) -> bool:
        """Tell whether nothing is left closed."""
        return all((protocol, 1, 65535) in self.ports for protocol in Protocol)


@dataclass(frozen=True)
class Answer:
    """One line's answer: what is open, and which policies close the rest.

    `reason` is that of one pair among those the line stands for. With `varies` the open ports are
    those of all pairs together, not of each.
    """

    openings: tuple[OpenPorts, ...] = ()
    closed_by: tuple[PolicyRef, ...] = ()
    reason: str = field(default="", compare=False)
    certainty: Certainty = Certainty.CERTAIN
    varies: bool = False

    @property
    def is_blocked(self) -> bool:
        """Tell whether nothing at all gets through."""
        return not self.openings

    @property
    def as_one(self) -> tuple[OpenPorts, ...]:
        """Return what is open as one opening, for those who do not ask by which rules."""
        if len(self.openings) < 2:
            return self.openings
        pieces = tuple(piece for opening in self.openings for piece in opening.pieces)
        rules = tuple(dict.fromkeys(rule for opening in self.openings for rule in opening.rules))
        order = list(Certainty).index
        least = max((opening.certainty for opening in self.openings), key=order)
        return (OpenPorts(joined_ports(pieces), rules, least, pieces),)


@dataclass(frozen=True)
class Line:
    """One row of the matrix. `ours` sends on OUTWARD and INSIDE, receives on INWARD.

    `before` is None without a comparison, and where the namespace did not exist.
    """

    way: Way
    ours: Party
    peer: Party
    answer: Answer
    before: Answer | None = None
    change: Change = Change.SAME


@dataclass(frozen=True)
class Neighbourhood:
    """The matrix of one namespace, and which other namespaces gain or lose a path by the change."""

    namespace: str
    lines: tuple[Line, ...]
    gaining: tuple[str, ...] = ()
    losing: tuple[str, ...] = ()

    def going(self, way: Way) -> tuple[Line, ...]:
        """Return the lines of one way."""
        return tuple(line for line in self.lines if line.way is way)


def joined_ports(pieces: Iterable[Ports]) -> tuple[Ports, ...]:
    """Return ranges of ports in order, those that touch as one."""
    joined: list[Ports] = []
    order = list(Protocol).index
    for protocol, first, last in sorted(pieces, key=lambda piece: (order(piece[0]), piece[1])):
        if joined and joined[-1][0] is protocol and joined[-1][2] + 1 == first:
            joined[-1] = (protocol, joined[-1][1], last)
        else:
            joined.append((protocol, first, last))
    return tuple(joined)
