"""Home: what needs this person, their teams' namespaces, their open requests."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, NamespaceState, RequestState
from onboarding.models import ManagedNamespace, Request, Team
from onboarding.pages.decision import lane_states
from onboarding.queries import namespaces, requests
from onboarding.queries.progress import returned_with
from onboarding.queries.requests import LANES_READ
from onboarding.views.access import SignedIn, Who, allow

SHOWN = 50
EXPIRES_SOON = timedelta(days=14)
_STATE_WORDS = {
    NamespaceState.BLOCKED.value: ("danger", "x"),
    NamespaceState.DRIFTED.value: ("warn", "warn"),
}


@dataclass(frozen=True)
class Item:
    """One line of what needs attention. `rest` is a person's or a server's own words."""

    tone: str
    icon: str
    text: str
    url: str
    rest: str = ""
    at: datetime | None = None


@allow(Who.SIGNED_IN)
def home(request: SignedIn) -> HttpResponse:
    """Show the person's day. Approvers also see their queue, auditors the way to history."""
    permissions, now = request.permissions, timezone.now()
    own = namespaces.visible_to(permissions).filter(team__in=permissions.teams)
    live = own.exclude(state__in=sorted(ENDED)).order_by("name", "id")
    open_states = sorted(OPEN_REQUEST | {RequestState.DRAFT})
    mine = requests.visible_to(permissions).filter(
        team__in=permissions.teams, state__in=open_states
    )
    context = {
        "teams": list(Team.objects.filter(pk__in=permissions.teams)),
        "items": [*_returned(request), *_troubled(live), *_expiring(live, now)],
        "namespaces": live[:SHOWN],
        "namespace_count": live.count(),
        "rows": [
            (row, lane_states(row, permissions))
            for row in mine.prefetch_related(*LANES_READ).order_by("id")[:SHOWN]
        ],
        "request_count": mine.count(),
        "is_lead": bool(permissions.leads),
        "permissions": permissions,
        "waiting": requests.waiting_count(permissions) if permissions.is_approver else 0,
        "now": now,
    }
    return render(request, "home/home.html", context)


def _returned(request: SignedIn) -> list[Item]:
    rows = Request.objects.filter(requester=request.user, state=RequestState.RETURNED.value)
    return [_returned_item(row) for row in rows.order_by("id")[:SHOWN]]


def _returned_item(row: Request) -> Item:
    said = returned_with(row)
    words = _("%(request)s for %(name)s was returned for changes")
    return Item(
        tone="warn",
        icon="undo",
        text=words % {"request": row.label, "name": row.name},
        url=reverse("request-detail", args=[row.public_id]),
        rest=f"{said.person.label}: {said.reason}" if said else "",
        at=said.decided_at if said else row.submitted_at,
    )


def _troubled(live: QuerySet[ManagedNamespace]) -> list[Item]:
    words = {
        NamespaceState.BLOCKED.value: _("%(name)s is blocked and waits for a person"),
        NamespaceState.DRIFTED.value: _("%(name)s was changed outside the portal"),
    }
    return [
        Item(
            *_STATE_WORDS[row.state],
            text=words[row.state] % {"name": row.name},
            url=reverse("namespace-detail", args=[row.public_id]),
            rest=row.message,
        )
        for row in live.filter(state__in=sorted(words))[:SHOWN]
    ]


def _expiring(live: QuerySet[ManagedNamespace], now: datetime) -> list[Item]:
    return [
        Item(
            tone="warn",
            icon="clock",
            text=_("%(name)s comes to the end of its lifetime") % {"name": row.name},
            url=reverse("namespace-detail", args=[row.public_id]),
            at=row.expires_at,
        )
        for row in live.filter(expires_at__lt=now + EXPIRES_SOON)[:SHOWN]
    ]
