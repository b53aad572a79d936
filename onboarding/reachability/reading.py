"""Objects from files → World, with notes on everything that was supplied or left out.

Third step of the command line: `files.py` found the objects, `estate.py` answers from the world.
Every mistake of every object is gathered; one mistake is enough to answer nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from onboarding.domain.objects import Manifest
from onboarding.reachability.fields import (
    BadField,
    as_address,
    as_port,
    as_protocol,
    as_range,
    as_text,
    entries_at,
    labels_at,
    text_at,
    value_at,
    values_at,
)
from onboarding.reachability.files import BadInput, LocatedObject, find_objects
from onboarding.reachability.foreign import decides_traffic, namespace_it_speaks_of
from onboarding.reachability.listing import some_of
from onboarding.reachability.model import (
    METADATA_NAME,
    ForeignPolicy,
    Node,
    Pod,
    Policy,
    Selector,
    Service,
    ServicePort,
    World,
)
from onboarding.reachability.policies import API_VERSION, BadPolicy, read_policy
from onboarding.reachability.workloads import WORKLOADS, PodReader, namespace_of

_CORE = {"Namespace": "", "Pod": "", "Node": "", "Service": ""}
_NETWORKING = "networking.k8s.io"
# (kind → group) of what is read; the same kind of another group is somebody else's.
_GROUPS = {**_CORE, **WORKLOADS, "NetworkPolicy": _NETWORKING, "ServiceCIDR": _NETWORKING}
_CLUSTER_WIDE = frozenset({"Namespace", "Node", "ServiceCIDR"})
_TOP = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_POD_ORDER = {kind: place for place, kind in enumerate(("Pod", *WORKLOADS))}


@dataclass(frozen=True)
class Loaded:
    """A world from files. `notes` are sentences on what was supplied, changed or not looked at."""

    world: World
    notes: tuple[str, ...]


def load(path: str, *, pod_ranges: Sequence[str] = ()) -> Loaded:
    """Read a folder, a file or `-`. Raise BadInput with every mistake of every file."""
    findings = find_objects(path)
    reading = _Reading(pod_ranges=[*pod_ranges], notes=findings.notes, problems=findings.problems)
    reading.take(findings.objects)
    if not findings.objects and not findings.problems:
        findings.problems.append(
            f"{path}: holds no Kubernetes object; namespaces, pods or workloads, and "
            "network policies were expected"
        )
    if findings.problems:
        raise BadInput(sorted(findings.problems, key=_in_order))
    return reading.loaded()


@dataclass
class _Reading:
    """Collects a world object by object."""

    pod_ranges: list[str]
    notes: list[str]
    problems: list[str]
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    pods: list[Pod] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    service_ranges: list[str] = field(default_factory=list)
    service_addresses: dict[str, str] = field(default_factory=dict)
    foreign: list[ForeignPolicy] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    pod_reader: PodReader = field(default_factory=PodReader)

    def take(self, objects: Iterable[LocatedObject]) -> None:
        """Read every object; pods before the workloads they stand in for."""
        seen: dict[tuple[str, ...], LocatedObject] = {}
        for found in sorted(objects, key=_turn):
            try:
                first = seen.setdefault(_identity(found.manifest), found)
                if first is not found:
                    self.problems.append(_twice(first, found))
                    continue
                self._read(found.manifest)
            except (BadField, BadPolicy) as error:
                self.problems.append(found.problem(error.field, str(error)))

    def _read(self, manifest: Manifest) -> None:
        kind, group = text_at(manifest, "kind"), _group(manifest)
        if _is_read(manifest):
            self._read_known(manifest, kind)
        elif kind == "NetworkPolicy" and group in (_NETWORKING, "extensions"):
            raise BadField("apiVersion", f"{manifest['apiVersion']} is gone; write {API_VERSION}")
        elif decides_traffic(group, kind):
            self.foreign.append(_foreign(manifest, group, kind))
        else:
            version = f" ({text_at(manifest, 'apiVersion')})" if "." in group else ""
            self.unread[f"{kind}{version}"] += 1

    def _read_known(self, manifest: Manifest, kind: str) -> None:
        match kind:
            case "Namespace":
                self._namespace(manifest)
            case "NetworkPolicy":
                self.policies.append(_policy(manifest))
            case "Node":
                self.nodes.append(_node(manifest))
                self.pod_ranges.extend(_pod_ranges(manifest))
            case "Service":
                self._service(manifest)
            case "ServiceCIDR":
                self.service_ranges.extend(_ranges(manifest, "spec.cidrs"))
            case _:
                if pod := self.pod_reader.read(manifest):
                    self.pods.append(pod)

    def _namespace(self, manifest: Manifest) -> None:
        name, labels = text_at(manifest, "metadata.name"), labels_at(manifest, "metadata.labels")
        if labels.get(METADATA_NAME, name) != name:
            self.notes.append(
                f"namespace {name}: the label {METADATA_NAME} was read as {name}, which is what "
                f"the API server sets, not {labels[METADATA_NAME]}"
            )
        self.namespaces[name] = {**labels, METADATA_NAME: name}

    def _service(self, manifest: Manifest) -> None:
        name = f"{namespace_of(manifest)}/{text_at(manifest, 'metadata.name')}"
        self.service_addresses.update(dict.fromkeys(_service_addresses(manifest), name))
        selector = labels_at(manifest, "spec.selector")
        if not selector:
            self.unread["Service without selector"] += 1
            return
        self.services.append(
            Service(
                namespace=namespace_of(manifest),
                name=text_at(manifest, "metadata.name"),
                selector=Selector(tuple(sorted(selector.items()))),
                ports=tuple(_service_ports(manifest)),
            )
        )

    def loaded(self) -> Loaded:
        """Return the world with the namespaces that are only mentioned, and all notes."""
        mentioned = {policy.ref.namespace for policy in self.policies}
        mentioned |= {pod.namespace for pod in self.pods}
        mentioned |= {service.namespace for service in self.services}
        missing = sorted(mentioned - self.namespaces.keys())
        if missing:
            self.notes.append(
                f"not given as Namespace objects, so without labels but {METADATA_NAME}: "
                f"{some_of(missing)}"
            )
        supplied = {name: {METADATA_NAME: name} for name in missing}
        world = World(
            namespaces={**self.namespaces, **supplied},
            pods=tuple(self.pods),
            policies=tuple(self.policies),
            nodes=tuple(self.nodes),
            services=tuple(self.services),
            pod_ranges=tuple(dict.fromkeys(self.pod_ranges)),
            service_ranges=tuple(dict.fromkeys(self.service_ranges)),
            service_addresses=self.service_addresses,
            foreign=tuple(sorted(self.foreign, key=str)),
        )
        return Loaded(world, (*self.notes, *self._left_out(world)))

    def _left_out(self, world: World) -> Iterable[str]:
        if counted := _counted(self.pod_reader.left_out):
            yield f"left out, because there is nothing that sends or receives: {counted}"
        known = {node.name for node in world.nodes} | {
            address for node in world.nodes for address in node.addresses
        }
        if elsewhere := {pod.node for pod in world.pods if pod.node} - known:
            yield (
                "pods run on nodes that are not given, so those nodes are not listed: "
                f"{some_of(sorted(elsewhere))}"
            )
        if counted := _counted(self.unread):
            yield f"not looked at: {counted}"
        if world.policies and not world.pods:
            yield (
                "policies were read, but no pods or workloads; --assume-pods answers for one pod "
                "per set of labels that the policies name"
            )


def _in_order(problem: str) -> tuple[str, int]:
    """Sort problems as they stand in the files."""
    name, _, rest = problem.partition(":")
    line, _, _ = rest.partition(":")
    return name, int(line) if line.isdigit() else 0


def _turn(found: LocatedObject) -> int:
    kind = text_at(found.manifest, "kind")
    return _POD_ORDER.get(kind, -1)


def _group(manifest: Manifest) -> str:
    group, slash, _ = text_at(manifest, "apiVersion").rpartition("/")
    return group if slash else ""


def _is_read(manifest: Manifest) -> bool:
    kind, group = text_at(manifest, "kind"), _group(manifest)
    if kind == "NetworkPolicy":
        return manifest.get("apiVersion") == API_VERSION
    return _GROUPS.get(kind) == group


def _identity(manifest: Manifest) -> tuple[str, ...]:
    """Return what may be there only once; the namespace counts where the kind has one."""
    kind, group = text_at(manifest, "kind"), _group(manifest)
    namespace = text_at(manifest, "metadata.namespace")
    if _is_read(manifest):
        namespace = "" if kind in _CLUSTER_WIDE else namespace_of(manifest)
    return group, kind, namespace, text_at(manifest, "metadata.name")


def _foreign(manifest: Manifest, group: str, kind: str) -> ForeignPolicy:
    namespace = text_at(manifest, "metadata.namespace")
    place = f"{namespace}/" if namespace else ""
    return ForeignPolicy(
        f"{kind} {place}{text_at(manifest, 'metadata.name')}",
        namespace_it_speaks_of(group, kind, namespace),
    )


def _twice(first: LocatedObject, second: LocatedObject) -> str:
    _, kind, namespace, name = _identity(first.manifest)
    place = f"{namespace}/" if namespace else ""
    return f"{second.place()}: {kind} {place}{name} is already given in {first.place()}"


def _policy(manifest: Manifest) -> Policy:
    labels_at(manifest, "metadata.labels")
    for name in manifest:
        if name not in _TOP:
            raise BadField(name, f"unknown field; known here: {', '.join(sorted(_TOP))}")
    return read_policy(manifest)


def _node(manifest: Manifest) -> Node:
    addresses = [
        as_address(entry.get("address"), f"{place}.address")
        for place, entry in entries_at(manifest, "status.addresses")
        if entry.get("type") in ("InternalIP", "ExternalIP")
    ]
    return Node(text_at(manifest, "metadata.name"), tuple(dict.fromkeys(addresses)))


def _pod_ranges(manifest: Manifest) -> list[str]:
    single = value_at(manifest, "spec.podCIDR")
    written = [as_range(single, "spec.podCIDR")] if single else []
    return written + _ranges(manifest, "spec.podCIDRs")


def _ranges(manifest: Manifest, path: str) -> list[str]:
    return [as_range(value, place) for place, value in values_at(manifest, path)]


def _service_addresses(manifest: Manifest) -> Iterable[str]:
    """Return where clients find a Service: inside, and what a load balancer gave it."""
    written = [("spec.clusterIP", value_at(manifest, "spec.clusterIP"))]
    for field_path in ("spec.clusterIPs", "spec.externalIPs"):
        written += [(place, value) for place, value in values_at(manifest, field_path)]
    for place, entry in entries_at(manifest, "status.loadBalancer.ingress"):
        written.append((f"{place}.ip", entry.get("ip")))
    return [as_address(one, place) for place, one in written if one not in (None, "", "None")]


def _service_ports(manifest: Manifest) -> Iterable[ServicePort]:
    for place, port in entries_at(manifest, "spec.ports"):
        number = as_port(port.get("port"), f"{place}.port")
        yield ServicePort(
            number=number,
            target=_target(port, place, number),
            protocol=as_protocol(port.get("protocol"), f"{place}.protocol"),
        )


def _target(port: Manifest, place: str, number: int) -> int | str:
    target = port.get("targetPort")
    if target in (None, "", 0):
        return number
    if isinstance(target, int):
        return as_port(target, f"{place}.targetPort")
    return as_text(target, f"{place}.targetPort")


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counter.items()))
