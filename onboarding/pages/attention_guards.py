"""Clusters that are not guarded, or of which that cannot be known. A source for attention.py."""

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.pages.attention_item import SHOWN, Item, Reader
from onboarding.queries.guards import GuardTruth, not_guarded


def unguarded_clusters(reader: Reader) -> list[Item]:
    """Return one line for each cluster whose guards a platform admin has to put back, or show."""
    return [
        Item(
            tone="danger" if truth.is_unguarded else "warn",
            icon="shield",
            text=_words(truth) % {"cluster": cluster.name},
            url=f"{reverse('cluster-detail', args=[cluster.public_id])}#guards",
            rest=truth.findings[0] if truth.findings else truth.unread,
            at=truth.since or truth.looked_at,
        )
        for cluster, truth in not_guarded(reader.open_clusters.values())[:SHOWN]
    ]


def _words(truth: GuardTruth) -> str:
    if truth.is_unguarded:
        return _("%(cluster)s is not guarded: others can change what was approved")
    return _("Whether %(cluster)s is guarded cannot be known")
