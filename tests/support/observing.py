"""A cluster that others filled, and one look at it: what tests of observing start from."""

from datetime import datetime

from onboarding.domain.objects import Json, Manifest
from onboarding.models import Cluster, ClusterObservation
from onboarding.services.observe import observe
from tests.support.fake_cluster import FakeCluster


def lived_in(fake: FakeCluster) -> FakeCluster:
    """Put in two namespaces that nobody asked the portal for."""
    for name in ("legacy", "monitoring"):
        fake.put(namespace(name))
    fake.put(policy("legacy", "guard", {"podSelector": {}}))
    fake.put(pod("legacy", "web-1"))
    fake.put(pod("legacy", "web-2"))
    return fake


def namespace(name: str, **labels: Json) -> Manifest:
    metadata: Manifest = {"name": name, "labels": {**labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def policy(place: str, name: str, spec: Manifest) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": place}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": spec,
    }


def pod(place: str, name: str) -> Manifest:
    ports: list[Json] = [{"name": "http", "containerPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": place, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "ports": ports}]},
    }


def look(cluster: Cluster, at: datetime) -> ClusterObservation:
    observe(cluster.pk, clock=lambda: at)
    return ClusterObservation.objects.get(cluster=cluster)
