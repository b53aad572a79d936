"""Every pod, node and address range under the name that people give it and read.

Used by `asking.py` and `tables.py`. Endpoints of an estate hold several pods that no rule tells
apart; answers name each of them.
"""

import difflib
import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.endpoints import Endpoint, EndpointKind
from onboarding.reachability.estate import Estate
from onboarding.reachability.model import Network, Pod
from onboarding.reachability.named_ends import INTERNET, fitting, is_public, labels_in

ADDRESSES = "addresses"


class BadQuestion(ValueError):
    """The question names something that is not there, or that cannot be asked."""


@dataclass(frozen=True)
class Member:
    """One name in an answer. `pod` is None for nodes and addresses."""

    id: str
    endpoint: Endpoint
    pod: Pod | None = None

    @property
    def count(self) -> int:
        """Return how many pods the name stands for."""
        return self.pod.count if self.pod else 1

    def to_json(self) -> Manifest:
        """Return it as JSON values; every field is always there."""
        pod, endpoint = self.pod, self.endpoint
        ports: list[Json] = [
            {"name": port.name, "protocol": port.protocol.value, "number": port.number}
            for port in (pod.ports if pod else ())
        ]
        return {
            "id": self.id,
            "kind": self.kind,
            "namespace": endpoint.namespace,
            "name": pod.name if pod else endpoint.name,
            "count": self.count,
            "labels": dict(pod.labels) if pod else {},
            "ports": ports,
            "hostNetwork": endpoint.host_network,
            "ranges": list[Json](endpoint.ranges),
        }

    @property
    def kind(self) -> str:
        """Return Pod, the kind of a workload, `assumed`, Node or `addresses`."""
        if self.pod:
            return self.pod.kind
        return "Node" if self.endpoint.kind is EndpointKind.NODE else ADDRESSES


Chosen: TypeAlias = dict[int, tuple[Member, ...]]
"""Members by the place of their endpoint."""


class Members:
    """The members of an estate."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.every: Chosen = dict(enumerate(_named(estate.endpoints)))

    def choose(self, wanted: str) -> Chosen:
        """Return who is meant by a name, a namespace or an address. Raise BadQuestion."""
        if network := network_of(wanted):
            found = self._at(network)
        elif wanted == INTERNET and wanted not in self._estate.world.namespaces:
            found = self._public()
        else:
            found = (
                self._where(wanted, _is_called)
                or self._where(wanted, _is_in)
                or self._labelled(wanted)
            )
        if not found:
            raise BadQuestion(self._unknown(wanted))
        return found

    def _where(self, wanted: str, fits: Callable[[Member, str], bool]) -> Chosen:
        fitting = {
            place: tuple(member for member in members if fits(member, wanted))
            for place, members in self.every.items()
        }
        return {place: members for place, members in fitting.items() if members}

    def _at(self, network: Network) -> Chosen:
        """Return the pod or node with an address, else the outside ranges that share some."""
        if network.num_addresses == 1:
            address = str(network.network_address)
            place = self._estate.find_address(address)
            members = self.every[place]
            holding = tuple(one for one in members if one.pod and address in one.pod.addresses)
            return {place: holding or members}
        return {
            place: members
            for place, members in self.every.items()
            if self._estate.endpoints[place].kind is EndpointKind.ADDRESSES
            and _overlaps(self._estate.endpoints[place], network)
        }

    def _public(self) -> Chosen:
        """Return every address outside that is neither private nor the cluster's own."""
        world, endpoints = self._estate.world, self._estate.endpoints
        return {
            place: members
            for place, members in self.every.items()
            if endpoints[place].kind is EndpointKind.ADDRESSES
            and is_public(endpoints[place].spans, world)
        }

    def _labelled(self, wanted: str) -> Chosen:
        named = labels_in(wanted)
        if named is None:
            return {}
        world, keys = self._estate.world, self._estate.layout.keys
        pods = {id(pod) for pod in fitting(world.pods, *named, keys)}
        chosen = {
            place: tuple(one for one in members if id(one.pod) in pods)
            for place, members in self.every.items()
        }
        return {place: members for place, members in chosen.items() if members}

    def _unknown(self, wanted: str) -> str:
        if wanted in self._estate.world.namespaces:
            return f"{wanted}: this namespace has no pods"
        if any(wanted == f"{one.namespace}/{one.name}" for one in self._estate.world.services):
            return f"{wanted}: this is a Service; policies apply to its pods, so ask about those"
        everybody = [member for members in self.every.values() for member in members]
        names = {member.id for member in everybody}
        names |= {f"{one.pod.namespace}/{one.pod.name}" for one in everybody if one.pod}
        names |= self._estate.world.namespaces.keys()
        close = difflib.get_close_matches(wanted, sorted(names), n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        return f"{wanted}: there is no such pod, workload, namespace, node or address{hint}"


def network_of(wanted: str) -> Network | None:
    """Return the addresses that a question is about, None where it is about a name."""
    try:
        return ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return None


def _overlaps(endpoint: Endpoint, network: Network) -> bool:
    first, last = int(network.network_address), int(network.broadcast_address)
    return any(
        span.version == network.version and span.first <= last and first <= span.last
        for span in endpoint.spans
    )


def _is_called(member: Member, wanted: str) -> bool:
    if member.id == wanted:
        return True
    pod = member.pod
    return bool(pod and pod.name and wanted == f"{pod.namespace}/{pod.name}")


def _is_in(member: Member, wanted: str) -> bool:
    return member.pod is not None and member.pod.namespace == wanted


def _named(endpoints: Iterable[Endpoint]) -> Iterator[tuple[Member, ...]]:
    given: Counter[str] = Counter()
    for endpoint in endpoints:
        if endpoint.pods:
            yield tuple(Member(_distinct(_id(pod), given), endpoint, pod) for pod in endpoint.pods)
        elif endpoint.kind is EndpointKind.NODE:
            yield (Member(f"Node/{endpoint.name}", endpoint),)
        else:
            yield (Member(",".join(endpoint.ranges), endpoint),)


def _id(pod: Pod) -> str:
    if not pod.name:
        labels = ",".join(f"{key}={value}" for key, value in sorted(pod.labels.items()))
        host = " on the host's network" if pod.host_network else ""
        return f"{pod.namespace}/[{labels}]{host}"
    if pod.kind == "Pod":
        return f"{pod.namespace}/{pod.name}"
    return f"{pod.namespace}/{pod.kind}/{pod.name}"


def _distinct(name: str, given: Counter[str]) -> str:
    """Number what would have the same name: observed pods that differ in ports only."""
    given[name] += 1
    return name if given[name] == 1 else f"{name}#{given[name]}"
