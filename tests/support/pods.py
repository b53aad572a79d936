"""Pods on a real API server. Nothing runs them; policies and the portal see their labels."""

from onboarding.domain.objects import Manifest
from tests.support.manifests import STRICT
from tests.support.raw_api import RawApi


def create_pod(admin: RawApi, namespace: str, labels: Manifest) -> None:
    """Create a pod named after its label `app`."""
    pod = {
        "metadata": {"name": str(labels["app"]), "labels": labels},
        "spec": {"containers": [{**STRICT, "name": "c", "image": "registry.example/app"}]},
    }
    assert admin.post(f"/api/v1/namespaces/{namespace}/pods", pod).status == 201
