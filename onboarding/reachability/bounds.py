"""Whether what some policies newly allow lies inside a bound, in every world there could be.

A bound says the most that an opening may let pass: from whom, to whom, on which ports. It is read
into policies of the opening's namespace, so the estate answers for the bound as it does for the
opening, and the difference is a matter of bits. `every_kind.py` makes the worlds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.compiled import Reading
from onboarding.reachability.endpoints import Endpoint, lay_out
from onboarding.reachability.estate import Estate
from onboarding.reachability.every_kind import worlds_of_every_kind
from onboarding.reachability.model import (
    METADATA_NAME,
    Direction,
    Policy,
    PolicyRef,
    Protocol,
    Selector,
    World,
)
from onboarding.reachability.policies import read_policy
from onboarding.reachability.sets import members

ANYTHING = "anything"
ANY = "any"
_SIDES = {Direction.EGRESS: ("from", "to"), Direction.INGRESS: ("to", "from")}


class BadBound(ValueError):
    """This says no bound. The text says why."""


@dataclass(frozen=True)
class Bound:
    """The most that may pass, as policies of one namespace with rules in one direction.

    They allow what is inside the bound; that a policy isolates as well means nothing here.
    """

    namespace: str
    direction: Direction
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Escape:
    """One connection that is allowed and lies outside a bound."""

    source: Endpoint
    destination: Endpoint
    protocol: Protocol
    port: int

    def __str__(self) -> str:
        """Return e.g. `elsewhere/any other pod to payments/app=web on TCP 8080`."""
        ends = f"{_words(self.source)} to {_words(self.destination)}"
        return f"{ends} on {self.protocol} {self.port}"

    @property
    def size(self) -> tuple[int, int, int, str]:
        """Return what orders escapes: the one that takes the least to say is the smallest."""
        order = [*Protocol].index(self.protocol)
        weight = _weight(self.source) + _weight(self.destination)
        return weight, order, self.port, str(self)


def read_bound(tree: Manifest, namespace: str) -> Bound:
    """Return the bound of a filled tree {from, to, ports}. Raise BadBound or BadPolicy.

    One of its two ends must be pods of `namespace`, which is the opening's own.
    """
    for direction, (near, far) in _SIDES.items():
        own, others = tree.get(near), tree.get(far)
        if isinstance(own, list) and own and all(map(_is_own, own)) and isinstance(others, list):
            rules = _rules(far, others, tree.get("ports"))
            policies = tuple(_policy(namespace, direction, end, rules) for end in own)
            return Bound(namespace, direction, policies)
    raise BadBound("one end of a bound is pods of the opening's own namespace")


def smallest_escape(
    before: Sequence[Policy], opened: Sequence[Policy], bound: Bound
) -> Escape | None:
    """Return the least that is allowed once `opened` is applied and that the bound does not hold.

    `before` are the policies of the bound's namespace. Applied, a policy replaces the one of its
    name. Each end is judged with the other one open, for what the far end allows is not this
    opening's. Every other namespace is closed before, by policies of the same names as ours, so
    that whatever is allowed there is new. None: nothing escapes.
    """
    worlds = worlds_of_every_kind((*before, *opened, *bound.policies), bound.namespace)
    escapes = (one for world in worlds for one in _Comparison(world, before, opened, bound).escapes)
    return min(escapes, key=lambda escape: escape.size, default=None)


class _Comparison:
    """One world with three sets of policies over one layout: before, after, and the bound's."""

    def __init__(
        self, world: World, before: Sequence[Policy], opened: Sequence[Policy], bound: Bound
    ) -> None:
        closed = [*before, *_fences(before, world.namespaces.keys() - {bound.namespace})]
        # By name: so applying a policy works.
        after = {policy.ref: policy for policy in (*closed, *opened)}
        limit = (*bound.policies, *_fences((), world.namespaces))
        compared = [replace(world, policies=(*one,)) for one in (closed, after.values(), limit)]
        layout = lay_out(compared)
        self._bound = bound
        self._own = layout.namespaces[bound.namespace]
        self._before, self._after, self._limit = (
            Estate(one, layout=layout, beside=compared) for one in compared
        )

    @property
    def escapes(self) -> Iterator[Escape]:
        """Yield every escape, in every reading of what the specification leaves open."""
        ends = self._after.endpoints
        for reading in (Reading.AS_READ, *self._after.readings):
            for number, port_class in enumerate(self._after.port_classes):
                allowed, inside = self._new(number, reading), self._inside(number, reading)
                for place, (new, held) in enumerate(zip(allowed, inside, strict=True)):
                    for receiver in members(new & ~held, len(ends)):
                        yield Escape(ends[place], ends[receiver], *port_class.example)

    def _new(self, port_class: int, reading: Reading) -> list[int]:
        """Return whom each sender newly reaches, by either end's leave."""
        before = self._before.sides(port_class, reading=reading)
        after = self._after.sides(port_class, reading=reading)
        out, into = (
            [now & ~once for now, once in zip(*rows, strict=True)]
            for rows in zip(after, before, strict=True)
        )
        return [sent | taken for sent, taken in zip(out, into, strict=True)]

    def _inside(self, port_class: int, reading: Reading) -> list[int]:
        """Return whom each sender may reach inside the bound."""
        out, into = self._limit.sides(port_class, reading=reading)
        if self._bound.direction is Direction.INGRESS:
            return [taken & self._own for taken in into]
        # Whoever is no pod is not fenced: only the rows of the bound's own pods are its rules.
        return [sent if self._own >> place & 1 else 0 for place, sent in enumerate(out)]


