"""A namespace's picture → what its Connectivity page shows: a table, and a graph of the same lines.

Reads nothing but the picture.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.pages.connectivity_graph import Drawing, Spot, draw
from onboarding.queries.connectivity import Connectivity
from onboarding.queries.party_words import party_text, short_note_on
from onboarding.queries.port_words import ports_text
from onboarding.reachability.model import Certainty, Direction, Policy, PolicyRef, World
from onboarding.reachability.neighbourhood import Answer, Line, OpenPorts, Party, PartyKind, Way
from onboarding.templatetags.connectivity import capitalised

UNSETTLED = (Certainty.PLUGIN_DEPENDENT, Certainty.UNDEFINED, Certainty.INCOMPLETE)


@dataclass(frozen=True)
class PathRow:
    """One answer on some ports. Without an `opening` nothing gets through on them.

    `closers` are the policies that matter where it is closed: those that close by default, if any.
    """

    line: Line
    ports: str
    opening: OpenPorts | None
    closers: tuple[PolicyRef, ...] = ()
    closing: str = ""
    certainty: Certainty = Certainty.CERTAIN


@dataclass(frozen=True)
class PathGroup:
    """The rows of one way, with their heading and what the two ends are called."""

    title: str
    rows: tuple[PathRow, ...]


@dataclass(frozen=True)
class ConnectivityPage:
    """The page's table and picture. `summary` says the picture in words."""

    groups: tuple[PathGroup, ...]
    drawing: Drawing
    summary: str
    unsettled: tuple[Certainty, ...]

    @property
    def has_rows(self) -> bool:
        """Tell whether there is anybody to speak of."""
        return any(group.rows for group in self.groups)


def build_connectivity(picture: Connectivity) -> ConnectivityPage:
    """Return the table and the graph of one namespace."""
    world, name = picture.estate.world, picture.neighbourhood.namespace
    lines = picture.neighbourhood.lines
    titles = {
        Way.INWARD: _("Who can reach this namespace"),
        Way.OUTWARD: _("Whom this namespace can reach"),
        Way.INSIDE: _("Inside this namespace, from the pods here to the others"),
    }
    groups = tuple(
        PathGroup(
            title,
            tuple(_rows(picture.neighbourhood.going(way), name, _defaults(world, name, way))),
        )
        for way, title in titles.items()
    )
    said = {row.certainty for group in groups for row in group.rows}
    return ConnectivityPage(
        groups=groups,
        drawing=_drawing(name, lines),
        summary=_summary(lines, is_complete=not world.foreign),
        unsettled=tuple(one for one in UNSETTLED if one in said),
    )


def closes_by_default(policy: Policy, direction: Direction) -> bool:
    """Tell whether a policy closes a direction for its whole namespace and opens nothing in it."""
    is_closed = direction in policy.isolates and not policy.rules(direction)
    return policy.pods.is_empty and is_closed


def _defaults(world: World, own: str, way: Way) -> frozenset[PolicyRef]:
    """Return the policies that close a way by default, at whichever end they stand.

    Inside either direction may be what closes, so there every one that is isolated has to count.
    """
    leaving = {Way.OUTWARD: True, Way.INWARD: False}.get(way)

    def is_default(policy: Policy) -> bool:
        if leaving is None:
            return all(closes_by_default(policy, one) for one in policy.isolates)
        sends = leaving == (policy.ref.namespace == own)
        return closes_by_default(policy, Direction.EGRESS if sends else Direction.INGRESS)

    return frozenset(policy.ref for policy in world.policies if is_default(policy))


def _rows(lines: Iterable[Line], own: str, defaults: frozenset[PolicyRef]) -> Iterator[PathRow]:
    for line in (line for of_peer in _by_peer(lines) for line in _opened_first(of_peer)):
        answer = line.answer
        for opening in answer.openings:
            words = capitalised(ports_text(opening))
            yield PathRow(line, words, opening, certainty=opening.certainty)
        if answer.closed_by:
            closers = tuple(ref for ref in answer.closed_by if ref in defaults) or answer.closed_by
            yield PathRow(
                line,
                _closed_ports(answer),
                None,
                closers=closers,
                closing=_closing(closers, own, is_default=closers[0] in defaults),
                certainty=answer.certainty,
            )


def _closed_ports(answer: Answer) -> str:
    if answer.varies:
        return _("Every port that is not open")
    return _("Every other port") if answer.openings else _("Every port")


def _opened_first(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.answer.is_blocked)


def _closing(closers: tuple[PolicyRef, ...], own: str, *, is_default: bool) -> str:
    """Return what closes it, as it stands before the policies' names."""
    if not is_default:
        return _("No rule allows it; closed by")
    if all(ref.namespace != own for ref in closers):
        return _("Closed by default at the other end,")
    return _("Closed by default,")


def _drawing(name: str, lines: tuple[Line, ...]) -> Drawing:
    names = _Names(lines)
    sides = {
        way: tuple(
            names.spot(found) for found in _by_peer(line for line in lines if line.way is way)
        )
        for way in (Way.INWARD, Way.OUTWARD)
    }
    return draw(
        name,
        groups=tuple(names.group(party) for party in names.groups),
        senders=sides[Way.INWARD],
        takers=sides[Way.OUTWARD],
        more=_("and %d more, see the table"),
    )


