"""Small random worlds that hit the corners: missing and empty fields, every operator, both IPs.

All choices come from the `Random` given, so a seed is a world, and Hypothesis can shrink it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.estates import Tree, named_port, namespace, node, pod, policy

NAMESPACES = ("north", "south", "east")
MACHINES = {"n1": ("10.9.0.1", "fd00:9::1"), "n2": ("10.9.0.2",)}
VALUES = {"app": ("web", "api", "db"), "tier": ("front", "back", "")}
NAMESPACE_VALUES = {"team": ("red", "blue", ""), "env": ("prod", "dev")}
NAMED = (
    named_port("http", 80),
    named_port("http", 8080),
    named_port("dns", 53, "UDP"),
    named_port("dns", 53),
    named_port("wire", 7000, "SCTP"),
)
BLOCKS: tuple[Tree, ...] = (
    {"cidr": "0.0.0.0/0"},
    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "203.0.113.0/24"]},
    {"cidr": "10.1.0.0/24", "except": ["10.1.0.0/30"]},
    {"cidr": "10.9.0.1/32"},
    {"cidr": "203.0.113.0/24", "except": ["203.0.113.64/26", "203.0.113.72/29"]},
    {"cidr": "::/0", "except": ["fd00::/8"]},
    {"cidr": "fd00:1::/64", "except": ["fd00:1::4/126"]},
)
# Addresses of nothing in the world, at least one in and out of every block.
OUTSIDE = (
    *("203.0.113.5", "203.0.113.70", "203.0.113.255", "198.51.100.9", "10.1.0.99"),
    *("2001:db8::1", "fd00:1::99"),
)
# Either side of every edge that a rule here can cut.
PORTS = tuple(
    (protocol, number)
    for protocol, numbers in {
        "TCP": (1, 53, 79, 80, 81, 8079, 8080, 8081, 8090, 8091, 65535),
        "UDP": (1, 53, 54, 80, 65535),
        "SCTP": (1, 80, 7000, 65535),
    }.items()
    for number in numbers
)


@dataclass(frozen=True)
class Ingredients:
    """What worlds may contain. The default is everything.

    `loose_fields` are spellings: left out, null, in another order, or without effect.
    `key_peers` are peers of other namespaces that ask for a label's key alone; `shared_names` are
    ports of one pod that share a name.
    """

    hosts: bool = True
    empty_values: bool = True
    loose_fields: bool = True
    key_peers: bool = True
    shared_names: bool = True
    policies: int = 5


@dataclass(frozen=True)
class WorldMaker:
    """Makes worlds from one source of chance."""

    chance: Random
    having: Ingredients = Ingredients()

    def world(self) -> list[Tree]:
        """Namespaces, pods, nodes and policies, as manifests."""
        chance = self.chance
        names = NAMESPACES[: chance.randint(1, 3)]
        manifests = [namespace(name, **self._labels(NAMESPACE_VALUES)) for name in names]
        if self.having.hosts:
            manifests += [node(name, *addresses) for name, addresses in MACHINES.items()]
        manifests += [self._pod(names, number) for number in range(chance.randint(2, 6))]
        count = chance.randint(0, self.having.policies)
        return manifests + [self._policy(names, number) for number in range(count)]

    def _pod(self, names: Sequence[str], number: int) -> Tree:
        chance = self.chance
        place = f"{chance.choice(names)}/p{number}"
        labels = self._labels(VALUES)
        machine = chance.choice(["", *MACHINES]) if self.having.hosts else ""
        if machine and chance.random() < 0.2:
            return pod(place, labels, host=True, node=machine, addresses=MACHINES[machine])
        both = [f"10.1.0.{number + 1}", f"fd00:1::{number + 1}"]
        addresses = chance.choice([both, both[:1], both[1:]])
        ports = self._some(NAMED, 3)
        if not self.having.shared_names:
            ports = [*{port["name"]: port for port in ports}.values()]
        return pod(place, labels, node=machine, addresses=addresses, ports=ports)

    def _policy(self, names: Sequence[str], number: int) -> Tree:
        chance = self.chance
        spec: Tree = {"podSelector": self._selector(VALUES)}
        types = chance.choice([["Ingress"], ["Egress"], ["Ingress", "Egress"], None])
        if types:
            spec["policyTypes"] = types
        for direction, side in (("Ingress", "from"), ("Egress", "to")):
            rules = self._list(lambda side=side: self._rule(side))
            if rules is not None and self._may_write(direction, types, rules):
                spec[direction.lower()] = rules
        if self.having.loose_fields:
            self._loosen(spec)
        return policy(f"{chance.choice(names)}/policy{number}", **spec)

    def _may_write(self, direction: str, types: list[str] | None, rules: list[Tree]) -> bool:
        if self.having.loose_fields:
            return True
        return direction in types if types else direction == "Ingress" or bool(rules)

    def _loosen(self, spec: Tree) -> None:
        """Spell the same in the ways that people and programs do."""
        if not spec["podSelector"] and self.chance.random() < 0.5:
            del spec["podSelector"]
        if self.chance.random() < 0.3:
            spec.get("policyTypes", []).reverse()
        if self.chance.random() < 0.1:
            spec["policyTypes"] = []

    def _rule(self, side: str) -> Tree:
        rule: Tree = {}
        for key, make in ((side, self._peer), ("ports", self._port)):
            found = self._list(make)
            if found is not None:
                rule[key] = found
        return rule

    def _peer(self) -> Tree:
        kind = self.chance.choice(["pods", "namespaces", "both", "block"])
        if kind == "block":
            return {"ipBlock": self.chance.choice(BLOCKS)}
        peer: Tree = {}
        if kind != "namespaces":
            keys_too = self.having.key_peers or kind == "pods"
            peer["podSelector"] = self._selector(VALUES, keys_too=keys_too)
        if kind in {"namespaces", "both"}:
            peer["namespaceSelector"] = self._selector(
                {**NAMESPACE_VALUES, "kubernetes.io/metadata.name": NAMESPACES}
            )
        return peer

    def _port(self) -> Tree:
        chance = self.chance
        port: Tree = {}
        if chance.random() < 0.7:
            port["protocol"] = chance.choice(["TCP", "UDP", "SCTP"])
        number = chance.choice([None, 53, 80, 8080, "http", "dns", "wire"])
        if number is not None:
            port["port"] = number
        if number == 8080 and chance.random() < 0.6:
            port["endPort"] = chance.choice([8080, 8090, 65535])
        return port

    def _selector(self, values: dict[str, tuple[str, ...]], *, keys_too: bool = True) -> Tree:
        selector: Tree = {}
        if self.chance.random() < 0.4:
            selector["matchLabels"] = {
                key: self.chance.choice(self._allowed(values[key]))
                for key in self._some(tuple(values), 2)
            }
        if self.chance.random() < 0.4:
            keys = self._some(tuple(values), 2)
            operators = ["In", "NotIn", *(["Exists", "DoesNotExist"] if keys_too else [])]
            selector["matchExpressions"] = [
                self._expression(key, self.chance.choice(operators), values[key]) for key in keys
            ]
        return selector

    def _expression(self, key: str, operator: str, values: tuple[str, ...]) -> Tree:
        expression: Tree = {"key": key, "operator": operator}
        if operator in {"In", "NotIn"}:
            allowed = self._allowed(values)
            expression["values"] = self.chance.sample(allowed, self.chance.randint(1, 2))
        return expression

    def _labels(self, values: dict[str, tuple[str, ...]]) -> dict[str, str]:
        return {
            key: self.chance.choice(self._allowed(known))
            for key, known in values.items()
            if self.chance.random() < 0.7
        }

    def _allowed(self, values: tuple[str, ...]) -> list[str]:
        return [value for value in values if value or self.having.empty_values]

    def _list(self, make: Callable[[], Tree]) -> list[Tree] | None:
        """Missing, empty, or one or two."""
        kind = self.chance.choice([None, 0, 1, 1, 1, 2])
        return None if kind is None else [make() for _ in range(kind)]

    def _some(self, known: Sequence[Any], most: int) -> list[Any]:
        return self.chance.sample(known, self.chance.randint(0, most))


def ends_of(manifests: list[Tree], outside: Sequence[str] = OUTSIDE) -> dict[str, Any]:
    """Who can be asked about, by name: pods as manifests, nodes and strangers by address."""
    pods = [one for one in manifests if one["kind"] == "Pod"]
    machines = [one for one in manifests if one["kind"] == "Node"]
    named = {f"{p['metadata']['namespace']}/{p['metadata']['name']}": p for p in pods}
    addresses = [m["status"]["addresses"][0]["address"] for m in machines]
    return named | {address: address for address in (*addresses, *outside)}
