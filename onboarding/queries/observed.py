"""What workers last saw on a cluster, as the world that reachability answers from.

The rows are the truth. A world is kept in memory for as long as its version is the newest, because
reading thousands of policies takes longer than a page should; forgetting it costs nothing else.
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Q

from onboarding.domain.observed import CONNECTING_KINDS
from onboarding.models import Cluster, ClusterObservation, NamespaceObservation
from onboarding.reachability.model import ForeignPolicy, NamedPort, Pod, Policy, Protocol, World
from onboarding.reachability.policies import BadPolicy, read_policy

KEPT_WORLDS = 8
RANGES = ("pod_ranges", "service_ranges", "node_ranges")
Ranges: TypeAlias = tuple[tuple[str, ...], ...]
# Not the row's number: that may come to stand for another cluster after a restore.
_Key: TypeAlias = tuple[str, int, int, Ranges]
_Known: TypeAlias = tuple[World, Mapping[str, str]]

_worlds: OrderedDict[_Key, _Known] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class ObservedWorld:
    """A cluster as it was at `seen_at`. `trouble` says why it is not newer, "" if nothing failed.

    `uids` maps the names of namespaces to theirs: another of the same name is somebody else's.
    The same `version` of the same cluster holds the same namespaces, policies and pods.
    """

    world: World
    uids: Mapping[str, str]
    seen_at: datetime
    version: int
    trouble: str


def observation_of(cluster: Cluster) -> ClusterObservation | None:
    """Return how the looks at a cluster stand, or None before the first one. One query."""
    return ClusterObservation.objects.filter(cluster=cluster).first()


def observed_world(cluster: Cluster) -> ObservedWorld | None:
    """Return what was last seen on the cluster, or None before anything was. At most two queries.

    What cannot be understood, and what was too large to be read of a namespace, is named in
    `world.foreign`: the answer is then incomplete. Of such a namespace the world has what was read
    of it before.
    """
    return _as_seen(cluster, observation_of(cluster))


def observed_worlds(clusters: Iterable[Cluster]) -> dict[int, ObservedWorld]:
    """Return `observed_world` of each cluster that was looked at, by its key. One query for all,
    and one for each that is not remembered.
    """
    rows = {one.pk: one for one in clusters}
    looks = ClusterObservation.objects.filter(cluster__in=[*rows])
    found = {look.cluster_id: _as_seen(rows[look.cluster_id], look) for look in looks}
    return {key: seen for key, seen in found.items() if seen}


def _as_seen(cluster: Cluster, seen: ClusterObservation | None) -> ObservedWorld | None:
    if seen is None or seen.seen_at is None:
        return None
    ranges = tuple(tuple(cluster.facts.get(name, ())) for name in RANGES)
    key = (cluster.public_id, seen.pk, seen.version, ranges)
    known = _remembered(key)
    if known is None:
        known = _read_world(seen, ranges)
        _remember(key, known)
    world, uids = known
    return ObservedWorld(world, uids, seen.seen_at, seen.version, seen.trouble)


@dataclass(frozen=True)
class UnreadNamespace:
    """A namespace of which some kinds were too much to be read at the last look."""

    name: str
    kinds: tuple[str, ...]


def noted_on(clusters: Iterable[Cluster]) -> list[NamespaceObservation]:
    """Return what a person has to know of on clusters in use, by name. One query.

    It carries a Bulkhead's marks, which portals.unknown_here judges, or could not be read whole.
    """
    ids = [cluster.pk for cluster in clusters if not cluster.closed_at]
    is_noted = Q(portal__isnull=False) | Q(unread__isnull=False)
    rows = NamespaceObservation.objects.filter(is_noted, cluster__in=ids)
    kept = ("cluster", "name", "uid", "portal", "labels", "marks", "first_seen_at", "unread")
    return list(rows.only(*kept).order_by("name"))


def unread_among(noted: Iterable[NamespaceObservation]) -> dict[int, list[UnreadNamespace]]:
    """Return what of it could not be read whole, by its cluster's key. No query."""
    found = defaultdict(list)
    for one in noted:
        if one.unread is not None:
            found[one.cluster_id].append(UnreadNamespace(one.name, tuple(one.unread)))
    return dict(found)


def _remembered(key: _Key) -> _Known | None:
    with _lock:
        known = _worlds.get(key)
        if known is not None:
            _worlds.move_to_end(key)
        return known


def _remember(key: _Key, world: _Known) -> None:
    with _lock:
        for older in [known for known in _worlds if known[0] == key[0]]:
            del _worlds[older]
        _worlds[key] = world
        while len(_worlds) > KEPT_WORLDS:
            _worlds.popitem(last=False)


def _read_world(seen: ClusterObservation, ranges: Ranges) -> _Known:
    rows = NamespaceObservation.objects.filter(cluster=seen.cluster_id)
    columns = ("name", "uid", "labels", "policies", "pods", "unread")
    namespaces = [*rows.values_list(*columns)]
    policies, unreadable = _policies(one for *_, listed, _, _ in namespaces for one in listed)
    unread = (one for name, *_, kinds in namespaces for one in _unread(name, kinds or ()))
    pod_ranges, service_ranges, node_ranges = ranges
    world = World(
        namespaces={name: labels for name, _, labels, *_ in namespaces},
        pods=tuple(_pod(name, one) for name, *_, pods, _ in namespaces for one in pods),
        policies=policies,
        pod_ranges=pod_ranges,
        service_ranges=service_ranges,
        node_ranges=node_ranges,
        foreign=(*map(ForeignPolicy, seen.foreign_kinds), *unreadable, *unread),
    )
    return world, {name: uid for name, uid, *_ in namespaces}


def _unread(namespace: str, kinds: Collection[str]) -> Iterator[ForeignPolicy]:
    """Yield what was too much to be read there: as it was before, or missing, and not certain."""
    for kind in sorted(CONNECTING_KINDS.intersection(kinds)):
        words = f"{kind} objects of {namespace}, which were too large to be read"
        yield ForeignPolicy(words, namespace)


def _policies(
    stored: Iterable[dict[str, Any]],
) -> tuple[tuple[Policy, ...], tuple[ForeignPolicy, ...]]:
    """Return the policies that were understood, and the others in words."""
    policies, unreadable = [], []
    for manifest in stored:
        try:
            policies.append(read_policy(manifest))
        except BadPolicy as error:
            namespace = manifest["metadata"]["namespace"]
            words = f"NetworkPolicy {namespace}/{manifest['metadata']['name']} ({error.field})"
            unreadable.append(ForeignPolicy(words, namespace))
    return tuple(policies), tuple(unreadable)


def _pod(namespace: str, stored: dict[str, Any]) -> Pod:
    return Pod(
        namespace=namespace,
        name="",
        labels=stored["labels"],
        ports=tuple(
            NamedPort(port["name"], Protocol(port["protocol"]), port["number"])
            for port in stored["ports"]
        ),
        host_network=stored["hostNetwork"],
        count=stored["count"],
    )
