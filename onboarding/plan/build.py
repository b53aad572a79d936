"""Spec + catalogue + cluster facts → Plan. Pure: same inputs, same bytes, on every machine.

`_choose` is the whole policy of what a namespace consists of, and reads as its contents list. The
order of the list is the order of application: fence before anything else, access last.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from onboarding.domain.catalogue import Catalogue, Template
from onboarding.domain.facts import ClusterFacts
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.ownership import TEMPLATE
from onboarding.domain.parameters import Parameter
from onboarding.domain.spec import NamespaceSpec, Opening, Scope
from onboarding.plan.fill import BadParameter, fill
from onboarding.plan.model import Plan, PlannedObject, stamped

# RFC 1918, RFC 6598 (carrier-grade NAT), RFC 3927 (link-local, where metadata services live).
PRIVATE_RANGES = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
)


@dataclass(frozen=True)
class Ingredients:
    """Everything a plan is made from besides the spec. `access_group` is the team's, unprefixed."""

    catalogue: Catalogue
    facts: ClusterFacts
    access_group: str


def build_plan(spec: NamespaceSpec, ingredients: Ingredients) -> Plan:
    """Return the plan of a namespace that shall exist. Raise BadParameter: value out of bounds."""
    catalogue = ingredients.catalogue
    return Plan(
        cluster=spec.cluster,
        namespace=spec.name,
        objects=tuple(
            _planned(catalogue.templates[slug], {"namespace": spec.name, **values})
            for slug, values in _choose(spec, ingredients)
        ),
    )


def empty_plan(cluster: str, namespace: str) -> Plan:
    """Return the plan of a namespace that shall be gone."""
    return Plan(cluster=cluster, namespace=namespace, objects=())


def _choose(
    spec: NamespaceSpec, ingredients: Ingredients
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield (template, values) for every object, in apply order."""
    facts, size = ingredients.facts, ingredients.catalogue.sizes[spec.size]
    members = _members(spec)
    yield "namespace", _namespace_values(spec, ingredients.catalogue)
    yield "deny-all", {}
    yield "allow-internal-ingress", {"members": members}
    yield "allow-internal-egress", {"members": members}
    yield "allow-dns", {"dns_namespace": facts.dns_namespace, "dns_labels": {**facts.dns_labels}}
    for opening in spec.openings:
        yield opening.template, _opening_values(opening, spec, ingredients)
    # First the defaults: a quota refuses every container that names no amount of what it bounds.
    yield (
        "limits",
        {
            "default_limits": {**size.default_limits},
            "default_requests": {**size.default_requests},
        },
    )
    yield "quota", {"hard": {**size.quota}}
    group = f"{facts.group_prefix}{ingredients.access_group}"
    yield "team-access", {"group": group}
    for template in _access_templates(spec, ingredients.catalogue):
        yield template, {"group": group}


def _namespace_values(spec: NamespaceSpec, catalogue: Catalogue) -> Mapping[str, Json]:
    return {
        "project": spec.project,
        "team": spec.team,
        "environment": spec.environment,
        "pod_security": catalogue.environments[spec.environment].pod_security,
    }


def _access_templates(spec: NamespaceSpec, catalogue: Catalogue) -> list[str]:
    """Return what the environment grants beside the team's access."""
    kinds = catalogue.environments[spec.environment].access
    return [template for kind in kinds if (template := catalogue.access[kind].template)]


def _planned(template: Template, values: Mapping[str, Json]) -> PlannedObject:
    manifest: Manifest = fill(template, values)
    return PlannedObject(
        phase=Phase(template.phase),
        manifest=stamped(manifest, {TEMPLATE: template.ref}),
        why=template.why,
    )


def _members(spec: NamespaceSpec) -> dict[str, Json]:
    """Return the labels of the pods that belong together; none means every pod."""
    return {"project": spec.project} if spec.scope is Scope.PROJECT else {}


def _opening_values(
    opening: Opening, spec: NamespaceSpec, ingredients: Ingredients
) -> Mapping[str, Json]:
    """Return what fills the slots of an opening: what people said, and what the portal knows."""
    template, facts = ingredients.catalogue.template_of(opening), ingredients.facts
    if template is None:
        raise BadParameter(f"{opening.ref} is not on offer")
    given: dict[str, Callable[[], Json]] = {
        "name": lambda: opening.object_name,
        "project": lambda: spec.project,
        "members": lambda: _members(spec),
        "private_ranges": lambda: _private_ranges_of(facts),
    }
    said = {
        name: _resolved(parameter, opening.values[name], facts)
        for name, parameter in template.asked.items()
        if name in opening.values
    }
    return {name: one() for name, one in given.items() if name in template.parameters} | said


def _resolved(parameter: Parameter, value: Json, facts: ClusterFacts) -> Json:
    """Return what stands on the cluster for what people name; any other value as it is."""
    if parameter.type != "ingress_source":
        return value
    source = facts.ingress.get(str(value))
    if source is None:
        raise BadParameter(f"{value} is not an ingress source of {facts.name}")
    return {"namespace": source.namespace, "pods": {**source.pod_labels}}


def _private_ranges_of(facts: ClusterFacts) -> Json:
    try:
        return [*private_ranges(facts.ranges)]
    except ValueError as error:
        raise BadParameter(f"The ranges of {facts.name}: {error}.") from error


def private_ranges(cluster_ranges: tuple[str, ...]) -> tuple[str, ...]:
    """Return every IPv4 range that is not the internet, merged and sorted. ValueError: no range.

    IPv6 ranges are left out: an `except` must lie inside its `cidr`, which is 0.0.0.0/0.
    """
    networks = [ipaddress.ip_network(cidr) for cidr in (*PRIVATE_RANGES, *cluster_ranges)]
    return tuple(
        str(network)
        for network in ipaddress.collapse_addresses(
            network for network in networks if isinstance(network, ipaddress.IPv4Network)
        )
    )
