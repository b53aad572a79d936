"""What the request form shows before anybody types: closed and small, or what a spec says."""

from typing import Any

from onboarding.domain.spec import NamespaceSpec, Scope
from onboarding.forms.offers import FOR_EVER, Offer


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


def answers_of(spec: NamespaceSpec) -> dict[str, Any]:
    """Return the initial answers that say what `spec` says."""
    exposure = spec.exposure
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
        "ingress": exposure.source if exposure else "",
        "component": exposure.component if exposure else "",
        "ports": exposure.ports if exposure else (),
        "egress": spec.egress,
        "lifetime": str(spec.lifetime_days) if spec.lifetime_days else FOR_EVER,
    }
