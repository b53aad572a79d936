"""Reading clusters: for platform admins, and for forms that offer them."""

from django.db.models import QuerySet

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
    """Return how many namespaces wait for a worker to look at them."""
    return (
        ManagedNamespace.objects.filter(cluster=cluster, next_at__isnull=False)
        .exclude(state="ready")
        .count()
    )
