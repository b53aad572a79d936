"""Deviations: what is on a cluster otherwise than approved, and how patient repairs are with it.

A sighting is one object as one look found it. What keeps pods apart and people out is put back at
once, always; everything else waits longer each time somebody undoes the repair within an hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from onboarding.domain.objects import Json, Key, Manifest, items, text
from onboarding.domain.ownership import FIELD_MANAGER

WINDOW = timedelta(hours=1)
FIRST_HOLD = timedelta(seconds=10)
LONGEST_HOLD = timedelta(minutes=10)
# As many repairs of one object after one manager within the window are a fight.
FIGHT = 5
# Times of repairs that a row remembers; more than this within an hour are told as "or more".
REMEMBERED = 60


class DeviationKind(StrEnum):
    """How the cluster differed from what was approved."""

    CHANGED = "changed"
    MISSING = "missing"
    FOREIGN = "foreign"
    DELETED = "deleted"


@dataclass(frozen=True)
class Writer:
    """Who wrote an object last besides the portal, as the API server noted. "" is unknown."""

    manager: str = ""
    operation: str = ""
    time: str = ""

    def __str__(self) -> str:
        """Return e.g. `kubectl-edit (Update, 2026-11-26T14:57:03Z)`; "" where unknown."""
        return f"{self.manager} ({self.operation}, {self.time})" if self.manager else ""

    @property
    def at(self) -> datetime | None:
        """Return when it was written, to the second; None where that cannot be read."""
        try:
            return datetime.fromisoformat(self.time)
        except ValueError:
            return None


@dataclass(frozen=True)
class Sighting:
    """One deviating object. `uid` and `digest` are those of a foreign object, else "".

    `differences` are [{"field", "approved", "found"}…] of a changed one, in the order of `fields`.
    """

    kind: DeviationKind
    key: Key
    fields: tuple[str, ...] = ()
    differences: tuple[Manifest, ...] = ()
    writer: Writer = field(default_factory=Writer)
    uid: str = ""
    digest: str = ""
    is_fence: bool = False

    def dump(self) -> Manifest:
        """Return it as an event stores it."""
        fields: list[Json] = [*self.fields]
        told: Manifest = {
            "kind": self.kind.value,
            "object": str(self.key),
            "by": str(self.writer),
        }
        return {**told, "fields": fields} if fields else told


def last_writer(manifest: Manifest) -> Writer:
    """Return who wrote an object last besides the portal, from its managedFields."""
    entries = [
        entry
        for entry in items(manifest, "metadata", "managedFields")
        if text(entry, "manager") not in {"", FIELD_MANAGER}
        and text(entry, "subresource") != "status"
    ]
    newest = max(entries, key=lambda entry: text(entry, "time"), default=None)
    if newest is None:
        return Writer()
    return Writer(text(newest, "manager"), text(newest, "operation"), text(newest, "time"))


def recent(repairs: Sequence[str], now: datetime) -> list[datetime]:
    """Return the repairs of the last hour, oldest first, from their stored times."""
    times = (datetime.fromisoformat(stored) for stored in repairs)
    return [at for at in times if at > now - WINDOW]


def held_until(repairs: Sequence[str], now: datetime) -> datetime | None:
    """Return until when the next repair waits, or None where it may be made now."""
    lately = recent(repairs, now)
    if not lately:
        return None
    hold = min(LONGEST_HOLD, FIRST_HOLD * 2 ** min(len(lately) - 1, 10))
    until = lately[-1] + hold
    return until if until > now else None
