"""Credentials that are refused a renewal, hours before they end. A source for attention.py."""

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.pages.attention_item import SHOWN, Item, Reader


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
