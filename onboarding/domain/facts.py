"""What a plan needs to know about a cluster. Set by platform admins, frozen into each preview."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class IngressFacts:
    """A namespace whose `pod_labels` pods may be allowed to reach exposed components."""

    slug: str
    namespace: str
    pod_labels: Mapping[str, str]


@dataclass(frozen=True)
class ClusterFacts:
    """Facts of one cluster. `ranges` are the CIDRs of its pods, services and nodes."""

    name: str
    dns_namespace: str
    dns_labels: Mapping[str, str]
    ranges: tuple[str, ...]
    group_prefix: str
    ingress: Mapping[str, IngressFacts]
