"""What a request would change: the plan in force against the plan asked for, object by object."""

import difflib
from dataclasses import dataclass
from enum import StrEnum

from onboarding.domain.objects import Key
from onboarding.plan.model import Plan, PlannedObject
from onboarding.plan.render_yaml import render_yaml


class Effect(StrEnum):
    """Completes the sentence "The object would be …"."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class ObjectChange:
    """One object before and after. `before` and `after` are None where it does not exist."""

    key: Key
    effect: Effect
    before: PlannedObject | None
    after: PlannedObject | None

    @property
    def planned(self) -> PlannedObject:
        """Return the object as it will be, or as it was when it goes."""
        found = self.after or self.before
        if found is None:
            raise ValueError(f"{self.key} stands in neither plan")
        return found

    def lines(self) -> list[tuple[str, str]]:
        """Return a line diff as (tag, text); tag is "add", "del" or "" for context."""
        before = render_yaml(self.before.manifest).splitlines() if self.before else []
        after = render_yaml(self.after.manifest).splitlines() if self.after else []
        tags = {"+ ": "add", "- ": "del", "  ": ""}
        return [
            (tags[line[:2]], line[2:]) for line in difflib.ndiff(before, after) if line[:2] in tags
        ]


def plan_changes(in_force: Plan | None, wanted: Plan) -> tuple[ObjectChange, ...]:
    """Return one entry per object of either plan: wanted ones in apply order, then removals."""
    before = {planned.key: planned for planned in in_force.objects} if in_force else {}
    after = {planned.key: planned for planned in wanted.objects}
    kept = [_change(key, before.get(key), planned) for key, planned in after.items()]
    gone = [_change(key, planned, None) for key, planned in before.items() if key not in after]
    return (*kept, *reversed(gone))


def _change(key: Key, before: PlannedObject | None, after: PlannedObject | None) -> ObjectChange:
    if before is None:
        effect = Effect.ADDED
    elif after is None:
        effect = Effect.REMOVED
    elif before.manifest == after.manifest:
        effect = Effect.UNCHANGED
    else:
        effect = Effect.CHANGED
    return ObjectChange(key=key, effect=effect, before=before, after=after)
