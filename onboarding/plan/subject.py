"""What an approval is about: everything an approver reads, as one value with one digest.

A plan alone is not enough: the same objects can be asked for with another data class, lifetime or
purpose, by somebody else, or with fewer lanes to pass. To change any of it is to change the digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from onboarding.domain.lanes import NeededLane
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.spec import RequestKind
from onboarding.plan.digest import digest_of

SUBJECT_VERSION = 2  # of an approval; 1 was the plan's own digest


@dataclass(frozen=True)
class Subject:
    """A request as its approvers see it. Rows are named by what never changes of them.

    `spec`, `plan` and `found` are as they are stored. `found` and `adopted_uid` say what was found
    on the cluster where that is what is agreed to; `why` is the reason that was given, if any.
    """

    kind: RequestKind
    team: str
    cluster: str
    name: str
    requester: str
    base_generation: int
    spec: Manifest
    plan: Manifest
    lanes: Sequence[NeededLane]
    risk: str | None
    moves_reach: bool | None
    adopted_uid: str | None
    found: Manifest | None
    why: str | None = None

    @property
    def digest(self) -> str:
        """Return `sha256:` and 64 hex digits over the canonical form of all of it."""
        return digest_of(self._tree())

    def _tree(self) -> Json:
        lanes: list[Json] = [
            {"lane": needed.lane.value, "reasons": [*needed.reasons]} for needed in self.lanes
        ]
        return {
            "v": SUBJECT_VERSION,
            "kind": self.kind.value,
            "team": self.team,
            "cluster": self.cluster,
            "name": self.name,
            "requester": self.requester,
            "base_generation": self.base_generation,
            "spec": self.spec,
            "plan": self.plan,
            "lanes": lanes,
            "risk": self.risk,
            "moves_reach": self.moves_reach,
            "adopted_uid": self.adopted_uid,
            "found": self.found,
            # Left out where there is none: digests older than the field stay what they are.
            **({} if self.why is None else {"why": self.why}),
        }
