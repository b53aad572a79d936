"""Whom a person can write to: who holds a lane now, with the addresses they are reached at."""

from onboarding.domain.lanes import Lane
from onboarding.models import User
from onboarding.queries.role_holders import able_holders


def approvers_of(lane: Lane) -> list[User]:
    """Return the people who hold a lane and can sign in, by name. One query."""
    rows = able_holders([lane.value])
    return [row.user for row in rows.select_related("user").order_by("user__first_name", "user")]
