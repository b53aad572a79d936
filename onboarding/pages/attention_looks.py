"""What the newest looks at clusters say that needs attention. Sources for attention.py."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onboarding.domain.lifecycle import ClusterCondition, NamespaceState
from onboarding.models import Cluster
from onboarding.pages.attention_item import SHOWN, Item, Reader
from onboarding.queries import clusters, namespaces
from onboarding.queries.observed import unread_on
from onboarding.queries.portals import unknown_here
from onboarding.queries.truth import truths_of

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


def contradicted_namespaces(reader: Reader) -> list[Item]:
    """Return the namespaces of the reader's teams that were seen otherwise than as approved."""
    live = namespaces.live_of_teams(reader.permissions)
    rows = list(live.filter(state=NamespaceState.READY.value))
    known = truths_of(rows)
    words = _("%(name)s is not as approved, by the newest look at its cluster")
    return [
        Item(
            tone="warn",
            icon="warn",
            text=words % {"name": row.name},
            url=reverse("namespace-detail", args=[row.public_id]),
            at=truth.since,
        )
        for row in rows
        if (truth := known[row.pk]).is_contradicted
    ][:SHOWN]


def troubled_clusters(reader: Reader) -> list[Item]:
    """Return the clusters that are not known to be well: all for admins, those used for leads."""
    permissions = reader.permissions
    own = clusters.with_namespaces_of(permissions.leads)
    rows = Cluster.objects.all() if permissions.is_platform_admin else own
    namespace_list = reverse("namespace-list")
    return [
        Item(
            tone="danger" if truth.is_condition else "warn",
            icon="cluster",
            text=CLUSTER_WORDS[truth.state] % {"cluster": cluster.name},
            url=reverse("cluster-detail", args=[cluster.public_id])
            if permissions.is_platform_admin
            else f"{namespace_list}?{urlencode({'cluster': cluster.name})}",
            rest=cluster.condition_message or truth.trouble,
            at=truth.since,
        )
        for cluster, truth in clusters.troubled(rows, now=reader.now)[:SHOWN]
    ]


def unknown_namespaces(reader: Reader) -> list[Item]:
    """Return the clusters on which namespaces carry a Bulkhead's marks that no row here knows."""
    rows = reader.open_clusters
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
        for pk, found in unknown_here(rows.values()).items()
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
        for pk, found in unread_on(rows.values()).items()
    ]