def _by_peer(lines: Iterable[Line]) -> list[list[Line]]:
    found: dict[tuple[PartyKind, int], list[Line]] = {}
    for line in lines:
        found.setdefault((line.peer.kind, line.peer.members), []).append(line)
    return list(found.values())


class _Names:
    """Parties as short as a box wants them: own pods by the labels in which they differ."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        inside = {line.peer.members: line.peer for line in lines if line.way is Way.INSIDE}
        others = {line.ours.members: line.ours for line in lines}
        self.groups = list((inside or others).values())
        self._inside = [line for line in lines if line.way is Way.INSIDE]
        labels = [set(party.labels) for party in self.groups if party.labels]
        self._shared = set.intersection(*labels) if len(labels) > 1 else set()

    def spot(self, lines: list[Line]) -> Spot:
        """Return one party at the rim: open if any of the namespace's pods has a path."""
        name, note, is_name = _names(lines[0].peer)
        opened = [line for line in lines if line.answer.openings]
        unsettled = _("not settled") if any(map(_is_unsettled, lines)) else ""
        if not opened:
            return Spot(name, note, _("Blocked"), is_name=is_name, unsettled=unsettled)
        whom = ""
        if len(opened) < len(lines):
            whom = self._own(opened[0].ours)[0] if len(opened) == 1 else _("some of the pods")
        return Spot(
            name,
            note,
            _label(opened),
            is_open=True,
            whom=whom,
            is_name=is_name,
            unsettled=unsettled,
        )

    def group(self, party: Party) -> Spot:
        """Return one group of own pods with what its pods may do inside the namespace."""
        name, is_name = self._own(party)
        lines = [line for line in self._inside if line.ours.members & party.members]
        opened = [line for line in lines if line.answer.openings]
        if any(map(_is_unsettled, lines)):
            ports = _ports(opened) if opened else _("blocked")
            words = _("Not settled: %(ports)s") % {"ports": ports}
            return Spot(name, words, is_open=bool(opened), is_name=is_name, unsettled=words)
        if not opened:
            return Spot(name, _("Reach nobody here") if lines else "", is_name=is_name)
        words = _("Reach some here: %(ports)s")
        if len(opened) == len(lines):
            words = _("Reach all here: %(ports)s")
        elif all(line.peer.members == line.ours.members for line in opened):
            words = _("Reach each other: %(ports)s")
        return Spot(name, words % {"ports": _ports(opened)}, is_open=True, is_name=is_name)

    def _own(self, party: Party) -> tuple[str, bool]:
        different = [one for one in party.labels if one not in self._shared] or party.labels
        labels = ", ".join(f"{key}={value}" for key, value in different)
        return (labels, True) if labels else (party_text(party), False)


def _names(party: Party) -> tuple[str, str, bool]:
    """Return the two lines of a box, and whether the first is a name."""
    if party.kind is not PartyKind.NAMESPACE:
        return party_text(party), short_note_on(party), False
    pods = ", ".join(f"{key}={value}" for key, value in party.labels)
    if party.is_whole:
        return party.namespaces[0], _("Every pod"), True
    return party.namespaces[0], pods or _("Other pods"), True


def _label(opened: Sequence[Line]) -> str:
    """Return what stands above an arrow."""
    if any(line.answer.varies for line in opened):
        return _("Ports differ")
    return capitalised(_ports(opened))


def _ports(lines: Iterable[Line]) -> str:
    words = {
        ports_text(opening): opening.is_every_port
        for line in lines
        for opening in line.answer.openings
    }
    if any(words.values()):
        return _("every port")
    return ", ".join(words)


def _is_unsettled(line: Line) -> bool:
    """Tell whether what is said on some port is not certain."""
    said = {line.answer.certainty, *(one.certainty for one in line.answer.openings)}
    return said != {Certainty.CERTAIN}


def _summary(lines: tuple[Line, ...], *, is_complete: bool) -> str:
    """Return the picture in words, for those who do not see it."""
    opened = [line for line in lines if line.answer.openings]
    heads = {
        Way.INWARD: _("It can be reached by:"),
        Way.OUTWARD: _("It can reach:"),
        Way.INSIDE: _("Inside, these can be reached:"),
    }
    said = [_listed(head, (one for one in opened if one.way is way)) for way, head in heads.items()]
    if unsettled := [line for line in lines if _is_unsettled(line)]:
        said.append(_listed(_("Not settled, with"), unsettled))
    rest = _("Everything else is blocked.")
    if not is_complete:
        rest = _("What was not understood or read can override this; else the rest is blocked.")
    return " ".join([*said, rest, _("The table holds the same facts.")])


def _listed(words: str, lines: Iterable[Line]) -> str:
    peers = dict.fromkeys(party_text(line.peer, inside=True) for line in lines)
    return f"{words} {', '.join(peers) or _('nobody')}."
