"""Many namespaces as a look at the cluster leaves them: some with a way out, some with a doubt.

Every tenth may send HTTPS to public addresses, every twenty-fifth to one range of them only; what
the others may do is closed. All have a team, none was asked for: pages must bear that, too.
"""

from django.utils import timezone

from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Json, Manifest
from onboarding.models import (
    Cluster,
    ClusterObservation,
    ManagedNamespace,
    NamespaceObservation,
    Team,
)

PUBLIC: Manifest = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12"]}
SOME: Manifest = {"cidr": "8.8.0.0/16"}


def wide_estate(cluster: Cluster, team: Team, number: int, *, pods: int = 15) -> None:
    """Make the namespaces `wide-000`… and what was seen in them."""
    at = timezone.now()
    names = [f"wide-{at:03}" for at in range(number)]
    ManagedNamespace.objects.bulk_create(
        ManagedNamespace(
            cluster=cluster,
            team=team,
            name=name,
            uid=f"uid-{name}",
            state=NamespaceState.WANTED.value,
            created_at=at,
        )
        for name in names
    )
    ClusterObservation.objects.create(cluster=cluster, seen_at=at, version=1)
    NamespaceObservation.objects.bulk_create(
        NamespaceObservation(
            cluster=cluster,
            name=name,
            uid=f"uid-{name}",
            digest="sha256:0",
            labels={"kubernetes.io/metadata.name": name},
            policies=_policies(name, place),
            pods=[_pod(part) for part in range(pods)],
        )
        for place, name in enumerate(names)
    )


def _policies(name: str, place: int) -> list[Json]:
    closed: Json = _policy(
        name, "deny-all", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    )
    members: Manifest = {"matchLabels": {"app": "app-0"}}
    if place % 10 == 0 or place % 25 == 1:
        block = PUBLIC if place % 10 == 0 else SOME
        rule: Json = {
            "to": [{"ipBlock": block}],
            "ports": [{"protocol": "TCP", "port": 443}],
        }
        spec: Manifest = {"podSelector": members, "policyTypes": ["Egress"], "egress": [rule]}
        return [closed, _policy(name, "way-out", spec)]
    return [closed]


def _policy(namespace: str, name: str, spec: Manifest) -> Json:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _pod(part: int) -> Json:
    labels: Json = {"app": f"app-{part}"}
    return {"labels": labels, "ports": [], "hostNetwork": False, "count": 1}
