"""What a namespace holds that goes with it, and how much of its quota is used: counts and sizes.

Workers reduce page after page with this, beside `observed.py`. No answer about who can talk to whom
depends on it, so a change here builds no world anew. A part that could not be read is None, which
is not the same as nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from onboarding.domain.objects import Json, Manifest, branch, items, text
from onboarding.domain.quantities import amount

LARGEST_CLAIMS = 20
CLUSTER_IP = "ClusterIP"
# Controllers a person makes; the sets and jobs that belong to one of them are not counted again.
WORKLOAD_KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "ReplicaSet",
    "ReplicationController",
)

Counts: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, order=True)
class VolumeClaim:
    """One volume claim. `size` is in bytes."""

    size: int
    name: str
    bound: bool = True


@dataclass
class VolumeClaims:
    """The claims of one namespace: how many, how large together, and the largest of them."""

    count: int = 0
    size: int = 0
    largest: tuple[VolumeClaim, ...] = ()

    def add(self, claim: VolumeClaim) -> None:
        """Count one more."""
        self.count, self.size = self.count + 1, self.size + claim.size
        kept = sorted((*self.largest, claim), key=lambda one: (-one.size, one.name))
        self.largest = tuple(kept[:LARGEST_CLAIMS])

    def dump(self) -> Manifest:
        """Return them as they are stored."""
        largest: list[Json] = [
            {"name": one.name, "size": one.size, "bound": one.bound} for one in self.largest
        ]
        return {"count": self.count, "size": self.size, "largest": largest}


@dataclass(frozen=True)
class Contents:
    """What was seen in one namespace beside its pods; None for a part that was not read."""

    workloads: Counts | None = None
    claims: VolumeClaims | None = None
    services: Counts | None = None

    def dump(self) -> Manifest:
        """Return it as it is stored."""
        return {
            "workloads": _dumped(self.workloads),
            "services": _dumped(self.services),
            "claims": None if self.claims is None else self.claims.dump(),
        }


def load_contents(stored: Manifest | None) -> Contents:
    """Return what is stored; all parts unknown for a namespace that was never read for them."""
    tree = stored or {}
    claims = branch(tree, "claims") if tree.get("claims") is not None else None
    return Contents(
        workloads=_counts(tree, "workloads"),
        services=_counts(tree, "services"),
        claims=None
        if claims is None
        else VolumeClaims(
            count=_number(claims, "count"),
            size=_number(claims, "size"),
            largest=tuple(
                VolumeClaim(_number(one, "size"), text(one, "name"), one.get("bound") is True)
                for one in items(claims, "largest")
            ),
        ),
    )


@dataclass
class Inventory:
    """What was read of a whole cluster so far, by namespace. A kind not in `read` is unknown.

    So is one in the namespaces that `unread` names for it.
    """

    read: set[str] = field(default_factory=set)
    unread: Mapping[str, Collection[str]] = field(default_factory=dict)
    workloads: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    claims: dict[str, VolumeClaims] = field(default_factory=lambda: defaultdict(VolumeClaims))
    services: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    quotas: dict[str, list[Manifest]] = field(default_factory=lambda: defaultdict(list))

    def contents_of(self, namespace: str) -> Contents:
        """Return what is in one namespace."""
        return Contents(
            workloads=self.workloads.get(namespace, {})
            if self._knows(namespace, *WORKLOAD_KINDS)
            else None,
            claims=self.claims.get(namespace, VolumeClaims())
            if self._knows(namespace, "PersistentVolumeClaim")
            else None,
            services=self.services.get(namespace, {})
            if self._knows(namespace, "Service")
            else None,
        )

    def quotas_of(self, namespace: str) -> list[Json] | None:
        """Return [{"name", "hard", "used"}…], None where quotas could not be read."""
        if not self._knows(namespace, "ResourceQuota"):
            return None
        return [*sorted(self.quotas.get(namespace, ()), key=lambda one: text(one, "name"))]

    def _knows(self, namespace: str, *kinds: str) -> bool:
        is_hidden = any(namespace in self.unread.get(kind, ()) for kind in kinds)
        return self.read.issuperset(kinds) and not is_hidden

    def take(self, kind: str, manifests: Iterable[Manifest]) -> None:
        """Reduce a whole list. Taken again, as after a lost snapshot, a kind counts once."""
        takers = {
            **dict.fromkeys(WORKLOAD_KINDS, self._take_workloads),
            "PersistentVolumeClaim": self._take_claims,
            "Service": self._take_services,
            "ResourceQuota": self._take_quotas,
        }
        takers.get(kind, _read_through)(kind, manifests)
        self.read.add(kind)

    def _take_workloads(self, kind: str, manifests: Iterable[Manifest]) -> None:
        for counts in self.workloads.values():
            del counts[kind]
        for manifest in manifests:
            owners = items(manifest, "metadata", "ownerReferences")
            if not any(owner.get("controller") is True for owner in owners):
                self.workloads[_place(manifest)][kind] += 1

    def _take_claims(self, _kind: str, manifests: Iterable[Manifest]) -> None:
        self.claims.clear()
        for manifest in manifests:
            self.claims[_place(manifest)].add(_claim(manifest))

    def _take_services(self, _kind: str, manifests: Iterable[Manifest]) -> None:
        self.services.clear()
        for manifest in manifests:
            self.services[_place(manifest)][text(manifest, "spec", "type") or CLUSTER_IP] += 1

    def _take_quotas(self, _kind: str, manifests: Iterable[Manifest]) -> None:
        self.quotas.clear()
        for manifest in manifests:
            self.quotas[_place(manifest)].append(
                {
                    "name": text(manifest, "metadata", "name"),
                    "hard": branch(manifest, "status", "hard"),
                    "used": branch(manifest, "status", "used"),
                }
            )


def _read_through(_kind: str, manifests: Iterable[Manifest]) -> None:
    """Keep nothing: the list was read to be compared."""
    for _ in manifests:
        pass


def _claim(manifest: Manifest) -> VolumeClaim:
    """Return a claim with what it holds, or with what it asks for until it is bound."""
    held = text(manifest, "status", "capacity", "storage")
    asked = text(manifest, "spec", "resources", "requests", "storage")
    size = amount(held or asked)
    return VolumeClaim(
        size=int(size) if size is not None else 0,
        name=text(manifest, "metadata", "name"),
        bound=text(manifest, "status", "phase") == "Bound",
    )


def _place(manifest: Manifest) -> str:
    return text(manifest, "metadata", "namespace")


def _dumped(counts: Counts | None) -> Manifest | None:
    return None if counts is None else {kind: n for kind, n in sorted(counts.items()) if n}


def _counts(tree: Manifest, part: str) -> Counts | None:
    if tree.get(part) is None:
        return None
    return {kind: _number(branch(tree, part), kind) for kind in branch(tree, part)}


def _number(tree: Manifest, name: str) -> int:
    value = tree.get(name)
    return value if isinstance(value, int) else 0
