"""What was found under a name beside what is approved for it, for who asks to take it over.

Read off what the worker stored when it stopped: the portal's own objects whole, others' by name.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.fence_gate import without_proof
from onboarding.domain.objects import Json, Key, Manifest, branch, items, key_of, text
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.models import Request
from onboarding.plan.changes import Effect
from onboarding.plan.compare import Difference, differences
from onboarding.plan.model import Plan
from onboarding.queries.request_picture import newest_found

_LONGEST_VALUE = 400
_STAMPS = (REQUEST, GENERATION, DIGEST)


@dataclass(frozen=True)
class FieldDifference:
    """One field: as it is on the cluster, and as it would be. "" where it is absent."""

    where: str
    found: str
    approved: str


@dataclass(frozen=True)
class FoundObject:
    """One object that would be added, changed or removed by taking the namespace over."""

    name: str
    effect: Effect
    fields: tuple[FieldDifference, ...] = ()


@dataclass(frozen=True)
class Found:
    """What was found, and how it differs. `differing` is None where it is too much to be kept."""

    uid: str
    seen_at: datetime | None
    request: str
    generation: int
    is_another: bool  # its uid was not the remembered one
    is_forgotten: bool  # this portal made it, and its database does not know it
    differing: tuple[FoundObject, ...] | None
    equal: int
    foreign: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Return whether all of it is as approved, and nothing of others' is in it."""
        return self.differing == () and not self.foreign


def found_for_request(row: Request, plan: Plan) -> Found | None:
    """Return what a request takes over or removes, against its plan."""
    return compare_found(newest_found(row), plan)


def compare_found(found: Manifest | None, plan: Plan) -> Found | None:
    """Return how what was found differs from a plan; None where nothing was found."""
    if not found:
        return None
    is_kept = isinstance(found.get("objects"), list)
    live = {key_of(one): one for one in items(found, "objects")}
    differing = tuple(_differing(live, plan)) if is_kept else None
    generation = found.get("generation", 0)
    return Found(
        uid=text(found, "uid"),
        seen_at=datetime.fromisoformat(text(found, "at")) if text(found, "at") else None,
        request=text(found, "request"),
        generation=generation if isinstance(generation, int) else 0,
        is_another=text(found, "uid") != text(found, "remembered"),
        is_forgotten=found.get("forgotten") is True,
        differing=differing,
        equal=sum(not _fields(live, planned.key, planned.manifest) for planned in plan.objects),
        foreign=tuple(str(name) for name in _listed(found, "foreign")),
    )


def _differing(live: dict[Key, Manifest], plan: Plan) -> Iterable[FoundObject]:
    for planned in plan.objects:
        fields = _fields(live, planned.key, planned.manifest)
        if planned.key not in live:
            yield FoundObject(str(planned.key), Effect.ADDED)
        elif fields:
            told = tuple(_told(one) for one in fields)
            yield FoundObject(str(planned.key), Effect.CHANGED, told)
    wanted = {planned.key for planned in plan.objects}
    for key in sorted(set(live) - wanted):
        yield FoundObject(str(key), Effect.REMOVED)


def _fields(live: dict[Key, Manifest], key: Key, wanted: Manifest) -> tuple[Difference, ...]:
    found = live.get(key)
    return differences(wanted, _without_stamps(found) if found else None)


def _without_stamps(manifest: Manifest) -> Manifest:
    """Return the object without what every revision and every proof of the fence renews."""
    metadata = branch(manifest, "metadata")
    kept = {
        name: value
        for name, value in branch(metadata, "annotations").items()
        if name not in _STAMPS
    }
    return without_proof({**manifest, "metadata": {**metadata, "annotations": kept}})


def _told(one: Difference) -> FieldDifference:
    return FieldDifference(str(one), _value(one.live), _value(one.wanted))


def _value(value: Json) -> str:
    if value is None:
        return ""
    told = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return told if len(told) <= _LONGEST_VALUE else f"{told[:_LONGEST_VALUE]}…"


def _listed(found: Manifest, name: str) -> list[Json]:
    value = found.get(name)
    return value if isinstance(value, list) else []
