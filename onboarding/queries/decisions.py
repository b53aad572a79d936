"""Reading decisions: what was decided lately, for whoever may know of the requests."""

from onboarding.models import Decision
from onboarding.queries.permissions import Permissions
from onboarding.queries.requests import visible_to


def decided_lately(permissions: Permissions, limit: int = 5) -> list[Decision]:
    """Return the newest decisions that still count, newest first, with request and person.

    Of requests the person may know of. One query, however many there are.
    """
    known = visible_to(permissions).order_by().values("pk")
    rows = Decision.objects.filter(request__in=known, voided_at__isnull=True)
    related = rows.select_related("person", "request__team", "request__cluster")
    return list(related.order_by("-decided_at", "-id")[:limit])
