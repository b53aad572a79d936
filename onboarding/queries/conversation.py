"""What people wrote to each other about a request: events, nothing beside them."""

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Concat

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import OPEN_REQUEST
from onboarding.models import Event, Request
from onboarding.queries.permissions import Permissions

MOST_COMMENTS = 200


def comments_on(request: Request) -> list[Event]:
    """Return what was written, oldest first. One query."""
    rows = Event.objects.filter(request=request.label, action=Action.REQUEST_COMMENTED.value)
    return [*rows.order_by("id")[:MOST_COMMENTS]]


def is_discussed() -> Exists:
    """Match requests about which anything was written."""
    label = Concat(Value("REQ-"), OuterRef("public_id"), output_field=CharField())
    return Exists(Event.objects.filter(request=label, action=Action.REQUEST_COMMENTED.value))


def takes_part(permissions: Permissions, request: Request) -> bool:
    """Tell whether the person may write: of the requester's team, an approver or an admin."""
    is_of_the_team = request.team_id in permissions.teams
    return is_of_the_team or permissions.is_approver or permissions.is_platform_admin


def is_under_discussion(request: Request) -> bool:
    """Tell whether anything can be written now: it was sent, and is not closed."""
    return request.state in OPEN_REQUEST
