"""Register clusters: `python -m tests.support.register_clusters CA NAME=ADDRESS…`.

In a portal of its own, with the demo's people. For each a namespace of its name is approved.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from onboarding.models import Cluster, IngressSource  # noqa: E402 (the models need Django)
from onboarding.services.credentials import encrypted_token  # noqa: E402
from tests.support.live_portal import onboard  # noqa: E402

FACTS = {
    "dns_namespace": "kube-system",
    "dns_labels": {"k8s-app": "kube-dns"},
    "ranges": ["10.96.0.0/16"],
    "group_prefix": "",
}


def main(ca: str, places: Sequence[str]) -> None:
    call_command("seed_demo")
    for name, _, address in (place.partition("=") for place in places):
        onboard(register(name, address, ca), f"on-{name}")


def register(name: str, address: str, ca: str) -> Cluster:
    now = timezone.now()
    row = Cluster(name=name, api_server=address, ca_pem=ca, facts=FACTS)
    row.credential = encrypted_token(row, "token", issued_at=now)
    row.credential_expires_at = now + timedelta(hours=24)
    row.save()
    labels = {"app.kubernetes.io/name": "ingress-nginx"}
    IngressSource.objects.create(
        cluster=row, slug="ingress-nginx", namespace="ingress-nginx", pod_labels=labels
    )
    return row


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text(), sys.argv[2:])
