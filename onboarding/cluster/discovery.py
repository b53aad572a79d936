"""Find out what a cluster's API server tells of itself: address ranges, third-party policies.

The ranges are read once, by an admin. What the server does not tell is asked of the platform
admin: most distributions hide the pod range of a network plugin with its own address management.
Policy kinds are read by workers at every observation: they make its answers incomplete.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from onboarding.cluster.errors import ClusterError
from onboarding.cluster.kinds import KINDS, OTHER_POLICY_KINDS
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Manifest, branch, items, text


@dataclass(frozen=True)
class Ranges:
    """CIDRs in canonical form, sorted. Nodes are single addresses (/32, /128)."""

    pods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


def find_ranges(admin: ClusterGateway) -> Ranges:
    """Return the ranges the API server knows; a kind it does not serve leaves its part empty."""
    nodes = _known(admin, "Node")
    pod_ranges = [cidr for node in nodes for cidr in _strings(branch(node, "spec"), "podCIDRs")]
    addresses = [
        text(address, "address")
        for node in nodes
        for address in items(node, "status", "addresses")
        if address.get("type") == "InternalIP"
    ]
    service_ranges = [
        cidr
        for entry in _known(admin, "ServiceCIDR")
        for cidr in _strings(branch(entry, "spec"), "cidrs")
    ]
    return Ranges(canonical(pod_ranges), canonical(service_ranges), canonical(addresses))


def canonical(ranges: Iterable[str]) -> tuple[str, ...]:
    """Return the CIDRs merged and sorted, IPv4 first. Raise ValueError for what is none."""
    networks = [ipaddress.ip_network(entry.strip()) for entry in ranges]
    four = [net for net in networks if isinstance(net, ipaddress.IPv4Network)]
    six = [net for net in networks if isinstance(net, ipaddress.IPv6Network)]
    merged = [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]
    return tuple(str(net) for net in merged)


def find_policy_kinds(portal: ClusterGateway) -> tuple[str, ...]:
    """Return the kinds served that may override NetworkPolicies: `CiliumNetworkPolicy (cilium.io)`.

    The portal may not read their objects, so it cannot tell whether there are any.
    """
    served = portal.served_kinds(OTHER_POLICY_KINDS)
    return tuple(
        f"{kind} ({group})"
        for group, kinds in sorted(served.items())
        for kind in kinds
        if kind in OTHER_POLICY_KINDS[group]
    )


def _known(admin: ClusterGateway, kind: str) -> list[Manifest]:
    try:
        return admin.list(kind)
    except ClusterError as error:
        # Anything in front of a server answers 404 too, so what it serves is asked for.
        if error.status == 404 and not _is_served(admin, kind):
            return []
        raise


def _is_served(admin: ClusterGateway, kind: str) -> bool:
    """Ask whether the API server knows a kind; every one knows those of the core group."""
    group = KINDS[kind].group
    return not group or kind in admin.served_kinds([group]).get(group, ())


def _strings(tree: Manifest, name: str) -> list[str]:
    values = tree.get(name)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
