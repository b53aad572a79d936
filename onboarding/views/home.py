"""Home: what needs this person, their teams' namespaces, their open requests."""

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.models import Team
from onboarding.pages.attention import attention
from onboarding.pages.attention_item import SHOWN, Reader
from onboarding.pages.decision import lane_states
from onboarding.queries import namespaces, requests
from onboarding.queries.requests import LANES_READ
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow


@allow(Who.SIGNED_IN)
def home(request: SignedIn) -> HttpResponse:
    """Show the person's day. Approvers also see their queue, auditors the way to history."""
    permissions, now = request.permissions, database_now()
    live = namespaces.live_of_teams(permissions)
    shown = list(live[:SHOWN])
    open_states = sorted(OPEN_REQUEST | {RequestState.DRAFT})
    mine = requests.visible_to(permissions).filter(
        team__in=permissions.teams, state__in=open_states
    )
    context = {
        "teams": list(Team.objects.filter(pk__in=permissions.teams)),
        "items": attention(Reader(request.user, permissions, now)),
        "namespaces": shown,
        "truths": truths_of(shown),
        "namespace_count": live.count(),
        "rows": [
            (row, lane_states(row, permissions))
            for row in mine.prefetch_related(*LANES_READ).order_by("id")[:SHOWN]
        ],
        "request_count": mine.count(),
        "is_lead": bool(permissions.leads),
        "permissions": permissions,
        "now": now,
    }
    return render(request, "home/home.html", context)
