"""What would be missing if somebody were no longer a lead, or no longer gave an approval.

Asked before an account is switched off or its teams and roles change: what nobody else could do
then is said beforehand, and what is still open stays with whoever can go on with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.models import ApprovalKey, Membership, Request, RoleAssignment, Team, User
from onboarding.queries.approval_keys import keys_for, lanes_to_sign, standing_keys_of, usable
from onboarding.queries.deciders import LANE_ROLES
from onboarding.queries.leads import active_leads
from onboarding.queries.role_holders import able_holders, can_sign_in


@dataclass(frozen=True)
class Missing:
    """What only this person does now: lead these teams, give (or sign) these approvals."""

    teams: tuple[Team, ...] = ()
    approvals: tuple[Lane, ...] = ()
    is_last_admin: bool = False

    def __bool__(self) -> bool:
        return bool(self.teams or self.approvals or self.is_last_admin)


@dataclass(frozen=True)
class LeftBehind:
    """What somebody leaves who is switched off."""

    missing: Missing
    requests: int
    drafts: int
    keys: tuple[ApprovalKey, ...]


def only_done_by(person: User) -> Missing:
    """Return what nobody active besides the person does. Six queries at most."""
    return Missing(_teams_led_by_nobody_else(person), *_roles_nobody_else_holds(person))


def missing_without(
    person: User, *, leads: Iterable[int], roles: Iterable[str], only: Missing | None = None
) -> Missing:
    """Return what would be missing if the person led these teams (by id) and held these roles."""
    now, kept, held = only or only_done_by(person), set(leads), set(roles)
    return Missing(
        teams=tuple(team for team in now.teams if team.pk not in kept),
        approvals=tuple(lane for lane in now.approvals if lane.value not in held),
        is_last_admin=now.is_last_admin and RoleAssignment.Role.PLATFORM_ADMIN.value not in held,
    )


def left_behind(person: User) -> LeftBehind:
    """Return what the person would leave behind. Eight queries at most."""
    own = Request.objects.filter(requester=person).aggregate(
        requests=Count("pk", filter=Q(state__in=sorted(OPEN_REQUEST))),
        drafts=Count("pk", filter=Q(state=RequestState.DRAFT.value)),
    )
    return LeftBehind(only_done_by(person), keys=tuple(standing_keys_of(person)), **own)


def _teams_led_by_nobody_else(person: User) -> tuple[Team, ...]:
    if not can_sign_in(person):  # they lead nothing yet, so nothing is lost with them
        return ()
    others = active_leads().filter(team=OuterRef("team")).exclude(user=person)
    own = Membership.objects.filter(~Exists(others), user=person, role=Membership.Role.LEAD)
    return tuple(row.team for row in own.select_related("team").order_by("team__slug"))


def _roles_nobody_else_holds(person: User) -> tuple[tuple[Lane, ...], bool]:
    if not person.is_active:
        return (), False
    admin = RoleAssignment.Role.PLATFORM_ADMIN.value
    held = list(able_holders([*LANE_ROLES, admin]).values_list("user", "role"))
    own = {role for user, role in held if user == person.pk}
    others = {role for user, role in held if user != person.pk}
    unheld = [lane for lane in Lane if lane.value in own - others]
    unsigned = _lanes_nobody_else_signs(person, own, held)
    return tuple(dict.fromkeys([*unheld, *unsigned])), admin in own - others


def _lanes_nobody_else_signs(
    person: User, own: set[str], held: list[tuple[int, str]]
) -> list[Lane]:
    """Return the lanes that have to be signed and for which nobody else has a key that counts."""
    demanded = [lane for lane in lanes_to_sign(LANE_ROLES) if lane.value in own]
    keys = list(usable()) if demanded else []
    found = []
    for lane in demanded:
        holders = {user for user, role in held if role == lane.value}
        signers = {key.person_id for key in keys_for(lane, keys)} & holders
        if signers == {person.pk}:
            found.append(lane)
    return found
