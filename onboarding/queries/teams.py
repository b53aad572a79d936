"""Teams as platform admins look for them: who leads them now, how much belongs to them."""

from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST
from onboarding.domain.refusals import NotFound
from onboarding.models import ManagedNamespace, Request, Team
from onboarding.queries.leads import active_leads

ORDER = ("slug", "id")
IS_LED = Exists(active_leads().filter(team=OuterRef("pk")))


def with_numbers() -> QuerySet[Team]:
    """Return teams with `leading` (who leads), `members`, `live`, `open_requests`.

    One query besides, for the leads.
    """
    live = ManagedNamespace.objects.exclude(state__in=sorted(ENDED))
    waiting = Request.objects.filter(state__in=sorted(OPEN_REQUEST))
    leading = active_leads().select_related("user").order_by("user__first_name", "user__username")
    return Team.objects.prefetch_related(
        Prefetch("memberships", leading, to_attr="leading")
    ).annotate(
        members=Count("memberships", filter=Q(memberships__user__is_active=True)),
        live=_many(live),
        open_requests=_many(waiting),
    )


def count_led() -> dict[str, int]:
    """Return how many teams have an active lead, and how many have none. One query."""
    rows = Team.objects.aggregate(led=Count("pk", filter=Q(IS_LED)), every=Count("pk"))
    return {"some": rows["led"], "none": rows["every"] - rows["led"]}


def load_team(public_id: str) -> Team:
    """Return a team. Raises NotFound."""
    team = Team.objects.filter(public_id=public_id).first()
    if team is None:
        raise NotFound("No such team.")
    return team


def _many(rows: "QuerySet[ManagedNamespace] | QuerySet[Request]") -> Coalesce:
    """Return how many of these rows belong to the team, without multiplying any other count."""
    counted = rows.filter(team=OuterRef("pk")).order_by().values("team")
    many = counted.annotate(many=Count("pk")).values("many")
    return Coalesce(Subquery(many, output_field=IntegerField()), 0)
