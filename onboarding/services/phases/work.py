"""What a phase is given and what it returns. Every phase is `(Work) -> PhaseResult`.

Phases compare before they write, write only what differs, and believe only what the API server
stored. They touch no row: reconcile records what they return.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.deviations import last_writer
from onboarding.domain.fence_gate import with_proof
from onboarding.domain.holds import Hold
from onboarding.domain.lifecycle import BlockedReason
from onboarding.domain.objects import Json, Key, Manifest, branch, key_of, text
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST, is_ours, marks_of
from onboarding.plan.compare import differences
from onboarding.plan.digest import digest_of
from onboarding.plan.model import Plan, PlannedObject, stamped

# What a managed namespace holds of the portal's, besides the Namespace itself.
MANAGED_KINDS = ("NetworkPolicy", "ResourceQuota", "LimitRange", "RoleBinding")
# Of these a foreign object changes who may do what, so it is a finding.
GUARDED_KINDS = frozenset({"NetworkPolicy", "RoleBinding"})
LARGEST_FOUND = 256 * 1024  # characters of what was found that are kept for a person to compare
MOST_FOREIGN = 100
# The parts of a foreign object that say what it does; its labels and annotations do nothing.
_SAYS = ("spec", "roleRef", "subjects")


class Outcome(StrEnum):
    """Completes the sentence "The object has been …"."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    LEFT_ALONE = "left alone: it is gone, or another object has its name by now"


NOTHING_DONE = frozenset({Outcome.UNCHANGED, Outcome.LEFT_ALONE})


@dataclass(frozen=True)
class AppliedChange:
    """What became of one object."""

    key: Key
    made: Outcome

    def dump(self) -> Manifest:
        """Return the change as a step and an event store it."""
        return {"object": str(self.key), "outcome": self.made.value}


@dataclass(frozen=True)
class PhaseResult:
    """What a phase did; `waits` is not empty when Kubernetes has to finish something first.

    `holds` is what it waits for, by name. `note` is what a finished phase leaves to be known.
    """

    changes: tuple[AppliedChange, ...] = ()
    waits: str = ""
    holds: tuple[Hold, ...] = ()
    note: str = ""


class Blocked(Exception):
    """The run cannot go on without a person. The text says why and what to do.

    `found` is what was found on the cluster where the person has to compare; see found_on_cluster.
    """

    reason = BlockedReason.REFUSED

    def __init__(self, message: str, *, found: Manifest | None = None) -> None:
        """Keep what was found beside the text."""
        super().__init__(message)
        self.found = found


class NotAsPlanned(Blocked):
    """The API server stores something else than was sent: another controller rewrites it."""

    reason = BlockedReason.NOT_AS_PLANNED

    def __init__(self, key: Key, where: Iterable[object]) -> None:
        """Name the object and the fields."""
        fields = ", ".join(sorted({str(place) or "the whole object" for place in where}))
        super().__init__(f"{key} was stored differently from what was sent, in {fields}.")


class ChangedMeanwhile(Exception):
    """Somebody wrote between two looks of one run; looking again is enough."""


class Superseded(Blocked):
    """The cluster holds a newer generation than was approved here, or another one of its number."""

    reason = BlockedReason.NEWER_ON_CLUSTER


