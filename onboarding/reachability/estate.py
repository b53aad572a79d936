"""The whole estate: who reaches whom, on every port, with the evidence for each pair.

Sets are integers; bit i is endpoint i. A port class is worked out as the difference to the rules
that cover every port, so a world with fifty ports costs little more than one with none.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from onboarding.reachability.addresses import spans_of
from onboarding.reachability.compiled import (
    Compiled,
    Ground,
    Reading,
    Rectangles,
)
from onboarding.reachability.endpoints import Endpoint, EndpointKind, Layout, lay_out
from onboarding.reachability.listing import some_of
from onboarding.reachability.model import (
    Block,
    Certainty,
    Direction,
    PolicyRef,
    Protocol,
    Verdict,
    World,
)
from onboarding.reachability.ports import PortClass, PortSpace
from onboarding.reachability.sets import members, places, united
from onboarding.reachability.surroundings import Surroundings, surroundings
from onboarding.reachability.verdicts import PairQuestion, reason_of

# What a verdict is worth that another reading contradicts, and why.
_BEYOND = {
    Reading.BLOCKS_MISS_PODS: (
        Certainty.PLUGIN_DEPENDENT,
        "an ipBlock decides, and network plugins differ in whether it holds pods",
    ),
    Reading.OWN_NODE_OPEN: (
        Certainty.PLUGIN_DEPENDENT,
        "network plugins differ in whether a pod always reaches its own node",
    ),
    Reading.HOST_AS_PODS: (
        Certainty.UNDEFINED,
        "Kubernetes leaves open whether policies tell a pod on the host's network from its node",
    ),
    Reading.ANY_NODE_IS_OWN: (
        Certainty.UNDEFINED,
        "a pod's own node always gets in, and it is not known where the pod runs",
    ),
}


class Estate:
    """Answers about one world. Compiles on first use; safe to keep, never changes."""

    def __init__(
        self,
        world: World,
        *,
        boundaries: Iterable[str | Block] = (),
        layout: Layout | None = None,
        beside: Sequence[World] = (),
    ) -> None:
        """Take a world, or several that are compared: those `beside` lend policies to the layout.

        `boundaries` are CIDRs or blocks that get external ranges of their own. A `layout` is
        passed on from another estate whose answers are compared with this one's.
        """
        cuts = tuple(
            one if isinstance(one, Block) else Block(ipaddress.ip_network(one))
            for one in boundaries
        )
        self.world = world
        self.layout = layout or lay_out((*beside, world), cuts)
        self.endpoints = self.layout.endpoints
        self._beside = beside
        self._ground = Ground(world, self.layout)
        self._compiled: dict[Reading, Compiled] = {}

    @property
    def port_classes(self) -> tuple[PortClass, ...]:
        """Return the classes every (protocol, port) lies in exactly one of."""
        return self.ports.classes

    @cached_property
    def ports(self) -> PortSpace:
        """Return the ports, cut where any rule of this world or of those beside it cuts them."""
        matches = (
            match
            for world in (*self._beside, self.world)
            for policy in world.policies
            for direction in Direction
            for rule in policy.rules(direction)
            for match in rule.ports
        )
        return PortSpace(matches, self.endpoints)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Return the readings that could differ from AS_READ in this world."""
        on_host = self.layout.on_host
        has_nodes = any(endpoint.kind is EndpointKind.NODE for endpoint in self.endpoints)
        found = []
        if any(bits & self.layout.pods for bits in self.layout.blocks.values()):
            found.append(Reading.BLOCKS_MISS_PODS)
        if on_host or has_nodes:
            found += [Reading.OWN_NODE_OPEN, Reading.ANY_NODE_IS_OWN]
        if on_host:
            found.append(Reading.HOST_AS_PODS)
        return tuple(found)

    def compiled(self, reading: Reading = Reading.AS_READ) -> Compiled:
        """Return a reading's rectangles, worked out once."""
        if reading not in self._compiled:
            # Whether blocks hold pods makes no difference to policies without blocks.
            like = self.compiled() if reading is Reading.BLOCKS_MISS_PODS else None
            self._compiled[reading] = Compiled(self._ground, reading, like)
        return self._compiled[reading]

    def find(self, namespace: str, pod: str) -> int:
        """Return the endpoint of a pod. Raise KeyError where there is none of that name."""
        for place in places(self.layout.namespaces.get(namespace, 0)):
            if any(one.name == pod for one in self.endpoints[place].pods):
                return place
        raise KeyError(f"{namespace}/{pod}")

    def find_address(self, address: str) -> int:
        """Return the pod, node or external range with this address. Raise ValueError for none."""
        (wanted,) = spans_of((str(ipaddress.ip_address(address)),))
        outside = -1
        for place, endpoint in enumerate(self.endpoints):
            if endpoint.kind is EndpointKind.ADDRESSES:
                if any(span.overlaps(wanted) for span in endpoint.spans):
                    outside = place
            elif any(wanted in spans_of(where) for where in self._addresses(endpoint)):
                return place
        return outside

    def verdict(self, source: int, destination: int, protocol: Protocol, port: int) -> Verdict:
        """Return whether `source` reaches `destination` on a port, and why."""
        port_class = self.ports.class_of(protocol, port)
        asked = PairQuestion(self.layout, self.ports, source, destination, port_class)
        egress, ingress = asked.sides(self.compiled())
        allowed = egress.allows and ingress.allows
        doubts = [
            _BEYOND[reading]
            for reading in self.readings
            if asked.is_allowed(self.compiled(reading)) != allowed
        ]
        doubts += self._not_understood(source, destination)
        return Verdict(
            allowed=allowed,
            certainty=max(
                (certainty for certainty, _ in doubts),
                key=list(Certainty).index,
                default=Certainty.CERTAIN,
            ),
            egress=egress,
            ingress=ingress,
            reason=reason_of(egress, ingress),
            caveat="; ".join(words for _, words in doubts),
        )

    def verdicts(self, source: int, destination: int) -> list[Verdict]:
        """Return the verdict in each port class; alike ones are worked out once."""
        named = {
            rule.ports
            for reading in (Reading.AS_READ, *self.readings)
            for place, direction in (
                (source, Direction.EGRESS),
                (destination, Direction.INGRESS),
            )
            for policy in self.compiled(reading).selecting(place)
            for rule in policy.rules[direction]
        }
        known: dict[tuple[int, ...], Verdict] = {}
        found = []
        for number, port_class in enumerate(self.port_classes):
            open_to = tuple(
                self.ports.destinations(ports, number) >> destination & 1 for ports in named
            )
            if open_to not in known:
                known[open_to] = self.verdict(source, destination, *port_class.example)
            found.append(known[open_to])
        return found

    def only_denies(self, ref: PolicyRef, direction: Direction) -> bool:
        """Tell whether a policy isolates in a direction and allows nothing in it."""
        return any(
            one.policy.ref == ref and not one.rules[direction]
            for one in self.compiled().policies_in(ref.namespace)
            if direction in one.policy.isolates
        )

    def rows(self, port_class: int, *, reading: Reading = Reading.AS_READ) -> list[int]:
        """Return, for each endpoint, the bits of the endpoints it reaches in a port class.

        An endpoint that reaches itself stands for several pods that reach each other.
        """
        out, into = self.sides(port_class, reading=reading)
        pods = self.layout.pods
        return [
            # Policies say nothing about traffic that has no pod at either end.
            sent & taken if pods >> place & 1 else sent & taken & pods
            for place, (sent, taken) in enumerate(zip(out, into, strict=True))
        ]

    def sides(
        self, port_class: int, *, reading: Reading = Reading.AS_READ
    ) -> tuple[list[int], list[int]]:
        """Return, for each sender, whom its egress lets out to and whose ingress lets it in."""
        compiled = self.compiled(reading)
        sides = []
        for direction, base in zip(
            (Direction.EGRESS, Direction.INGRESS), self._bases(reading), strict=True
        ):
            rows = [*base]
            self._spread(compiled.rectangles[direction], rows, port_class)
            sides.append(rows)
        return sides[0], sides[1]

    def around(self, namespace: str, *, reading: Reading = Reading.AS_READ) -> list[Surroundings]:
        """Return who reaches a namespace's pods and whom they reach, per port class."""
        own = self.layout.namespaces.get(namespace, 0)
        return surroundings(
            self.compiled(reading), self.ports, own=own, everything=self.layout.everything
        )

    @cached_property
    def incomplete(self) -> int:
        """Return the bits of the ends that policies which are not understood may speak of."""
        if any(not foreign.namespace for foreign in self.world.foreign):
            return self.layout.everything
        return united(
            self.layout.namespaces.get(foreign.namespace, 0) for foreign in self.world.foreign
        )

    def _not_understood(self, source: int, destination: int) -> Iterator[tuple[Certainty, str]]:
        """Yield what policies that are not understood leave of a verdict: nothing for certain."""
        if not self.incomplete & (1 << source | 1 << destination):
            return
        ends = {"", *(self.endpoints[place].namespace for place in (source, destination))}
        names = [str(one) for one in self.world.foreign if one.namespace in ends]
        yield Certainty.INCOMPLETE, f"not understood, and could decide otherwise: {some_of(names)}"

    def _addresses(self, endpoint: Endpoint) -> Iterator[tuple[str, ...]]:
        yield from (pod.addresses for pod in endpoint.pods)
        yield from (node.addresses for node in self.world.nodes if node.name == endpoint.name)

    def _bases(self, reading: Reading) -> tuple[list[int], list[int]]:
        """Return both sides for ports that no rule names, as worked out once per reading."""
        known: dict[Reading, tuple[list[int], list[int]]] = self.__dict__.setdefault("_based", {})
        if reading not in known:
            known[reading] = self._work_out_bases(self.compiled(reading))
        return known[reading]

    def _work_out_bases(self, compiled: Compiled) -> tuple[list[int], list[int]]:
        size = len(self.endpoints)
        everything = self.layout.everything
        confined = compiled.isolated[Direction.EGRESS]
        open_ends = everything & ~compiled.isolated[Direction.INGRESS]
        out = [0 if confined >> place & 1 else everything for place in range(size)]
        into = [open_ends] * size
        for place, receivers in compiled.leaving.items():
            out[place] |= receivers
        for place, receivers in compiled.entering.items():
            into[place] |= receivers
        self._spread(compiled.rectangles[Direction.EGRESS], out)
        self._spread(compiled.rectangles[Direction.INGRESS], into)
        return out, into

    def _spread(
        self, rectangles: Rectangles, rows: list[int], port_class: int | None = None
    ) -> None:
        """Add rectangles to rows: those of every port, or those that name ports of a class."""
        size = len(self.endpoints)
        for (senders, ports), receivers in rectangles.items():
            if (port_class is None) == bool(ports):
                continue
            reached = receivers
            if port_class is not None:
                reached &= self.ports.destinations(ports, port_class)
            if reached:
                for place in members(senders, size):
                    rows[place] |= reached
