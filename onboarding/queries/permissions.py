"""What a person may do, read once per web request: lanes, roles, teams. One query.

Nothing is cached beyond the request, so a role that is lost is lost with the very next one.
"""

from dataclasses import dataclass, field

from django.db.models import BigIntegerField, CharField, Count, Exists, Q, Value
from django.db.models.functions import Cast

from onboarding.domain.lanes import Lane
from onboarding.domain.notices import ALWAYS, NoticeKind
from onboarding.models import Membership, Notice, RoleAssignment, User

_NO_TEAM, _UNREAD = 0, -1  # no primary keys


@dataclass(frozen=True)
class Permissions:
    """A person's rights at one moment. Team ids are primary keys."""

    user_id: int
    teams: frozenset[int]
    leads: frozenset[int]
    lanes: frozenset[Lane]
    is_auditor: bool
    is_platform_admin: bool
    # No right, and read with them because every page says it: how much of the inbox is unread.
    unread: int = field(default=0, compare=False)

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
    memberships = [(team, role) for team, role in held if team > _NO_TEAM]
    roles = {role for team, role in held if team == _NO_TEAM}
    return Permissions(
        user_id=user.pk,
        teams=frozenset(team for team, _role in memberships),
        leads=frozenset(team for team, role in memberships if role == Membership.Role.LEAD),
        lanes=frozenset(lane for lane in Lane if lane.value in roles),
        is_auditor=RoleAssignment.Role.AUDITOR in roles,
        is_platform_admin=RoleAssignment.Role.PLATFORM_ADMIN in roles,
        unread=sum(int(number) for team, number in held if team == _UNREAD),
    )


def may_still_read(user: User) -> Q:
    """Return which notices the person may read by the rights of now, as `still_told` for mails.

    What concerns their account, what is of a team of theirs, and all of it with a role. What
    protects somebody else's account, and what only platform admins mend, is for them; what waits
    for an approval is for who gives any, while `still_told` knows which one.
    """
    teams = Membership.objects.filter(user=user).order_by().values("team__slug")
    roles = RoleAssignment.objects.filter(user=user)
    has_role, is_admin, is_approver = (
        Exists(roles),
        Exists(roles.filter(role=RoleAssignment.Role.PLATFORM_ADMIN)),
        Exists(roles.filter(role__in=[lane.value for lane in Lane])),
    )
    waits, needs_admin = Q(kind=NoticeKind.WAITS.value), Q(kind=NoticeKind.NEEDS_ADMIN.value)
    others = Q(kind=NoticeKind.SECURITY.value) & ~Q(event__object_id=str(user.pk))
    known = Q(kind__in=sorted(ALWAYS)) | Q(event__team__in=teams) | Q(has_role)
    acts = (~waits | Q(is_approver)) & (~needs_admin | Q(is_admin))
    return known & (~others | Q(is_admin)) & acts


def _held_by(user: User) -> list[tuple[int, str]]:
    """Return (team, role) of each membership, and (no team, role) of each role of the portal.

    And what is no right at all: (unread, how much), as text like the roles. One query.
    """
    of_teams = user.memberships.order_by().values_list("team", "role")
    no_team = Value(_NO_TEAM, output_field=BigIntegerField())
    of_portal = user.role_assignments.order_by().values_list(no_team, "role")
    rows = Notice.objects.filter(may_still_read(user), person=user, read_at__isnull=True)
    unread = rows.order_by().values("person")
    counted = unread.annotate(many=Cast(Count("pk"), CharField(max_length=20)))
    of_inbox = counted.values_list(Value(_UNREAD, output_field=BigIntegerField()), "many")
    return list(of_teams.union(of_portal, of_inbox))
