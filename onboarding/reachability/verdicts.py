"""One pair on one port, with the evidence of both ends."""

from dataclasses import dataclass

from onboarding.reachability.compiled import Compiled
from onboarding.reachability.endpoints import EndpointKind, Layout
from onboarding.reachability.model import Direction, PortMatch, Side
from onboarding.reachability.ports import PortSpace

_EXEMPT = {
    EndpointKind.ADDRESSES: "an address of no known pod or node, which no policy selects",
    EndpointKind.NODE: "a node, which no policy selects",
    EndpointKind.PODS: "on the host's network and treated as its node, which no policy selects",
}
_OWN_NODE = "the pod's own node"
_ENDS = {Direction.EGRESS: ("sender", "send"), Direction.INGRESS: ("receiver", "receive")}


@dataclass(frozen=True)
class PairQuestion:
    """May `source` reach `destination` on the ports of a class?"""

    layout: Layout
    ports: PortSpace
    source: int
    destination: int
    port_class: int

    def is_allowed(self, compiled: Compiled) -> bool:
        """Answer in one reading."""
        return all(side.allows for side in self.sides(compiled))

    def sides(self, compiled: Compiled) -> tuple[Side, Side]:
        """Return what the sender's egress and the receiver's ingress say, in one reading."""
        return (
            self._side(compiled, Direction.EGRESS, self.source, self.destination),
            self._side(compiled, Direction.INGRESS, self.destination, self.source),
        )

    def _side(self, compiled: Compiled, direction: Direction, own: int, other: int) -> Side:
        exempt = self._exemption(compiled, direction, own)
        if exempt:
            return Side(direction, (), (), exempt)
        isolating = [one for one in compiled.selecting(own) if direction in one.policy.isolates]
        return Side(
            direction,
            isolating=tuple(one.policy.ref for one in isolating),
            allowing=tuple(
                rule.ref
                for one in isolating
                for rule in one.rules[direction]
                if rule.peers >> other & 1 and self._names_port(rule.ports)
            ),
        )

    def _exemption(self, compiled: Compiled, direction: Direction, own: int) -> str:
        always = compiled.leaving if direction is Direction.EGRESS else compiled.entering
        if always.get(self.source, 0) >> self.destination & 1:
            return _OWN_NODE
        if compiled.selectable >> own & 1:
            return ""
        return _EXEMPT[self.layout.endpoints[own].kind]

    def _names_port(self, named: tuple[PortMatch, ...]) -> bool:
        return bool(self.ports.destinations(named, self.port_class) >> self.destination & 1)


def reason_of(egress: Side, ingress: Side) -> str:
    """Return the verdict's reason: the side or sides that block, or why both let pass."""
    blocking = [side for side in (egress, ingress) if not side.allows]
    if blocking:
        return "; ".join(_blocked(side) for side in blocking)
    return "; ".join(_passed(side) for side in (egress, ingress))


def _blocked(side: Side) -> str:
    end, _ = _ENDS[side.direction]
    names = ", ".join(map(str, side.isolating))
    verb = "isolates" if len(side.isolating) == 1 else "isolate"
    return f"blocked at the {end}: {names} {verb} it and no rule allows this"


def _passed(side: Side) -> str:
    end, verb = _ENDS[side.direction]
    if side.exempt:
        return f"the {end} may {verb}: {side.exempt}"
    if side.allowing:
        return f"the {end} may {verb}: {', '.join(map(str, side.allowing))}"
    return f"the {end} may {verb}: no policy isolates it"
