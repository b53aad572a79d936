"""What was found on a cluster, as a plan, so that it is compared like any state before."""

from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Manifest, items, key_of
from onboarding.plan.model import Plan, PlannedObject


def found_plan(found: Manifest | None, wanted: Plan) -> Plan | None:
    """Return the portal's own objects as they were found; None where they were not kept.

    `found` is what services.phases.work.found_on_cluster stored.
    """
    if not found or not isinstance(found.get("objects"), list):
        return None
    phases = {planned.key: planned.phase for planned in wanted.objects}
    objects = tuple(
        PlannedObject(phases.get(key_of(one), Phase.BASELINE), one, why="")
        for one in items(found, "objects")
    )
    return Plan(wanted.cluster, wanted.namespace, objects)
