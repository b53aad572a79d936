"""Reading history, newest first. Deep pages go by id, never by OFFSET."""

from django.db.models import QuerySet

from onboarding.models import Event
from onboarding.queries.permissions import Permissions


def visible_to(permissions: Permissions) -> QuerySet[Event]:
    """Return the whole record for auditors and platform admins, nothing for others."""
    rows = Event.objects.order_by("-id")
    return rows if permissions.reads_history else rows.none()
