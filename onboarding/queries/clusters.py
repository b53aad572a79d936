"""Reading clusters: for platform admins, and for forms that offer them."""

from collections.abc import Collection

from django.db.models import Count, QuerySet

from onboarding.models import Cluster, ManagedNamespace
from onboarding.queries.permissions import Permissions


def visible_to(permissions: Permissions) -> QuerySet[Cluster]:
    """Return every registered cluster for platform admins, nothing for others."""
    rows = Cluster.objects.prefetch_related("ingress_sources")
    return rows if permissions.is_platform_admin else rows.none()


def usable() -> QuerySet[Cluster]:
    """Return the clusters a namespace can be asked for on: registered with a credential."""
    return Cluster.objects.exclude(credential=None).prefetch_related("ingress_sources")


def waiting_work(cluster: Cluster) -> int:
    """Return how many namespaces of a cluster wait for a worker to look at them."""
    return waiting_work_each([cluster])[cluster.pk]


def waiting_work_each(clusters: Collection[Cluster]) -> dict[int, int]:
    """Return how many namespaces wait on each of these clusters, by its key. One query."""
    rows = ManagedNamespace.objects.filter(cluster__in=clusters, next_at__isnull=False)
    counted = rows.exclude(state="ready").order_by().values("cluster").annotate(many=Count("pk"))
    found = dict(counted.values_list("cluster", "many"))
    return {cluster.pk: found.get(cluster.pk, 0) for cluster in clusters}