def _fences(before: Sequence[Policy], namespaces: Iterable[str]) -> Iterator[Policy]:
    """Yield what closes namespaces: as ours is closed, or wholly where nothing is known of that."""
    closing = [policy for policy in before if not any(map(policy.rules, Direction))]
    named = [policy.ref.name for policy in closing] or [""]
    for namespace in sorted(namespaces):
        for name in named:
            yield Policy(PolicyRef(namespace, name), Selector(), isolates=frozenset(Direction))


def _is_own(end: Json) -> bool:
    return isinstance(end, dict) and end.keys() == {"own"}


def _policy(namespace: str, direction: Direction, end: Json, rules: list[Json]) -> Policy:
    spec: Manifest = {
        "podSelector": _selector(end["own"] if isinstance(end, dict) else None),
        "policyTypes": [direction.value],
        direction.lower(): rules,
    }
    return read_policy({"metadata": {"namespace": namespace, "name": "bound"}, "spec": spec})


def _rules(side: str, ends: list[Json], ports: Json) -> list[Json]:
    """Return the one rule of a bound, none where it lets nobody or nothing pass.

    In a policy an empty list means everybody; in a bound only the words for it do.
    """
    rule: Manifest = {}
    if ANYTHING not in ends:
        rule[side] = [peer for end in ends for peer in _peers(end)]
    if ports != ANY:
        rule["ports"] = [_port(one) for one in ports] if isinstance(ports, list) else []
    return [rule] if all(rule.values()) else []


def _peers(end: Json) -> Iterator[Json]:
    match end:
        case {"own": pods, **nothing} if not nothing:
            yield {"podSelector": _selector(pods)}
        case {"namespace": str(name), "pods": pods, **nothing} if not nothing:
            chosen: Json = {"matchLabels": {METADATA_NAME: name}}
            yield {"namespaceSelector": chosen, "podSelector": _selector(pods)}
        case {"addresses": str(cidr), "except": list(holes), **nothing} if not nothing:
            yield {"ipBlock": {"cidr": cidr, "except": holes}}
        case {"addresses": str() | list() as cidrs, **nothing} if not nothing:
            for cidr in cidrs if isinstance(cidrs, list) else [cidrs]:
                yield {"ipBlock": {"cidr": cidr}}
        case _:
            raise BadBound(f"{end} is not an end of a bound")


def _selector(labels: Json) -> Json:
    """Return labels as a selector; a slot for one has been filled with a selector already."""
    if not isinstance(labels, dict):
        raise BadBound(f"{labels} is not a mapping of labels")
    is_selector = not labels or isinstance(labels.get("matchLabels"), dict)
    return labels if is_selector else {"matchLabels": labels}


def _port(port: Json) -> Json:
    """Return an item of ports: its words are the bound's own, or a policy's where a slot was."""
    match port:
        case {"protocol": protocol, "low": low, "high": high, **nothing} if not nothing:
            return {"protocol": protocol, "port": low, "endPort": high}
        case _:
            return port


def _weight(end: Endpoint) -> int:
    if not end.pods:
        return 0
    pod = end.pods[0]
    return len(pod.labels) + len(pod.ports) + len(pod.addresses)


def _words(end: Endpoint) -> str:
    if not end.pods:
        return end.ranges[0]
    pod = end.pods[0]
    at = [f"at {address}" for address in pod.addresses]
    named = [f"with {one.name} as {one.protocol} {one.number}" for one in pod.ports]
    return " ".join([f"{pod.namespace}/{pod.name}", *at, *named])
