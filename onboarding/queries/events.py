"""Reading history, newest first. Deep pages go by id, never by OFFSET."""

from collections.abc import Iterator

from django.db.models import QuerySet

from onboarding.models import Event
from onboarding.queries.permissions import Permissions


def visible_to(permissions: Permissions) -> QuerySet[Event]:
    """Return the whole record for auditors and platform admins, nothing for others."""
    rows = Event.objects.order_by("-id")
    return rows if permissions.reads_history else rows.none()


def in_pieces(events: QuerySet[Event], size: int) -> Iterator[Event]:
    """Yield events, newest first however they were ordered, with a statement for every `size`.

    However long the history, no statement takes long, and nothing is held open between two.
    """
    events = events.order_by("-pk")
    piece = list(events[:size])
    while piece:
        yield from piece
        piece = list(events.filter(pk__lt=piece[-1].pk)[:size])
