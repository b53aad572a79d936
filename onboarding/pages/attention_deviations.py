"""What needs attention of deviations: losses and fights, until somebody acknowledges them."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.deviations import DeviationKind
from onboarding.models import Deviation
from onboarding.pages.attention_item import SHOWN, Item, Reader
from onboarding.pages.deviation_words import repeats_of
from onboarding.queries.deviations import needing_attention


def lost_and_fought(reader: Reader) -> list[Item]:
    """Return what was deleted outside or is fought over, until somebody acknowledges it."""
    return [
        _deviation_item(row, reader.now) for row in needing_attention(reader.permissions)[:SHOWN]
    ]


def _deviation_item(row: Deviation, now: datetime) -> Item:
    is_loss = row.kind == DeviationKind.DELETED.value
    if is_loss:
        words = _("%(name)s was deleted outside the portal; everything in it was lost")
    else:
        words = _("%(name)s: somebody keeps undoing repairs")
    return Item(
        tone="danger" if is_loss else "warn",
        icon="warn",
        text=words % {"name": row.namespace.name},
        url=reverse("namespace-detail", args=[row.namespace.public_id]),
        rest="" if is_loss else repeats_of(row, now),
        at=row.seen_at,
    )
