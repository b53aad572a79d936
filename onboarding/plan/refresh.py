"""What rendering anew would change: which objects, whose access, and whether policies say the same.

Pure: the plan in force against the plan of the same spec with the facts of today.
"""

from onboarding.domain.objects import Json, Manifest, branch, items, text
from onboarding.plan.changes import Effect, plan_changes
from onboarding.plan.model import Plan


def outdated_objects(in_force: Plan, today: Plan) -> list[Json]:
    """Return [{"object", "effect", "groups"}…] for what differs; [] for equal plans.

    `groups` are those the object in force lets in and that of today would not.
    """
    let_in = groups_of(today)
    return [
        {
            "object": f"{change.key.kind} {change.key.name}",
            "effect": change.effect.value,
            "groups": [
                group
                for group in (_groups(change.before.manifest) if change.before else [])
                if group not in let_in
            ],
        }
        for change in plan_changes(in_force, today)
        if change.effect is not Effect.UNCHANGED
    ]


def groups_of(plan: Plan) -> list[str]:
    """Return the groups that the plan's bindings let in, each once, in apply order."""
    found = (group for planned in plan.objects for group in _groups(planned.manifest))
    return [*dict.fromkeys(found)]


def is_same_reach(before: Plan, after: Plan) -> bool:
    """Return whether policies and labels are the same, so that no path can open or close.

    False says nothing yet: other policies may still let the same through.
    """
    return _reach(before) == _reach(after)


def _groups(manifest: Manifest) -> list[str]:
    if manifest.get("kind") != "RoleBinding":
        return []
    return [text(subject, "name") for subject in items(manifest, "subjects")]


def _reach(plan: Plan) -> dict[str, Manifest]:
    """Return what decides who can talk to whom: each policy's spec, and the namespace's labels."""
    parts = {"NetworkPolicy": ("spec",), "Namespace": ("metadata", "labels")}
    return {
        str(planned.key): branch(planned.manifest, *parts[planned.key.kind])
        for planned in plan.objects
        if planned.key.kind in parts
    }
