"""People as platform admins look for them: by role, team, how their account stands, second factor.

Somebody is *invited* as long as they have set no password; recovery codes alone are no factor.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.refusals import NotFound
from onboarding.models import Event, Membership, RoleAssignment, Team, User
from onboarding.queries.deciders import LANE_ROLES
from onboarding.queries.role_holders import IS_INVITED, is_invited

ORDER = ("first_name", "last_name", "username", "id")
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
NO_TEAM = "none"


class AccountState(StrEnum):
    """How an account stands."""

    ACTIVE = "active"
    INVITED = "invited"
    OFF = "off"


class FactorState(StrEnum):
    """Whether signing in asks for more than the password."""

    SET = "set"
    MISSING = "missing"
    MISSING_WITH_ROLE = "role"  # and the person approves, audits or administers


STATES: Mapping[AccountState, Q] = {
    AccountState.ACTIVE: Q(is_active=True) & ~IS_INVITED,
    AccountState.INVITED: IS_INVITED,
    AccountState.OFF: Q(is_active=False),
}
HOLDS_A_ROLE = Exists(RoleAssignment.objects.filter(user=OuterRef("pk")))
HAS_FACTOR = Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))
FACTOR_STATES: Mapping[FactorState, Q] = {
    FactorState.SET: Q(HAS_FACTOR),
    FactorState.MISSING: Q(~HAS_FACTOR, is_active=True) & ~IS_INVITED,
    FactorState.MISSING_WITH_ROLE: Q(~HAS_FACTOR & HOLDS_A_ROLE, is_active=True) & ~IS_INVITED,
}


def _in_role(**wanted: object) -> Q:
    return Q(Exists(RoleAssignment.objects.filter(user=OuterRef("pk"), **wanted)))


def _in_team(**wanted: object) -> Q:
    return Q(Exists(Membership.objects.filter(user=OuterRef("pk"), **wanted)))


def with_role(role: str) -> Q:
    """Match who holds a role, leads a team ("lead") or gives any approval ("approver")."""
    if role == Membership.Role.LEAD.value:
        return _in_team(role=role)
    if role == "approver":
        return _in_role(role__in=LANE_ROLES)
    return _in_role(role=role)


def of_team(slug: str) -> Q:
    """Match who is in a team, or in none ("none")."""
    if slug == NO_TEAM:
        return ~_in_team()
    return _in_team(team__slug=slug)


def matching(text: str) -> Q:
    """Match a name, user name, address or team that holds the text, in any spelling."""
    words = [Q(**{f"{column}__icontains": text}) for column in (*ORDER[:3], "email")]
    found = _in_team(team__slug__icontains=text)
    for one in words:
        found |= one
    return found


def with_everything() -> QuerySet[User]:
    """Return people with what a row shows: teams, roles, factors. Three queries besides."""
    teams = Membership.objects.select_related("team").order_by("team__slug")
    return User.objects.prefetch_related(
        Prefetch("memberships", teams), "role_assignments", "authenticator_set"
    )


def load_person(person_id: int) -> User:
    """Return a person with what a row shows. Raises NotFound."""
    person = with_everything().filter(pk=person_id).first()
    if person is None:
        raise NotFound("No such person.")
    return person


def count_people() -> dict[str, int]:
    """Return how many people there are: all, by state, and by second factor. One query."""
    wanted = {state.value: rule for state, rule in {**STATES}.items()}
    factors = {f"factor_{state.value}": rule for state, rule in FACTOR_STATES.items()}
    counted = {name: Count("pk", filter=rule) for name, rule in {**wanted, **factors}.items()}
    found: dict[str, int] = User.objects.aggregate(everybody=Count("pk"), **counted)
    return found


def count_roles() -> dict[str, int]:
    """Return how many people hold each role, give any approval, or lead a team. Three queries."""
    rows = RoleAssignment.objects.order_by()
    held = dict(rows.values("role").annotate(many=Count("pk")).values_list("role", "many"))
    approvers = rows.filter(role__in=LANE_ROLES).values("user").distinct().count()
    leads = Membership.objects.filter(role=Membership.Role.LEAD).order_by()
    return {**held, "approver": approvers, "lead": leads.values("user").distinct().count()}


def count_teams() -> dict[str, int]:
    """Return how many people are in each team, and in none. Two queries."""
    rows = Team.objects.annotate(many=Count("memberships")).values_list("slug", "many")
    return {**dict(rows), NO_TEAM: User.objects.filter(of_team(NO_TEAM)).count()}


def last_invited(person: User) -> datetime | None:
    """Return when the person was invited last, None for who never was. One query."""
    rows = Event.objects.filter(action=Action.PERSON_INVITED.value, object_id=str(person.pk))
    return rows.order_by("-id").values_list("at", flat=True).first()


def state_of(person: User) -> AccountState:
    """Return how an account stands."""
    if not person.is_active:
        return AccountState.OFF
    return AccountState.INVITED if is_invited(person) else AccountState.ACTIVE
