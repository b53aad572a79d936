"""What every namespace gets, and nobody has to approve apart: templates that ask for no lane.

Pages fold it into one line, so that what a request opens beyond it stands alone.
"""

from dataclasses import replace
from functools import cache

from onboarding.domain.catalogue import Catalogue
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import Plan, PlannedObject


def is_baseline(template: str) -> bool:
    """Tell whether a template is of the baseline, in whichever version, e.g. `allow-dns@1`."""
    return template.partition("@")[0] in _baseline_slugs()


def is_of_baseline(planned: PlannedObject) -> bool:
    """Tell whether every namespace gets this object."""
    return is_baseline(planned.template)


def baseline_of(plan: Plan) -> Plan:
    """Return the plan without what was asked for beyond the baseline."""
    kept = tuple(planned for planned in plan.objects if is_of_baseline(planned))
    return replace(plan, objects=kept, removes=())


@cache
def _baseline_slugs() -> frozenset[str]:
    catalogue = load_catalogue()
    asked_for = _asked_for(catalogue)
    return frozenset(
        slug
        for slug, template in catalogue.templates.items()
        if not template.lanes and slug not in asked_for
    )


def _asked_for(catalogue: Catalogue) -> frozenset[str]:
    """Return the slugs of templates that are asked for: openings, and kinds of access."""
    openings = {slug for slug, template in catalogue.templates.items() if template.direction}
    access = {choice.template for choice in catalogue.access.values() if choice.template}
    return frozenset(openings | access)
