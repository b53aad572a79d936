"""Who leads a team now, and which requests have lost the person who could send them.

Somebody inactive leads nothing, whatever their membership says, and whoever has only been invited
nothing yet: every count of leads asks here.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.models import Membership, Request, RoleAssignment, Team, User
from onboarding.queries.permissions import Permissions
from onboarding.queries.role_holders import IS_ABLE


def active_leads() -> QuerySet[Membership]:
    """Return the memberships of everybody who leads a team now, and can sign in to do so."""
    return Membership.objects.filter(IS_ABLE, role=Membership.Role.LEAD)


def leads_of(team: Team) -> list[User]:
    """Return who leads the team now, by name. One query."""
    rows = active_leads().filter(team=team).select_related("user")
    return [row.user for row in rows.order_by("user__first_name", "user__username")]


def leads_to_ask(permissions: Permissions) -> str:
    """Return who leads the teams of somebody, for them to ask. One query.

    "" where there is nobody: in no team, or in teams without an active lead.
    """
    rows = active_leads().filter(team__in=permissions.teams).select_related("user", "team")
    found: dict[str, list[str]] = {}
    for row in rows.order_by("team__slug", "user__first_name", "user__username"):
        found.setdefault(row.team.slug, []).append(row.user.label)
    return " ".join(f"Lead of {team}: {', '.join(names)}." for team, names in found.items())


def teams_led(permissions: Permissions) -> QuerySet[Team]:
    """Return the teams a person may ask for."""
    return Team.objects.filter(pk__in=permissions.leads)


def teams_without_lead() -> QuerySet[Team]:
    """Return the teams for which nobody can ask for anything."""
    return Team.objects.filter(~Exists(active_leads().filter(team=OuterRef("pk"))))


def abandoned() -> QuerySet[Request]:
    """Return the open requests whose requester has lost the right to them.

    What is part of a refresh may come from a platform admin too. It is the right that counts here:
    whoever asked for something has signed in.
    """
    leads = Membership.objects.filter(
        team=OuterRef("team"),
        user=OuterRef("requester"),
        role=Membership.Role.LEAD,
        user__is_active=True,
    )
    open_states = sorted(OPEN_REQUEST)
    admins = RoleAssignment.objects.filter(
        user=OuterRef("requester"),
        role=RoleAssignment.Role.PLATFORM_ADMIN,
        user__is_active=True,
    )
    rows = Request.objects.filter(~Exists(leads), state__in=open_states)
    rows = rows.exclude(Exists(admins), refresh__isnull=False)
    return rows.select_related("team", "requester").order_by("id")


def abandoned_among(rows: Iterable[Request]) -> frozenset[int]:
    """Return the ids of those that are abandoned. One query for any number."""
    ids = [row.pk for row in rows]
    return frozenset(abandoned().filter(pk__in=ids).values_list("pk", flat=True))


def why_abandoned(row: Request) -> str:
    """Return why the requester has lost the right to an open request, or "". One query."""
    if RequestState(row.state) not in OPEN_REQUEST or row.pk not in abandoned_among([row]):
        return ""
    return lost_right(row)


def lost_right(row: Request) -> str:
    """Return the words for a request that is known to be abandoned."""
    if not row.requester.is_active:
        return f"The account of {row.requester.label} is switched off."
    if row.refresh_id:
        return f"{row.requester.label} is neither platform admin nor lead of {row.team.slug} now."
    return f"{row.requester.label} is no longer a lead of {row.team.slug}."
