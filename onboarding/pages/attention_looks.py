"""What the newest looks at clusters say that needs attention. Sources for attention.py."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.pages.attention_item import SHOWN, Item, Reader
from onboarding.queries import clusters
from onboarding.queries.observed import unread_among
from onboarding.queries.portals import unknown_here

CLUSTER_WORDS = {
    ClusterCondition.UNREACHABLE.value: gettext_lazy("%(cluster)s does not answer"),
    ClusterCondition.UNAUTHORIZED.value: gettext_lazy(
        "The portal’s credential for %(cluster)s is refused, or cannot be opened"
    ),
    ClusterCondition.GRANT_MISSING.value: gettext_lazy("The portal lacks a right on %(cluster)s"),
    ClusterCondition.UNTRUSTED.value: gettext_lazy("The certificate of %(cluster)s is not trusted"),
    ClusterCondition.CREDENTIAL_MISFIT.value: gettext_lazy(
        "The stored credential does not fit %(cluster)s"
    ),
    ClusterCondition.OTHER_CLUSTER.value: gettext_lazy(
        "Another cluster answers at the address of %(cluster)s"
    ),
    ClusterCondition.THROTTLED.value: gettext_lazy("%(cluster)s asks for patience"),
    ClusterCondition.SLOW.value: gettext_lazy("%(cluster)s does not answer in time"),
    "look-failed": gettext_lazy("The last look at %(cluster)s failed"),
    "not-looked-at": gettext_lazy("Nobody has looked at %(cluster)s lately"),
}


def troubled_clusters(reader: Reader) -> list[Item]:
    """Return the clusters that are not known to be well: for leads, and for who sees all."""
    if not reader.sees_all and not reader.permissions.leads:
        return []
    namespace_list = reverse("namespace-list")
    return [
        Item(
            tone="danger" if truth.is_condition else "warn",
            icon="cluster",
            text=CLUSTER_WORDS[truth.state] % {"cluster": cluster.name},
            url=reverse("cluster-detail", args=[cluster.public_id])
            if reader.permissions.is_platform_admin
            else f"{namespace_list}?{urlencode({'cluster': cluster.name})}",
            rest=cluster.condition_message or truth.trouble,
            at=truth.since,
        )
        for cluster, truth in clusters.troubled(reader.clusters, now=reader.now)[:SHOWN]
    ]


def unknown_namespaces(reader: Reader) -> list[Item]:
    """Return the clusters on which namespaces carry a Bulkhead's marks that no row here knows."""
    rows = reader.open_clusters
    unknown = unknown_here(reader.seen_clusters, reader.noted) if reader.noted else {}
    return [
        Item(
            tone="warn",
            icon="box",
            text=ngettext(
                "%(count)d namespace on %(cluster)s carries Bulkhead’s marks and is unknown here",
                "%(count)d namespaces on %(cluster)s carry Bulkhead’s marks and are unknown here",
                len(found),
            )
            % {"count": len(found), "cluster": rows[pk].name},
            url=f"{reverse('cluster-detail', args=[rows[pk].public_id])}#unknown",
        )
        for pk, found in unknown.items()
    ]


def unread_namespaces(reader: Reader) -> list[Item]:
    """Return the clusters on which some namespaces were too large to be read."""
    rows = reader.open_clusters
    return [
        Item(
            tone="warn",
            icon="box",
            text=ngettext(
                "%(count)d namespace on %(cluster)s was too large to be read at the last look",
                "%(count)d namespaces on %(cluster)s were too large to be read at the last look",
                len(found),
            )
            % {"count": len(found), "cluster": rows[pk].name},
            url=f"{reverse('cluster-detail', args=[rows[pk].public_id])}#unread",
        )
        for pk, found in unread_among(reader.noted).items()
    ]
