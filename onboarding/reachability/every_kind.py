"""Worlds that hold every kind of pod, namespace and address that some policies can tell apart.

Policies see labels that a selector asks for, names of ports that a rule asks for, and the blocks
that hold an address; nothing else. So one pod for each combination that can be stands for all pods
that could ever run, and what holds in these worlds holds in every world. `bounds.py` asks them.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from onboarding.reachability.addresses import Span, cut_outside
from onboarding.reachability.assume import assumed_pod
from onboarding.reachability.endpoints import blocks_of, pod_selectors, rules_of
from onboarding.reachability.model import (
    LAST_PORT,
    METADATA_NAME,
    Labels,
    NamedPort,
    Policy,
    Protocol,
    Selector,
    World,
)
from onboarding.reachability.selectors import matches

STRANGER = "elsewhere"
OTHER = "other"


def worlds_of_every_kind(policies: Sequence[Policy], own: str) -> Iterator[World]:
    """Yield worlds without policies: namespace `own`, those that are named, and strangers.

    There is more than one where selectors ask for labels of namespaces: a namespace that is named
    has one set of labels at a time, and each of them is tried. Pods in strict order, plain first;
    one without `addresses` has the address that the fewest blocks hold.
    """
    selectors = [peer.namespaces for rule in rules_of(policies) for peer in rule.peers]
    asked = [selector for selector in selectors if selector]
    named = {own, *(policy.ref.namespace for policy in policies), *_names(asked)}
    kinds = kinds_of_labels(_without_name(selector) for selector in asked)
    strangers = {_stranger(_free(STRANGER, named), labels): labels for labels in kinds}
    plain, *held = _addresses(policies)
    pods = [
        replace(assumed_pod("", labels), ports=ports, addresses=addresses)
        for labels, ports, addresses in product(
            kinds_of_labels(one for policy in policies for one in pod_selectors(policy)),
            _named_ports(policies),
            [(), *held],
        )
    ]
    for labels in kinds:
        namespaces = {**dict.fromkeys(sorted(named), labels), **strangers}
        yield World(
            namespaces=namespaces,
            pods=tuple(replace(pod, namespace=name) for name in namespaces for pod in pods),
            pod_ranges=plain,
        )


def kinds_of_labels(selectors: Iterable[Selector]) -> list[Labels]:
    """Return the fewest labels for each set of these selectors that can be met at once.

    Key by key: whatever a value lets still be met is one kind, and of alike ones the shortest
    stays. An absent label and a value that nobody names are tried for each key.
    """
    distinct = [*dict.fromkeys(selectors)]
    found: dict[int, dict[str, str]] = {(1 << len(distinct)) - 1: {}}
    for key in sorted({key for selector in distinct for key in _values(selector)}):
        named = {value for selector in distinct for value in _values(selector).get(key, ())}
        choices: list[dict[str, str]] = [{}, *({key: value} for value in sorted(named))]
        choices.append({key: _free(OTHER, named)})
        longer: dict[int, dict[str, str]] = {}
        for chosen, (met, labels) in product(choices, found.items()):
            still = met & _met(distinct, key, chosen)
            candidate = {**labels, **chosen}
            if still not in longer or len(candidate) < len(longer[still]):
                longer[still] = candidate
        found = longer
    return sorted(found.values(), key=lambda labels: (len(labels), sorted(labels.items())))


def _met(selectors: Sequence[Selector], key: str, chosen: Labels) -> int:
    """Return the bits of the selectors whose conditions on one key hold."""
    return sum(
        1 << number
        for number, selector in enumerate(selectors)
        if matches(_about(selector, key), chosen)
    )


def _about(selector: Selector, key: str) -> Selector:
    return Selector(
        labels=tuple(label for label in selector.labels if label[0] == key),
        expressions=tuple(one for one in selector.expressions if one.key == key),
    )


def _without_name(selector: Selector) -> Selector:
    """Return what a selector of namespaces asks for besides the name."""
    return Selector(
        labels=tuple(label for label in selector.labels if label[0] != METADATA_NAME),
        expressions=tuple(one for one in selector.expressions if one.key != METADATA_NAME),
    )


def _values(selector: Selector) -> dict[str, set[str]]:
    """Return the keys a selector asks for, each with the values it names."""
    found: dict[str, set[str]] = {}
    for key, value in selector.labels:
        found.setdefault(key, set()).add(value)
    for one in selector.expressions:
        found.setdefault(one.key, set()).update(one.values)
    return found


def _names(selectors: Iterable[Selector]) -> set[str]:
    """Return the namespaces that selectors name."""
    return {name for one in selectors for name in _values(one).get(METADATA_NAME, ()) if name}


def _stranger(name: str, labels: Labels) -> str:
    """Return a name that says the labels too; no namespace of a cluster can bear such a one."""
    return ":".join([name, *(f"{key}={value}" for key, value in labels.items())])


def _free(word: str, taken: set[str]) -> str:
    number, name = 1, word
    while name in taken:
        number += 1
        name = f"{word}-{number}"
    return name


def _addresses(policies: Sequence[Policy]) -> list[tuple[str, ...]]:
    """Return an address for each set of blocks that can hold one, the fewest blocks first."""
    classes = cut_outside(tuple(dict.fromkeys(blocks_of(policies))))
    held = sorted(classes.items(), key=lambda one: one[0].bit_count())
    return [(_address_in(spans[0]),) for _holders, spans in held]


def _address_in(span: Span) -> str:
    kind = ipaddress.IPv4Address if span.version == 4 else ipaddress.IPv6Address
    return str(kind(min(span.first + 1, span.last)))


def _named_ports(policies: Sequence[Policy]) -> list[tuple[NamedPort, ...]]:
    """Return no named port, and each name that rules ask for at each number that they tell apart.

    One name at a time: rules only allow, so a second name on the pod allows nothing by the first.
    """
    asked = {match for rule in rules_of(policies) for match in rule.ports}
    edges: dict[Protocol, set[int]] = {protocol: {1} for protocol in Protocol}
    for match in asked:
        edges[match.protocol] |= {match.first, match.last + 1}
    names = sorted({(match.name, match.protocol) for match in asked if match.name})
    return [
        (),
        *(
            (NamedPort(name, protocol, number),)
            for name, protocol in names
            for number in sorted(edges[protocol])
            if number <= LAST_PORT
        ),
    ]
