"""Answers that a link proposes for the change form. Only what the form offers gets in.

The connectivity tester links here. Nothing is sent by it: the person reads, edits and submits, and
the form validates as always.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from onboarding.domain.names import check_label_value
from onboarding.domain.spec import NamespaceSpec, Scope
from onboarding.forms.offers import Offer
from onboarding.forms.ports import PortsField


def suggested_answers(
    query: Mapping[str, str], *, offer: Offer, spec: NamespaceSpec
) -> dict[str, Any]:
    """Return initial answers of the change form from a query; what is not on offer is left out."""
    offered = {
        "egress": frozenset(offer.catalogue.egress),
        "scope": frozenset(scope.value for scope in Scope),
    }
    found: dict[str, Any] = {
        name: query[name] for name, values in offered.items() if query.get(name) in values
    }
    ports = _ports(query.get("ports", ""))
    source, component = query.get("ingress"), query.get("component", "")
    if source in offer.sources_of(spec.cluster) and ports and not check_label_value(component):
        found |= {"ingress": source, "component": component, "ports": ports}
    return found


def _ports(written: str) -> tuple[int, ...]:
    """Return ports as the form's own field reads them, () for what it would refuse."""
    try:
        ports: tuple[int, ...] = PortsField(required=False).clean(written)
    except ValidationError:
        return ()
    return ports
