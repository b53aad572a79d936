"""A plan: the ordered objects a spec renders to. A frozen value that can be compared and hashed.

Objects here carry no bookkeeping. Request, generation and digest are stamped on when they are
applied, so the digest of the same wish is the same for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Key, Manifest, branch, copied, items, key_of, text
from onboarding.domain.ownership import TEMPLATE
from onboarding.plan.digest import digest_of

PLAN_VERSION = 1


class UnknownPlan(ValueError):
    """A stored plan is of a version or shape this release cannot read."""


@dataclass(frozen=True, eq=True)
class PlannedObject:
    """One object, the phase that applies it, and why it is there."""

    phase: Phase
    manifest: Manifest
    why: str

    __hash__ = None  # type: ignore[assignment]  # holds a tree; a plan hashes by its digest

    @property
    def key(self) -> Key:
        """Return the object's key."""
        return key_of(self.manifest)

    @property
    def template(self) -> str:
        """Return e.g. `allow-dns@1`."""
        return text(self.manifest, "metadata", "annotations", TEMPLATE)


@dataclass(frozen=True)
class Removal:
    """A foreign object that shall go: exactly the one of this uid, no other of its name."""

    kind: str
    name: str
    uid: str

    def dump(self) -> Manifest:
        """Return it as JSON."""
        return {"kind": self.kind, "name": self.name, "uid": self.uid}


@dataclass(frozen=True, eq=True)
class Plan:
    """The objects of one namespace in the order they are applied; none means it shall be gone.

    `removes` are objects of others that go with it, once: they are part of what is approved, and
    no part of what the namespace shall hold.
    """

    cluster: str
    namespace: str
    objects: tuple[PlannedObject, ...]
    removes: tuple[Removal, ...] = ()

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """Return `sha256:` and 64 hex digits over the canonical form of everything applied."""
        return digest_of(
            {
                "v": PLAN_VERSION,
                "cluster": self.cluster,
                "namespace": self.namespace,
                "objects": [
                    {"phase": planned.phase.value, "manifest": planned.manifest}
                    for planned in self.objects
                ],
                **_removes(self),
            }
        )

    def without_removals(self) -> "Plan":
        """Return what the namespace shall hold, whatever goes on the way there."""
        return replace(self, removes=())

    @property
    def wants_namespace(self) -> bool:
        """Tell whether the namespace shall exist."""
        return bool(self.objects)

    def of(self, phase: Phase) -> tuple[PlannedObject, ...]:
        """Return the objects that `phase` applies, in order."""
        return tuple(planned for planned in self.objects if planned.phase == phase)

    def manifests(self) -> list[Manifest]:
        """Return every object in apply order."""
        return [planned.manifest for planned in self.objects]


def dump_plan(plan: Plan) -> Manifest:
    """Return the plan as JSON with its version."""
    return {
        "v": PLAN_VERSION,
        "cluster": plan.cluster,
        "namespace": plan.namespace,
        "objects": [
            {"phase": planned.phase.value, "why": planned.why, "manifest": planned.manifest}
            for planned in plan.objects
        ],
        **_removes(plan),
    }


def _removes(plan: Plan) -> Manifest:
    """Return the removals under their name; nothing without any, so that older digests stay."""
    return {"removes": [removal.dump() for removal in plan.removes]} if plan.removes else {}


def load_plan(stored: Manifest) -> Plan:
    """Return the plan in `stored`. Raise UnknownPlan for another version or a damaged row."""
    entries = stored.get("objects")
    if stored.get("v") != PLAN_VERSION or not isinstance(entries, list):
        raise UnknownPlan(f"Unknown version of a stored plan: {stored.get('v')!r}")
    return Plan(
        cluster=text(stored, "cluster"),
        namespace=text(stored, "namespace"),
        objects=tuple(
            PlannedObject(
                phase=Phase(text(entry, "phase")),
                manifest=branch(entry, "manifest"),
                why=text(entry, "why"),
            )
            for entry in entries
            if isinstance(entry, dict)
        ),
        removes=tuple(
            Removal(text(entry, "kind"), text(entry, "name"), text(entry, "uid"))
            for entry in items(stored, "removes")
        ),
    )


def stamped(manifest: Manifest, stamps: Mapping[str, str]) -> Manifest:
    """Return a copy of the object with `stamps` added to its annotations."""
    copy = copied(manifest)
    metadata = copy["metadata"] = branch(copy, "metadata")
    metadata["annotations"] = {**branch(metadata, "annotations"), **stamps}
    return copy
