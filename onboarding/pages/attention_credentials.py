"""Credentials that are refused a renewal, or were not renewed, hours before they end.

A source for attention.py.
"""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.models import Cluster
from onboarding.pages.attention_item import SHOWN, Item, Reader
from onboarding.queries.wrongs import TOKEN_PART_LEFT


def refused_renewals(reader: Reader) -> list[Item]:
    """Return one line for each cluster whose credential ends unless a platform admin acts."""
    words = _("The portal’s credential for %(cluster)s cannot be renewed")
    return [
        Item(
            tone="danger",
            icon="key",
            text=words % {"cluster": cluster.name},
            url=f"{reverse('cluster-detail', args=[cluster.public_id])}#renewal",
            rest=cluster.renewal_refused_with or "",
            at=cluster.renewal_refused_at,
        )
        for cluster in reader.open_clusters.values()
        if cluster.renewal_refused_at
    ][:SHOWN]


def ending_credentials(reader: Reader) -> list[Item]:
    """Return one line for each cluster whose credential should have been renewed, and was not."""
    words = _("The portal’s credential for %(cluster)s ends soon and was not renewed")
    return [
        Item(
            tone="warn",
            icon="key",
            text=words % {"cluster": cluster.name},
            url=reverse("cluster-detail", args=[cluster.public_id]),
            at=cluster.credential_expires_at,
        )
        for cluster in reader.open_clusters.values()
        if not cluster.renewal_refused_at and _ends_soon(reader, cluster)
    ][:SHOWN]


def _ends_soon(reader: Reader, cluster: Cluster) -> bool:
    ends_at = cluster.credential_expires_at
    left = TOKEN_PART_LEFT * timedelta(hours=settings.TOKEN_HOURS)
    return ends_at is not None and ends_at - reader.now < left
