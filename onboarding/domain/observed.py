"""What is kept of an observed cluster: namespaces with labels, policies, and classes of pods.

Workers reduce page after page with this, so memory grows with what policies can tell apart and not
with the cluster. Who may reach whom depends on nothing else of a pod than its namespace, labels,
named ports, hostNetwork, and whether it has ended (Kubernetes documentation, "Network Policies").
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeAlias

from onboarding.domain.contents import Inventory
from onboarding.domain.objects import Json, Manifest, branch, items, text
from onboarding.domain.ownership import TEMPLATE, is_ours, marks_of, portal_of

LONGEST_LOOK = timedelta(minutes=3)  # one that takes longer is given up
METADATA_NAME = "kubernetes.io/metadata.name"
ENDED = frozenset({"Succeeded", "Failed"})
PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})  # a policy can name no other
# What decides who can talk to whom: unread, nothing about the namespace is certain.
CONNECTING_KINDS = frozenset({"NetworkPolicy", "Pod"})
# Labels controllers give each of their pods; they would make every pod a class of its own.
COUNTER_LABELS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "controller-revision-hash",
        "controller-uid",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)

Labels: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, order=True)
class PodClass:
    """What running pods of one namespace share. `ports` holds (name, protocol, number), sorted."""

    labels: tuple[tuple[str, str], ...]
    ports: tuple[tuple[str, str, int], ...]
    host_network: bool

    def dump(self, count: int) -> Manifest:
        """Return the class as it is stored, with how many pods are in it."""
        return {
            "labels": dict(self.labels),
            "ports": [
                {"name": name, "protocol": protocol, "number": number}
                for name, protocol, number in self.ports
            ],
            "hostNetwork": self.host_network,
            "count": count,
        }


@dataclass(frozen=True)
class SeenNamespace:
    """One namespace as it is stored; the same content has the same digest.

    The digest is of what decides who can talk to whom. `portal`, `contents` and `quotas` are not in
    it: they may change as often as they like without a world being built anew. `unread` are the
    kinds of which there was too much to be read.
    """

    name: str
    labels: Manifest
    uid: str = ""
    marks: dict[str, str] = field(default_factory=dict)
    policies: list[Json] = field(default_factory=list)
    pods: list[Json] = field(default_factory=list)
    portal: str | None = None
    contents: Manifest | None = None
    quotas: list[Json] | None = None
    unread: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return e.g. `sha256:9f…`, whatever order the server listed things in."""
        content: list[object] = [self.uid, self.labels, self.policies, self.pods]
        if self.marks:
            content.append(self.marks)
        if hidden := CONNECTING_KINDS.intersection(self.unread):
            content.append(sorted(hidden))
        raw = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def reduce_namespaces(manifests: Iterable[Manifest]) -> dict[str, SeenNamespace]:
    """Return each namespace by its name, as yet without what is in it."""
    found = (
        SeenNamespace(
            name=text(manifest, "metadata", "name"),
            labels=_labels(branch(manifest, "metadata", "labels")),
            uid=text(manifest, "metadata", "uid"),
            marks=marks_of(manifest),
            portal=portal_of(manifest),
        )
        for manifest in manifests
    )
    return {one.name: one for one in found}


def reduce_policies(manifests: Iterable[Manifest]) -> dict[str, list[Manifest]]:
    """Return the policies of each namespace that has some, by name, without what names no rule."""
    found: dict[str, list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        found[text(manifest, "metadata", "namespace")].append(_kept(manifest))
    return {name: sorted(kept, key=_name_of) for name, kept in found.items()}


def reduce_pods(
    manifests: Iterable[Manifest], *, selected_by: Collection[str]
) -> dict[str, Counter[PodClass]]:
    """Return how many pods of each class run in each namespace.

    `selected_by` are the label keys that some policy's selector names: those are always kept.
    """
    dropped = COUNTER_LABELS.difference(selected_by)
    found: dict[str, Counter[PodClass]] = defaultdict(Counter)
    for manifest in manifests:
        if text(manifest, "status", "phase") not in ENDED:
            found[text(manifest, "metadata", "namespace")][_class_of(manifest, dropped)] += 1
    return dict(found)


def keys_selecting_pods(policies: Iterable[Manifest]) -> frozenset[str]:
    """Return every label key that a pod selector of these policies names."""
    return frozenset(
        key
        for policy in policies
        for selector in _pod_selectors(branch(policy, "spec"))
        for key in (
            *branch(selector, "matchLabels"),
            *(text(one, "key") for one in items(selector, "matchExpressions")),
        )
    )


def seen_namespaces(
    namespaces: Mapping[str, SeenNamespace],
    policies: Mapping[str, list[Manifest]],
    pods: Mapping[str, Counter[PodClass]],
    inventory: Inventory | None = None,
) -> Iterator[SeenNamespace]:
    """Yield the namespaces by name.

    One that came to be between two lists is known by what is in it: of its labels only the one
    that the API server sets itself.
    """
    inventory = inventory or Inventory()
    for name in sorted({*namespaces, *policies, *pods}):
        classes = sorted(pods.get(name, Counter[PodClass]()).items())
        yield replace(
            namespaces.get(name) or SeenNamespace(name, {METADATA_NAME: name}),
            policies=[*policies.get(name, ())],
            pods=[one.dump(count) for one, count in classes],
            contents=inventory.contents_of(name).dump(),
            quotas=inventory.quotas_of(name),
        )


def _kept(policy: Manifest) -> Manifest:
    metadata: Manifest = {
        "name": text(policy, "metadata", "name"),
        "namespace": text(policy, "metadata", "namespace"),
    }
    # Who else writes this annotation must not pass for a template that approvers know.
    if is_ours(policy):
        template = branch(policy, "metadata", "annotations").get(TEMPLATE, "")
        metadata["annotations"] = {TEMPLATE: template}
    return {"metadata": metadata, "spec": branch(policy, "spec")}


def _name_of(policy: Manifest) -> str:
    return text(policy, "metadata", "name")


def _class_of(pod: Manifest, dropped: Collection[str]) -> PodClass:
    labels = _labels(branch(pod, "metadata", "labels"))
    return PodClass(
        labels=tuple(
            sorted((key, str(value)) for key, value in labels.items() if key not in dropped)
        ),
        ports=tuple(sorted(set(_named_ports(branch(pod, "spec"))))),
        host_network=branch(pod, "spec").get("hostNetwork") is True,
    )


def _named_ports(spec: Manifest) -> Iterator[tuple[str, str, int]]:
    """Yield the ports with a name of all containers that stay as long as the pod."""
    # An init container that restarts always is a sidecar, not a step before the start.
    sidecars = [c for c in items(spec, "initContainers") if c.get("restartPolicy") == "Always"]
    for container in (*items(spec, "containers"), *sidecars):
        for port in items(container, "ports"):
            number, protocol = port.get("containerPort"), text(port, "protocol") or "TCP"
            if text(port, "name") and isinstance(number, int) and protocol in PROTOCOLS:
                yield text(port, "name"), protocol, number


def _pod_selectors(spec: Manifest) -> Iterator[Manifest]:
    yield branch(spec, "podSelector")
    for rules, side in (("ingress", "from"), ("egress", "to")):
        for rule in items(spec, rules):
            for peer in items(rule, side):
                yield branch(peer, "podSelector")


def _labels(tree: Manifest) -> Manifest:
    """Return what can be labels: text by text, whatever the server sent."""
    return {key: value for key, value in tree.items() if isinstance(value, str)}
