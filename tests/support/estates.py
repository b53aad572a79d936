"""Small worlds of manifests, and questions to the engine about them.

The manifests are what a cluster would hold, so the engine, the plain evaluator and the peer
analyzer can all be asked about the same thing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

from onboarding.reachability import estate as real_estate
from onboarding.reachability import model as real_model
from onboarding.reachability import policies as real_policies
from onboarding.reachability.estate import Estate
from onboarding.reachability.model import Pod, Verdict, World

Tree: TypeAlias = dict[str, Any]
ADDRESS_RANGE = "10.1.0.0/16"


def namespace(name: str, **labels: str) -> Tree:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(place: str, labels: Mapping[str, str] | None = None, **more: Any) -> Tree:
    """A pod `namespace/name`; `more` is ports=[…], host=True, node=…, addresses=[…]."""
    where, name = place.split("/")
    own = f"10.1.{sum(map(ord, where)) % 250}.{sum(map(ord, name)) % 250}"
    addresses = [{"ip": one} for one in more.get("addresses", [own])]
    # A container of its own for each port: only then may two of them share a name.
    listed = [[port] for port in more.get("ports", [])] or [[]]
    spec: Tree = {
        "containers": [
            {"name": f"part{number}", "image": "x", "ports": ports}
            for number, ports in enumerate(listed)
        ]
    }
    if more.get("host"):
        spec["hostNetwork"] = True
    if more.get("node"):
        spec["nodeName"] = more["node"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": where, "labels": dict(labels or {})},
        "spec": spec,
        "status": {"phase": "Running", "podIPs": addresses},
    }


def node(name: str, *addresses: str) -> Tree:
    listed = [{"type": "InternalIP", "address": one} for one in addresses]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"addresses": listed},
    }


def policy(place: str, **spec: Any) -> Tree:
    """A policy `namespace/name`."""
    where, name = place.split("/")
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": where},
        "spec": spec,
    }


def named_port(name: str, number: int, protocol: str = "TCP") -> Tree:
    return {"name": name, "containerPort": number, "protocol": protocol}


@dataclass(frozen=True)
class Engine:
    """The engine's modules: the real ones, or a copy with a fault put in."""

    model: ModuleType = real_model
    policies: ModuleType = real_policies
    estate: ModuleType = real_estate

    def world(self, manifests: Iterable[Tree], **more: Any) -> World:
        """The model of these manifests, in the plainest way there is."""
        manifests = list(manifests)

        def kind(name: str) -> list[Tree]:
            return [one for one in manifests if one["kind"] == name]

        parts: Tree = {
            "namespaces": {
                one["metadata"]["name"]: one["metadata"].get("labels") or {}
                for one in kind("Namespace")
            },
            "pods": tuple(self._pod(one) for one in kind("Pod")),
            "policies": tuple(self.policies.read_policy(one) for one in kind("NetworkPolicy")),
            "nodes": tuple(
                self.model.Node(
                    one["metadata"]["name"],
                    tuple(at["address"] for at in one["status"]["addresses"]),
                )
                for one in kind("Node")
            ),
            "pod_ranges": (ADDRESS_RANGE,),
        }
        return self.model.World(**parts, **more)

    def build(self, manifests: Iterable[Tree], **more: Any) -> Estate:
        """The estate of these manifests; `more` are further parts of the world."""
        return self.estate.Estate(self.world(manifests, **more))

    def _pod(self, one: Tree) -> Pod:
        containers = one["spec"]["containers"]
        ports = [port for container in containers for port in container.get("ports", [])]
        return self.model.Pod(
            namespace=one["metadata"]["namespace"],
            name=one["metadata"]["name"],
            labels=one["metadata"].get("labels") or {},
            ports=tuple(
                self.model.NamedPort(
                    at["name"],
                    self.model.Protocol(at.get("protocol", "TCP")),
                    at["containerPort"],
                )
                for at in ports
                if at.get("name")
            ),
            host_network=bool(one["spec"].get("hostNetwork")),
            addresses=tuple(at["ip"] for at in one.get("status", {}).get("podIPs", [])),
            node=one["spec"].get("nodeName", ""),
        )


REAL = Engine()


def estate_of(manifests: Iterable[Tree], **more: Any) -> Estate:
    return REAL.build(manifests, **more)


def place_of(estate: Estate, end: str) -> int:
    """The index of `namespace/pod` or of an address."""
    if "/" in end:
        return estate.find(*end.split("/"))
    return estate.find_address(end)


def verdict(estate: Estate, source: str, destination: str, port: str) -> Verdict:
    """Ask about `80/TCP` and the like."""
    number, protocol = port.split("/")
    wanted = next(one.ranges[0][0] for one in estate.port_classes)
    ends = place_of(estate, source), place_of(estate, destination)
    return estate.verdict(*ends, type(wanted)(protocol), int(number))


def reaches(estate: Estate, source: str, destination: str, port: str) -> bool:
    """Tell what the rows of bits say; they must say what the verdict says."""
    row = estate.rows(class_of(estate, port))[place_of(estate, source)]
    return bool(row >> place_of(estate, destination) & 1)


def class_of(estate: Estate, port: str) -> int:
    """The one class that holds a port."""
    number, protocol = port.split("/")
    [found] = [
        place
        for place, one in enumerate(estate.port_classes)
        if any(p == protocol and first <= int(number) <= last for p, first, last in one.ranges)
    ]
    return found


def arrows(sources: Iterable[str], destinations: Iterable[str]) -> set[str]:
    """Every `source → destination` of these, none to itself."""
    ends = list(destinations)
    return {f"{source} → {end}" for source in sources for end in ends if source != end}


def split(arrow: str) -> tuple[str, str]:
    source, _, destination = arrow.partition(" → ")
    return source, destination


def pairs(estate: Estate, ends: Sequence[str], port: str) -> set[str]:
    """Every allowed `source → destination` among the ends, by verdict and by bits alike."""
    by_verdict, by_bits = both_pairs(estate, ends, port)
    assert by_verdict == by_bits
    return by_verdict


def both_pairs(estate: Estate, ends: Sequence[str], port: str) -> tuple[set[str], set[str]]:
    """The allowed pairs twice: as verdicts say, and as the rows of bits say."""
    # Policies say nothing where neither end is a pod.
    asked = {arrow for arrow in arrows(ends, ends) if "/" in arrow}
    return (
        {arrow for arrow in asked if verdict(estate, *split(arrow), port).allowed},
        {arrow for arrow in asked if reaches(estate, *split(arrow), port)},
    )
