"""What the request form shows before anybody types: closed and small, or what a spec says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from onboarding.domain.catalogue import Catalogue
from onboarding.domain.openings import EXPOSURE, is_same_way, ports_of
from onboarding.domain.spec import NamespaceSpec, Opening, Scope
from onboarding.forms.offers import FOR_EVER, Offer
from onboarding.forms.opening_rows import rows_of
from onboarding.plan.catalogue_files import load_catalogue


def first_choices(offer: Offer) -> dict[str, Any]:
    """Return what a fresh form shows: the smallest and the most closed of everything."""
    catalogue = offer.catalogue
    return {
        "team": offer.teams[0].slug if offer.teams else "",
        "cluster": offer.clusters[0].name if offer.clusters else "",
        "environment": next(iter(catalogue.environments)),
        "project": offer.teams[0].slug if len(offer.teams) == 1 else "",
        "data_class": "internal" if "internal" in catalogue.data_classes else "",
        "size": next(iter(catalogue.sizes)),
        "scope": Scope.PROJECT.value,
        "ingress": "",
        "egress": next(iter(catalogue.egress)),
        "lifetime": FOR_EVER,
    }


@dataclass(frozen=True)
class _Shown:
    """Openings as the form asks for them: by two questions, and what is further, in rows."""

    exposure: Opening | None
    way_out: Opening | None
    further: tuple[Opening, ...]


def answers_of(spec: NamespaceSpec) -> dict[str, Any]:
    """Return the initial answers that say what `spec` says.

    Beside them stand the keys of what the two questions hold, which nobody is asked for.
    """
    catalogue = load_catalogue()
    shown = _shown(catalogue.by_today(spec), catalogue)
    values = shown.exposure.values if shown.exposure else {}
    return {
        "team": spec.team,
        "cluster": spec.cluster,
        "environment": spec.environment,
        "name": spec.name,
        "project": spec.project,
        "purpose": spec.purpose,
        "data_class": spec.data_class,
        "size": spec.size,
        "scope": spec.scope.value,
        "ingress": values.get("source", ""),
        "component": values.get("component", ""),
        "ports": ports_of(shown.exposure),
        "egress": _profiles(catalogue)[shown.way_out.template if shown.way_out else None],
        "lifetime": str(spec.lifetime_days) if spec.lifetime_days else FOR_EVER,
        **rows_of(shown.further, catalogue),
        "ingress_opening": shown.exposure,
        "egress_opening": shown.way_out,
    }


def exposure(
    catalogue: Catalogue,
    source: str,
    component: str,
    ports: Sequence[int],
    *,
    before: Opening | None = None,
) -> Opening:
    """Return the opening that lets an ingress source reach TCP `ports` of app=`component`.

    It keeps the key of the one it was `before`, if it still leads the same way.
    """
    new = catalogue.opening(EXPOSURE, source, source=source, component=component, ports=[*ports])
    return replace(new, key=before.key) if before and is_same_way(before, new) else new


def way_out(catalogue: Catalogue, profile: str, *, before: Opening | None = None) -> Opening | None:
    """Return the opening of an egress profile, None where it opens nothing.

    A profile that is not on offer stays one that is not: the rules refuse it by its name.
    """
    choice = catalogue.egress.get(profile)
    if choice is None:
        return Opening(profile, profile, 0) if profile else None
    if choice.template is None:
        return None
    is_same = before and before.template == choice.template
    return catalogue.opening(choice.template, before.key if before and is_same else profile)


def _shown(spec: NamespaceSpec, catalogue: Catalogue) -> _Shown:
    known = [one for one in spec.openings if catalogue.template_of(one)]
    profiles = _profiles(catalogue)
    inward = next((one for one in known if one.template == EXPOSURE), None)
    outward = next((one for one in known if one.template in profiles), None)
    further = tuple(one for one in spec.openings if one not in (inward, outward))
    return _Shown(inward, outward, further)


def _profiles(catalogue: Catalogue) -> dict[str | None, str]:
    """Return the egress profile that brings a template; None stands for none."""
    return {choice.template: slug for slug, choice in catalogue.egress.items()}