@dataclass
class Work:
    """One namespace to be made equal to its plan. `live` holds what was last read or stored.

    `portal` is written on a namespace as it is made, so that another portal knows whose it is.
    """

    plan: Plan
    generation: int
    stamps: dict[str, str]
    cluster: ClusterGateway
    uid: str = ""
    # Every request that was approved for this namespace, e.g. REQ-7K2M9Q, and its generation.
    own_requests: Mapping[str, int] = field(default_factory=dict)
    # Does the database have one of this label, of whichever namespace.
    knows_request: Callable[[str], bool] = bool
    agreed_uid: str = ""  # of what was found, where taking it over or removing it was approved
    was_complete: bool = False  # some generation of it was once read back whole
    portal: str = ""
    waited: timedelta = timedelta()  # how long Kubernetes has not finished this phase
    # The uid and content of every foreign object somebody answers for.
    acknowledged: Callable[[], frozenset[tuple[str, str]]] = frozenset
    has_gate: bool = False  # the cluster keeps pods waiting until their fence is proven
    is_proven: bool = False  # the fence of this very namespace was read back, and still counts
    released: int = 0  # pods whose gate was lifted
    look_again: bool = False  # a pod may have slipped past the listing, or is left for the next
    live: dict[Key, Manifest] = field(default_factory=dict)

    @property
    def namespace_key(self) -> Key:
        """Return the key of the Namespace object."""
        return Key("Namespace", "", self.plan.namespace)

    def wanted(self, planned: PlannedObject) -> Manifest:
        """Return the object as it shall be stored, with request, generation and digest.

        The Namespace says beside them whether its fence was proven.
        """
        whole = stamped(planned.manifest, self.stamps)
        return with_proof(whole) if self.is_proven and planned.key == self.namespace_key else whole

    def refresh(self, *kinds: str) -> None:
        """Read these kinds in the namespace anew; forget what is no longer there."""
        for kind in kinds:
            for key in [key for key in self.live if key.kind == kind]:
                del self.live[key]
            for manifest in self.cluster.list(kind, self.plan.namespace):
                self.live[key_of(manifest)] = manifest

    def refresh_managed(self) -> None:
        """Read everything anew that the portal may have in the namespace."""
        self.refresh(*MANAGED_KINDS)

    def bring(self, planned: PlannedObject) -> AppliedChange:
        """Make one object equal to the plan, writing only if it differs.

        Raises what check_stored raises when what the server stored still differs.
        """
        wanted, seen = self.wanted(planned), self.live.get(planned.key)
        if not differences(wanted, seen):
            return AppliedChange(planned.key, Outcome.UNCHANGED)
        stored = self.cluster.apply(wanted, seen=seen)
        extra = [found.path for found in differences(wanted, stored) if found.wanted is None]
        if extra:  # a forced apply leaves what another manager added beside our fields
            stored = self.cluster.cut(planned.key, extra, seen=stored)
        self.check_stored(planned.key, wanted, stored)
        self.live[planned.key] = stored
        return AppliedChange(planned.key, Outcome.CONFIGURED if seen else Outcome.CREATED)

    def check_stored(self, key: Key, wanted: Manifest, stored: Manifest) -> None:
        """Raise NotAsPlanned where the answer to a write differs, and so does what is read then.

        Raise ChangedMeanwhile where only one of them does.
        """
        if not differences(wanted, stored):
            return
        left = differences(wanted, self.cluster.get(key))
        if left:
            raise NotAsPlanned(key, left)
        raise ChangedMeanwhile(f"{key} was answered to be stored otherwise than it is.")

    def remove(self, key: Key) -> AppliedChange:
        """Delete one object that was seen, and no other that took its name since."""
        self.cluster.delete(key, uid=text(self.live[key], "metadata", "uid"))
        del self.live[key]
        return AppliedChange(key, Outcome.REMOVED)

    def remove_foreign(self, kind: str) -> list[AppliedChange]:
        """Delete what was approved to go, each by its uid; another of the name is left alone."""
        return [
            self._remove_foreign(Key(kind, self.plan.namespace, removal.name), removal.uid)
            for removal in self.plan.removes
            if removal.kind == kind
        ]

    def _remove_foreign(self, key: Key, uid: str) -> AppliedChange:
        live = self.live.get(key)
        if live is None or text(live, "metadata", "uid") != uid:
            return AppliedChange(key, Outcome.LEFT_ALONE)
        return self.remove(key)

    def outdated(self, kind: str) -> list[Key]:
        """Return the portal's own objects of a kind that the plan no longer contains."""
        planned = {entry.key for entry in self.plan.objects}
        return sorted(
            key
            for key, manifest in self.live.items()
            if key.kind == kind and key not in planned and is_ours(manifest)
        )

    def foreign(self) -> list[Manifest]:
        """Return guarded objects that neither the plan nor an earlier one contains."""
        planned = {entry.key for entry in self.plan.objects}
        return [
            manifest
            for key, manifest in sorted(self.live.items())
            if key.kind in GUARDED_KINDS and key not in planned and not is_ours(manifest)
        ]

    @property
    def is_opened(self) -> bool:
        """Tell whether a policy is there that no plan contains and nobody answers for.

        What only looks like the portal's counts too: policies add up, so any may open everything.
        """
        planned = {entry.key for entry in self.plan.objects}
        others = [
            (text(live, "metadata", "uid"), content_digest(live))
            for key, live in self.live.items()
            if key.kind == "NetworkPolicy" and key not in planned
        ]
        return bool(others) and not self.acknowledged().issuperset(others)

    def check_generation(self) -> None:
        """Raise Superseded when a live object is newer than this work, or of another content.

        Only the Namespace, which is written first, tells of another content: what stands on the
        others is compared and repaired. A generation is believed only beside a request that may
        have made it: where this database knows of which generation that request was, a higher
        number beside it is somebody's annotation, a difference like any other.
        """
        for key, manifest in self.live.items():
            request = text(manifest, "metadata", "annotations", REQUEST)
            written = _generation(manifest)
            if written > self.generation and request not in self.own_requests:
                by = request or "an unknown request"
                raise self._superseded(f"{key} is of generation {written}, by {by}")
        marks = marks_of(self.live.get(self.namespace_key, {}))
        is_same_number = marks.get("generation") == str(self.generation)
        is_other = marks.get("digest", self.stamps[DIGEST]) != self.stamps[DIGEST]
        request = marks.get("request", "")
        if is_same_number and is_other and request not in self.own_requests:
            said = f"{self.plan.namespace} is of generation {self.generation} too, by "
            raise self._superseded(f"{said}{request or 'an unknown request'}, of another content")
        found_uid = text(self.live.get(self.namespace_key, {}), "metadata", "uid")
        is_agreed_to = self.agreed_uid and self.agreed_uid == found_uid
        if request and request not in self.own_requests and not is_agreed_to:
            # Whatever uid the row says is its own: a row can be written.
            raise self._superseded(f"{self.plan.namespace} was made for {request}, unknown here")

    def _superseded(self, said: str) -> Superseded:
        return Superseded(
            f"{said}; here generation {self.generation} was approved last. The portal's database "
            "may have been restored from a backup. Nothing was changed.",
            found=found_on_cluster(self),
        )


