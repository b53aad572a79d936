"""Whether what a template opens lies inside the reach bound it names: plan and reachability joined.

Asked by the system check for the edges of every parameter, so that a release with a template that
opens more than it says goes no further than its migrations.
"""

from collections.abc import Iterator, Mapping

from onboarding.domain.catalogue import Catalogue, Template
from onboarding.domain.objects import Json
from onboarding.plan.boundary_values import boundary_values
from onboarding.plan.fill import BadParameter, fill, fill_reach
from onboarding.reachability.bounds import BadBound, Escape, read_bound, smallest_escape
from onboarding.reachability.policies import BadPolicy, read_policy

FENCE = "deny-all"


def prove(template: Template, values: Mapping[str, Json], *, fence: Template) -> Escape | None:
    """Return the smallest connection that these values open outside the bound, None if all inside.

    Before it there is only the fence, so that everything the opening allows is new. Raise
    BadParameter, BadPolicy (the API server would refuse the object) or BadBound.
    """
    namespace = str(values["namespace"])
    closed = read_policy(fill(fence, {"namespace": namespace}))
    opened = read_policy(fill(template, values))
    return smallest_escape(
        (closed,), (opened,), read_bound(fill_reach(template, values), namespace)
    )


def unproven(catalogue: Catalogue) -> Iterator[tuple[Template, str]]:
    """Yield each opening that opens more than its bound, or cannot be judged, with why."""
    for template in catalogue.templates.values():
        if template.direction and (why := _why(template, catalogue.templates[FENCE])):
            yield template, why


def _why(template: Template, fence: Template) -> str:
    """Return what is wrong at the first edge where anything is, "" where all is proven."""
    for values in boundary_values(template):
        try:
            escape = prove(template, values, fence=fence)
        except (BadBound, BadParameter, BadPolicy) as error:
            return f"{template.ref} cannot be held against its reach: {error}"
        if escape:
            return f"{template.ref} opens more than its reach: {escape}"
    return ""
