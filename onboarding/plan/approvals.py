"""Which lanes a request needs, and why: read off the catalogue and off what would change.

A change asks those whose responsibility it touches. An object that stays as it is asks nobody
again; a restricted data class asks security whenever connectivity moves, and whenever it is left:
otherwise calling the data public would be a way around security. What lint says of the
connectivity that is new asks those the catalogue names for that risk.
"""

from collections.abc import Iterator

from onboarding.domain.catalogue import Catalogue
from onboarding.domain.lanes import Lane, NeededLane, needed_lanes
from onboarding.domain.risk import Risk
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.plan.changes import Effect, ObjectChange
from onboarding.plan.model import Removal

_KIND_REASONS = {
    RequestKind.ONBOARD: "Every new namespace",
    RequestKind.CHANGE: "Every change of a namespace",
    RequestKind.RETIRE: "Every removal of a namespace",
    RequestKind.ADOPT: "Every namespace that is taken over again",
}


def lanes_for(
    kind: RequestKind,
    spec: NamespaceSpec,
    changes: tuple[ObjectChange, ...],
    *,
    catalogue: Catalogue,
    before: NamespaceSpec | None,
    risk: Risk,
    removes: tuple[Removal, ...] = (),
) -> tuple[NeededLane, ...]:
    """Return the lanes a request must pass, in the order of `Lane`, each with its reasons."""
    reasons = [(lane, _KIND_REASONS[kind]) for lane in catalogue.kind_lanes[kind]]
    if kind is not RequestKind.RETIRE:
        moved = [change for change in changes if change.effect is not Effect.UNCHANGED]
        reasons += _template_reasons(moved, catalogue)
        reasons += _choice_reasons(spec, before, moved, catalogue)
        reasons += [(lane, "Others' policies would be removed") for lane in _removal_lanes(removes)]
        reasons += [(lane, f"{risk.capitalize()} risk") for lane in catalogue.risk_lanes[risk]]
    return needed_lanes(reasons)


def _template_reasons(
    moved: list[ObjectChange], catalogue: Catalogue
) -> Iterator[tuple[Lane, str]]:
    for change in moved:
        slug = change.planned.template.partition("@")[0]
        template = catalogue.templates.get(slug)
        for lane in template.lanes if template else ():
            yield lane, f"{template.title if template else slug} would be {change.effect}"


def _removal_lanes(removes: tuple[Removal, ...]) -> tuple[Lane, ...]:
    """Return who answers for what others made: policies are the network's, as the portal's are."""
    policies = any(removal.kind == "NetworkPolicy" for removal in removes)
    return (Lane.NETWORK,) if policies else ()


def _choice_reasons(
    spec: NamespaceSpec,
    before: NamespaceSpec | None,
    moved: list[ObjectChange],
    catalogue: Catalogue,
) -> Iterator[tuple[Lane, str]]:
    if before is None or before.size != spec.size:
        size = catalogue.sizes[spec.size]
        for lane in size.lanes:
            yield lane, f"Size {size.title}"
    if before is None or before.environment != spec.environment:
        environment = catalogue.environments[spec.environment]
        for lane in environment.lanes:
            yield lane, f"{environment.title} environment"
    policies_move = any(change.key.kind == "NetworkPolicy" for change in moved)
    is_other_class = before is None or before.data_class != spec.data_class
    if is_other_class or policies_move:
        data_class = catalogue.data_classes[spec.data_class]
        for lane in data_class.lanes:
            yield lane, f"{data_class.title} data"
    if before is not None and is_other_class:
        yield from _leaving(before.data_class, catalogue)


def _leaving(data_class: str, catalogue: Catalogue) -> Iterator[tuple[Lane, str]]:
    """Yield who answers for the class that is left. One the catalogue lost asks everybody's."""
    left = catalogue.data_classes.get(data_class)
    for lane in left.lanes if left else Lane:
        yield lane, f"No longer {left.title.lower() if left else data_class} data"
