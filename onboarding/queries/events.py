"""Reading history, newest first. Deep pages go by id, never by OFFSET."""

from django.db.models import QuerySet

from onboarding.models import Event
from onboarding.queries.standing import Standing


def visible_to(standing: Standing) -> QuerySet[Event]:
    """Return the whole record for auditors and platform admins, nothing for others."""
    rows = Event.objects.order_by("-id")
    return rows if standing.reads_history else rows.none()
