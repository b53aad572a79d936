"""Spec + catalogue + cluster facts → Plan. Pure: same inputs, same bytes, on every machine.

`_choose` is the whole policy of what a namespace consists of, and reads as its contents list. The
order of the list is the order of application: fence before anything else, access last.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onboarding.domain.catalogue import Catalogue, Template
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.ownership import TEMPLATE
from onboarding.domain.spec import Exposure, NamespaceSpec, Scope
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
    if spec.exposure:
        yield "allow-ingress", _exposure_values(spec, spec.exposure, facts)
    egress = ingredients.catalogue.egress[spec.egress]
    if egress.template:
        yield egress.template, _egress_values(members, facts)
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


def _exposure_values(
    spec: NamespaceSpec, exposure: Exposure, facts: ClusterFacts
) -> Mapping[str, Json]:
    source = _source(exposure, facts)
    return {
        "name": f"allow-ingress-{source.slug}"[:63].rstrip("-"),
        "project": spec.project,
        "component": exposure.component,
        "source_namespace": source.namespace,
        "source_pods": {**source.pod_labels},
        "ports": [*exposure.ports],
    }


def _source(exposure: Exposure, facts: ClusterFacts) -> IngressFacts:
    if exposure.source not in facts.ingress:
        raise BadParameter(f"{exposure.source} is not an ingress source of {facts.name}")
    return facts.ingress[exposure.source]


def _egress_values(members: dict[str, Json], facts: ClusterFacts) -> Mapping[str, Json]:
    try:
        ranges = private_ranges(facts.ranges)
    except ValueError as error:
        raise BadParameter(f"The ranges of {facts.name}: {error}.") from error
    return {"members": members, "private_ranges": [*ranges]}


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
