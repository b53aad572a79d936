"""Pods, and the workloads that would make them → the pods of a world.

Used by `reading.py`. A workload stands for its pods only where the pods themselves, or something
between the two that stands for them, were not given.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from onboarding.domain.objects import Manifest
from onboarding.reachability.fields import (
    as_address,
    as_port,
    as_protocol,
    as_text,
    entries_at,
    flag_at,
    labels_at,
    mapping_at,
    number_at,
    text_at,
    value_at,
)
from onboarding.reachability.model import NamedPort, Pod

_ENDED = frozenset({"Succeeded", "Failed"})
_TEMPLATE = "spec.template"
_CRON_TEMPLATE = "spec.jobTemplate.spec.template"
# Controllers of pods first, controllers of those after them.
WORKLOADS = {
    "ReplicaSet": "apps",
    "StatefulSet": "apps",
    "DaemonSet": "apps",
    "ReplicationController": "",
    "Job": "batch",
    "Deployment": "apps",
    "CronJob": "batch",
}
_REPLICAS = {"DaemonSet": "", "CronJob": "", "Job": "spec.parallelism"}


@dataclass
class Makers:
    """Which objects are already represented by something they own, by uid and by name."""

    uids: set[str] = field(default_factory=set)
    names: set[tuple[str, str, str]] = field(default_factory=set)

    def add_owners(self, manifest: Manifest) -> None:
        """Note the owners of an object that is represented. Raise BadField."""
        namespace = namespace_of(manifest)
        for place, owner in entries_at(manifest, "metadata.ownerReferences"):
            self.uids.add(as_text(owner.get("uid"), f"{place}.uid"))
            kind = as_text(owner.get("kind"), f"{place}.kind")
            self.names.add((namespace, kind, as_text(owner.get("name"), f"{place}.name")))

    def know(self, manifest: Manifest) -> bool:
        """Tell whether an object is represented."""
        uid = text_at(manifest, "metadata.uid")
        key = (
            namespace_of(manifest),
            text_at(manifest, "kind"),
            text_at(manifest, "metadata.name"),
        )
        return (bool(uid) and uid in self.uids) or key in self.names


@dataclass
class PodReader:
    """Reads pods and workloads in the order given; `left_out` counts what made no pod, and why."""

    makers: Makers = field(default_factory=Makers)
    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, manifest: Manifest) -> Pod | None:
        """Return the pod, or the pods of a workload as one; None if there is none to have.

        Raise BadField. Pods come first, then workloads in the order of WORKLOADS.
        """
        if text_at(manifest, "kind") == "Pod":
            return self._pod(manifest)
        if self.makers.know(manifest):
            self.makers.add_owners(manifest)
            return None
        return self._workload(manifest)

    def _pod(self, manifest: Manifest) -> Pod | None:
        if text_at(manifest, "status.phase") in _ENDED:
            self.left_out["Pod that has ended"] += 1
            return None
        pod = read_pod(manifest)
        self.makers.add_owners(manifest)
        return pod

    def _workload(self, manifest: Manifest) -> Pod | None:
        kind = text_at(manifest, "kind")
        count = replicas(manifest)
        if not count:
            self.left_out[f"{kind} without replicas"] += 1
            return None
        if kind == "Job" and _has_ended(manifest):
            self.left_out["Job that has ended"] += 1
            return None
        pod = read_template(manifest, count)
        self.makers.add_owners(manifest)
        return pod


def namespace_of(manifest: Manifest) -> str:
    """Return the namespace an object lands in: `default` where it names none."""
    return text_at(manifest, "metadata.namespace") or "default"


def read_pod(manifest: Manifest) -> Pod:
    """Return a Pod object as a pod. Raise BadField."""
    on_host = flag_at(manifest, "spec.hostNetwork")
    addresses = [*_addresses(manifest, "podIP")]
    if on_host:
        addresses += _addresses(manifest, "hostIP")
    return Pod(
        namespace=namespace_of(manifest),
        name=text_at(manifest, "metadata.name"),
        labels=labels_at(manifest, "metadata.labels"),
        ports=named_ports(manifest, "spec"),
        host_network=on_host,
        addresses=tuple(dict.fromkeys(addresses)),
        node=text_at(manifest, "spec.nodeName") or text_at(manifest, "status.hostIP"),
    )


def read_template(manifest: Manifest, count: int) -> Pod:
    """Return the pods a workload would make, as one that counts. Raise BadField."""
    kind, name = text_at(manifest, "kind"), text_at(manifest, "metadata.name")
    template = _CRON_TEMPLATE if kind == "CronJob" else _TEMPLATE
    labels = labels_at(manifest, f"{template}.metadata.labels")
    if kind == "Job":
        # The Job controller sets these on its pods; policies may select by them.
        labels = {"job-name": name, "batch.kubernetes.io/job-name": name, **labels}
    return Pod(
        namespace=namespace_of(manifest),
        name=name,
        labels=labels,
        ports=named_ports(manifest, f"{template}.spec"),
        host_network=flag_at(manifest, f"{template}.spec.hostNetwork"),
        count=count,
        kind=kind,
    )


def replicas(manifest: Manifest) -> int:
    """Return how many pods a workload asks for; 1 where it does not say. Raise BadField."""
    kind = text_at(manifest, "kind")
    path = _REPLICAS.get(kind, "spec.replicas")
    return number_at(manifest, path, default=1) if path else 1


def named_ports(manifest: Manifest, spec: str) -> tuple[NamedPort, ...]:
    """Return the ports with names, first of a name and protocol, of all that keeps running.

    Containers come before init containers that restart always (sidecars). Raise BadField.
    """
    # A name should be unique in a pod. Where it is not, a rule by that name is taken to open each.
    found: list[NamedPort] = []
    for place, container in _running(manifest, spec):
        for port_place, port in entries_at(container, "ports"):
            path = f"{place}.{port_place}"
            number = as_port(port.get("containerPort"), f"{path}.containerPort")
            protocol = as_protocol(port.get("protocol"), f"{path}.protocol")
            name = as_text(port.get("name"), f"{path}.name")
            if name:
                found.append(NamedPort(name, protocol, number))
    return tuple(dict.fromkeys(found))


def _running(manifest: Manifest, spec: str) -> Iterator[tuple[str, Manifest]]:
    yield from entries_at(manifest, f"{spec}.containers")
    for place, container in entries_at(manifest, f"{spec}.initContainers"):
        if container.get("restartPolicy") == "Always":
            yield place, container


def _addresses(manifest: Manifest, field_name: str) -> Iterator[str]:
    """Yield the addresses of `podIP` and `podIPs`, or of `hostIP` and `hostIPs`."""
    single = value_at(manifest, f"status.{field_name}")
    if single not in (None, ""):
        yield as_address(single, f"status.{field_name}")
    for place, entry in entries_at(manifest, f"status.{field_name}s"):
        yield as_address(entry.get("ip"), f"{place}.ip")


def _has_ended(manifest: Manifest) -> bool:
    return any(
        condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True"
        for _, condition in entries_at(mapping_at(manifest, "status"), "conditions")
    )