def content_digest(foreign: Manifest) -> str:
    """Return the digest of what a foreign object does, by which an acknowledgement knows it."""
    return digest_of({part: foreign.get(part) for part in _SAYS})


def found_on_cluster(work: Work) -> Manifest:
    """Return what was found, for a person to compare: marks, our objects whole, others' by name."""
    home = work.live.get(work.namespace_key, {})
    planned = {entry.key for entry in work.plan.objects}
    own = [
        _plain(manifest)
        for key, manifest in sorted(work.live.items())
        if key == work.namespace_key or key in planned or is_ours(manifest)
    ]
    others: list[Json] = [str(key_of(manifest)) for manifest in work.foreign()]
    generations = [_generation(manifest) for manifest in work.live.values()]
    fits = len(json.dumps(own)) <= LARGEST_FOUND
    return {
        "uid": text(home, "metadata", "uid"),
        "remembered": work.uid,
        **marks_of(home),
        "generation": max(generations, default=0),
        "objects": [*own] if fits else None,
        "foreign": others[:MOST_FOREIGN],
    }


def _plain(manifest: Manifest) -> Manifest:
    """Return an object without what the server adds to every one."""
    metadata = branch(manifest, "metadata")
    kept = ("name", "namespace", "labels", "annotations")
    dropped = {"status", "spec"} if manifest.get("kind") == "Namespace" else {"status"}
    body = {field: value for field, value in manifest.items() if field not in dropped}
    return {**body, "metadata": {name: metadata[name] for name in kept if name in metadata}}


def _generation(manifest: Manifest) -> int:
    written = text(manifest, "metadata", "annotations", GENERATION)
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else 0


def culprit(manifest: Manifest) -> str:
    """Return who wrote an object last besides the portal, from managedFields; "" if unknown."""
    return str(last_writer(manifest))
