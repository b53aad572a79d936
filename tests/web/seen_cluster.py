"""A cluster in the rows as a look at it would leave it, and the page of it as it is read."""

import html
import re
from datetime import timedelta
from urllib.parse import urlencode

from django.utils import timezone

from onboarding.domain.objects import Json, Manifest
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, NamespaceObservation
from onboarding.plan.model import load_plan

MEMBER = "payments-prod/project=payments"


def seen(row: ManagedNamespace, *, foreign: tuple[str, ...] = ()) -> ManagedNamespace:
    """What a look at the cluster would leave: what was approved, and what others run."""
    ClusterObservation.objects.create(
        cluster=row.cluster,
        seen_at=timezone.now() + timedelta(seconds=1),
        version=1,
        foreign_kinds=[*foreign],
    )
    pods = [
        a_pod({"project": "payments", "app": "web"}),
        a_pod({"project": "payments", "app": "vault"}),
        a_pod({"team": "stray"}),
    ]
    observe(row.cluster, row.name, approved_policies(row), pods, uid=row.uid)
    guard = a_policy("search-prod", "guard", {"podSelector": {}, "policyTypes": ["Ingress"]})
    observe(row.cluster, "search-prod", [guard], [a_pod({"owner": "charlie-secret"})])
    observe(row.cluster, "kube-system", [], [a_pod({"k8s-app": "kube-dns"})])
    controller = {"app.kubernetes.io/name": "ingress-nginx", "pod-owner": "platform-secret"}
    observe(row.cluster, "ingress-nginx", [], [a_pod({**controller}), a_pod({})])
    return row


def observe(
    cluster: Cluster, name: str, policies: list[Json], pods: list[Json], *, uid: str = "other"
) -> None:
    NamespaceObservation.objects.create(
        cluster=cluster,
        name=name,
        uid=uid,
        digest="sha256:0",
        labels={"kubernetes.io/metadata.name": name, "ns-id": name},
        policies=policies,
        pods=pods,
    )


def approved_policies(row: ManagedNamespace) -> list[Json]:
    plan = load_plan(row.revisions.get().plan)
    return [one.manifest for one in plan.objects if one.key.kind == "NetworkPolicy"]


def a_policy(namespace: str, name: str, spec: Manifest) -> Json:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def a_pod(labels: Manifest, *, host_network: bool = False) -> Json:
    return {"labels": labels, "ports": [], "hostNetwork": host_network, "count": 2}


def url(row: ManagedNamespace, **asked: object) -> str:
    return f"/namespaces/{row.public_id}/connectivity/" + (f"?{urlencode(asked)}" if asked else "")


def words(answer: bytes) -> str:
    """The page as it is read: no markup, single blanks."""
    page = answer.decode()
    page = page[page.index("<main") : page.index("</main")]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def without_ages(read: str) -> str:
    """What two pages say alike, whenever each of them was made."""
    return re.sub(r"\bjust now\b|\b\d+ (s|min) ago\b", "some time ago", read)
