"""Two plans side by side, as pages print them: in words, and object by object."""

from dataclasses import dataclass

from onboarding.plan.access import access_sentences
from onboarding.plan.baseline import is_of_baseline
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.changes import Effect, ObjectChange, plan_changes
from onboarding.plan.model import Plan
from onboarding.plan.pod_security import pod_security_sentences
from onboarding.plan.refresh import groups_of
from onboarding.plan.render_yaml import render_yaml
from onboarding.queries.rendering import Rerendered
from onboarding.reachability.sentences import sentences

# What groups and sentences do not tell.
_TOLD_IN_WORDS = frozenset({"NetworkPolicy", "RoleBinding"})


@dataclass(frozen=True)
class Sentence:
    """One thing that may be done. `effect` says whether the request adds or removes it.

    `is_path` tells that it is about who can talk to whom, which tables of paths say as well.
    """

    text: str
    effect: Effect
    is_path: bool = False


@dataclass(frozen=True)
class ChangedObject:
    """One object as the page prints it: full YAML where it is new, else a line difference."""

    change: ObjectChange
    yaml: str
    lines: list[tuple[str, str]]
    element_id: str
    place: int = 0

    @property
    def length(self) -> int:
        """Return how many lines it has on the page."""
        return len(self.yaml.splitlines()) or len(self.lines)


@dataclass(frozen=True)
class RequestObjects:
    """The objects a request adds, changes or removes; `baseline` are those every namespace gets."""

    own: list[ChangedObject]
    baseline: list[ChangedObject]

    @property
    def every(self) -> list[ChangedObject]:
        """Return all of them, in the order in which they are applied."""
        return sorted([*self.own, *self.baseline], key=lambda one: one.place)


@dataclass(frozen=True)
class PlanDifference:
    """What differs between two plans. `trouble` says why there is no second one.

    Groups are those one plan lets in and the other does not. `others` are differing objects of
    which groups and sentences tell nothing.
    """

    trouble: str
    groups_before: list[str]
    groups_after: list[str]
    sentences: list[Sentence]
    others: list[ObjectChange]
    objects: list[ChangedObject]


def build_difference(again: Rerendered, *, prefix: str = "today") -> PlanDifference:
    """Return how a stored plan differs from what would be rendered today."""
    return build_plan_difference(again.stored, again.today, trouble=again.trouble, prefix=prefix)


def build_plan_difference(
    before: Plan, after: Plan | None, *, trouble: str = "", prefix: str = "object"
) -> PlanDifference:
    """Return how two plans differ; `prefix` begins the ids of the objects on the page."""
    if after is None:
        return PlanDifference(trouble, [], [], [], [], [])
    changes = plan_changes(before, after)
    moved = [change for change in changes if change.effect is not Effect.UNCHANGED]
    told = compare_sentences(before, after)
    old, new = groups_of(before), groups_of(after)
    return PlanDifference(
        trouble=trouble,
        groups_before=[group for group in old if group not in new],
        groups_after=[group for group in new if group not in old],
        sentences=[one for one in told if one.effect is not Effect.UNCHANGED],
        others=[change for change in moved if change.key.kind not in _TOLD_IN_WORDS],
        objects=print_objects(moved, prefix=prefix),
    )


def print_objects(moved: list[ObjectChange], *, prefix: str = "object") -> list[ChangedObject]:
    """Return the objects as the page prints them, numbered from 1."""
    return [_printed(change, prefix, place) for place, change in enumerate(moved, start=1)]


def objects_of(moved: list[ObjectChange], *, folds_baseline: bool) -> RequestObjects:
    """Return what moves; `folds_baseline` sets apart what every new namespace gets."""
    printed = print_objects(moved)
    apart = [one for one in printed if folds_baseline and is_of_baseline(one.change.planned)]
    return RequestObjects(own=[one for one in printed if one not in apart], baseline=apart)


def compare_sentences(before: Plan | None, after: Plan) -> list[Sentence]:
    """Return what may talk to what: as it would be, then what would no longer hold."""
    old, new = (_sentences(plan) for plan in (before, after))
    kept = [
        Sentence(text, Effect.UNCHANGED if text in old else Effect.ADDED, is_path)
        for text, is_path in new.items()
    ]
    gone = [(text, is_path) for text, is_path in old.items() if text not in new]
    return kept + [Sentence(text, Effect.REMOVED, is_path) for text, is_path in gone]


def _sentences(plan: Plan | None) -> dict[str, bool]:
    """Return the sentences of a plan in order, and of each whether it is about paths."""
    if plan is None or not plan.wants_namespace:
        return {}
    others = (*access_sentences(plan, load_catalogue()), *pod_security_sentences(plan))
    return dict.fromkeys(sentences(plan.manifests()), True) | dict.fromkeys(others, False)


def _printed(change: ObjectChange, prefix: str, place: int) -> ChangedObject:
    is_new = change.effect is Effect.ADDED
    return ChangedObject(
        change=change,
        yaml=render_yaml(change.planned.manifest) if is_new else "",
        lines=[] if is_new else [(tag or "same", text) for tag, text in change.lines()],
        element_id=f"{prefix}-{place}",
        place=place,
    )
