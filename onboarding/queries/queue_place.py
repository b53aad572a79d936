"""Where a request stands among those that wait for a person: what comes after it, and before.

In whatever order the queue has, which is read as public ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from onboarding.models import Request

MOST_WAITING = 1000


@dataclass(frozen=True)
class QueuePlace:
    """Neighbours by public id, "" where there is none. `left` counts what waits besides.

    `is_more` tells that more wait than were counted.
    """

    previous: str
    following: str
    first: str
    left: int
    is_more: bool = False

    @property
    def onward(self) -> str:
        """Return what to read next: what follows, else what was passed over; "" for nothing."""
        return self.following or self.first


def waiting_order(waiting: QuerySet[Request]) -> list[str]:
    """Return the public ids of what waits, in its order, a thousand and one at most. One query."""
    return [*waiting.values_list("public_id", flat=True)[: MOST_WAITING + 1]]


def place_in(order: Sequence[str], public_id: str) -> QueuePlace:
    """Return the place of a request; of one that does not wait, that it has no neighbours."""
    known = list(order[:MOST_WAITING])
    others = [one for one in known if one != public_id]
    at = known.index(public_id) if public_id in known else None
    return QueuePlace(
        previous=known[at - 1] if at else "",
        following=known[at + 1] if at is not None and at + 1 < len(known) else "",
        first=others[0] if others else "",
        left=len(others),
        is_more=len(order) > MOST_WAITING,
    )


def onward(before: Sequence[str], public_id: str, now: Sequence[str]) -> str:
    """Return what to decide after a request that was decided, "" for nothing.

    What followed it `before` and still waits `now`, in that order; then whatever was passed over.
    """
    still = set(now) - {public_id}
    at = before.index(public_id) + 1 if public_id in before else 0
    return next((one for one in [*before[at:], *now] if one in still), "")
