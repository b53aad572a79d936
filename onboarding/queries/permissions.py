"""What a person may do, read once per web request: lanes, roles, teams. One query.

Nothing is cached beyond the request, so a role that is lost is lost with the very next one.
"""

from dataclasses import dataclass

from django.db.models import BigIntegerField, Value

from onboarding.domain.lanes import Lane
from onboarding.models import Membership, RoleAssignment, User

_NO_TEAM = 0  # no primary key


@dataclass(frozen=True)
class Permissions:
    """A person's rights at one moment. Team ids are primary keys."""

    user_id: int
    teams: frozenset[int]
    leads: frozenset[int]
    lanes: frozenset[Lane]
    is_auditor: bool
    is_platform_admin: bool

    @property
    def is_approver(self) -> bool:
        """Tell whether the person decides in any lane."""
        return bool(self.lanes)

    @property
    def sees_everything(self) -> bool:
        """Tell whether the person reads requests and namespaces of every team."""
        return self.is_approver or self.is_auditor or self.is_platform_admin

    @property
    def reads_history(self) -> bool:
        """Tell whether the person browses the record of every team."""
        return self.is_auditor or self.is_platform_admin


def permissions_of(user: User) -> Permissions:
    """Return what `user` may do now. An inactive user may do nothing."""
    held = _held_by(user) if user.is_active else []
    memberships = [(team, role) for team, role in held if team != _NO_TEAM]
    roles = {role for team, role in held if team == _NO_TEAM}
    return Permissions(
        user_id=user.pk,
        teams=frozenset(team for team, _role in memberships),
        leads=frozenset(team for team, role in memberships if role == Membership.Role.LEAD),
        lanes=frozenset(lane for lane in Lane if lane.value in roles),
        is_auditor=RoleAssignment.Role.AUDITOR in roles,
        is_platform_admin=RoleAssignment.Role.PLATFORM_ADMIN in roles,
    )


def _held_by(user: User) -> list[tuple[int, str]]:
    """Return (team, role) of each membership, and (no team, role) of each role of the portal."""
    of_teams = user.memberships.order_by().values_list("team", "role")
    no_team = Value(_NO_TEAM, output_field=BigIntegerField())
    return list(of_teams.union(user.role_assignments.order_by().values_list(no_team, "role")))
