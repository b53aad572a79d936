"""Reading requests: whose they are, who may see them, what waits for whom."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from onboarding.domain.lanes import SeparationRule
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Conflict, Forbidden, NotFound
from onboarding.models import Decision, Membership, Request, RequestAuthor, RequestLane, User
from onboarding.queries.deciders import environments_with
from onboarding.queries.identity import accounts_of_one_person
from onboarding.queries.permissions import Permissions

EDITABLE = frozenset({RequestState.DRAFT, RequestState.RETURNED})
LANES_READ = (
    "lanes",
    Prefetch(
        "decisions",
        queryset=Decision.objects.filter(voided_at__isnull=True).select_related(
            "person", "signature"
        ),
    ),
)


def knows_request(label: str) -> bool:
    """Tell whether there is a request that people call so, e.g. REQ-7K2M9Q. One query."""
    return Request.objects.filter(public_id=label.removeprefix("REQ-")).exists()


def visible_to(permissions: Permissions) -> QuerySet[Request]:
    """Return the requests a person may know of. Drafts are their author's alone."""
    rows = Request.objects.select_related(
        "team", "cluster__observation", "requester", "namespace", "refresh"
    )
    own_drafts = Q(state=RequestState.DRAFT.value, requester=permissions.user_id)
    sent = ~Q(state=RequestState.DRAFT.value)
    if permissions.sees_everything:
        return rows.filter(sent | own_drafts)
    return rows.filter((sent & Q(team__in=permissions.teams)) | own_drafts)


def load_request(permissions: Permissions, public_id: str) -> Request:
    """Return a request the person may know of. Raise NotFound for every other."""
    rows = visible_to(permissions).prefetch_related(*LANES_READ)
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("No such request.")
    return row


def load_sent(permissions: Permissions, public_id: str) -> Request:
    """Return a request that approvers may decide or read. Raise NotFound for a draft as well."""
    row = load_request(permissions, public_id)
    if row.state == RequestState.DRAFT.value:
        raise NotFound("No such request.")
    return row


def load_own(permissions: Permissions, public_id: str) -> Request:
    """Return the person's own request that can be edited. Raise NotFound, Forbidden, Conflict."""
    row = load_request(permissions, public_id)
    if row.requester_id != permissions.user_id:
        raise Forbidden("Only the person who asked can edit the request.")
    if RequestState(row.state) not in EDITABLE:
        raise Conflict(f"{row.label} can no longer be edited.")
    return row


def waiting_for(permissions: Permissions) -> QuerySet[Request]:
    """Return what waits for a person's lanes, oldest first; never what comes from themselves."""
    accounts = accounts_of_one_person(permissions.user_id).values("pk")
    own = RequestAuthor.objects.filter(request=OuterRef("pk"), person__in=accounts)
    decided = Decision.objects.filter(
        request=OuterRef("request"), lane=OuterRef("lane"), voided_at__isnull=True
    )
    undecided = RequestLane.objects.filter(
        request=OuterRef("pk"), lane__in=sorted(permissions.lanes)
    ).exclude(Exists(decided))
    return (
        visible_to(permissions)
        .filter(Exists(undecided), state=RequestState.PENDING.value)
        .exclude(Q(requester__in=accounts) | Exists(own) | _barred_by_rules(accounts))
        .order_by("submitted_at", "id")
    )


def _barred_by_rules(accounts: QuerySet[User, Any]) -> Q:
    """Match what the rules of its environment bar these accounts from."""
    in_team = Membership.objects.filter(team=OuterRef("team"), user__in=accounts)
    said = Decision.objects.filter(
        request=OuterRef("pk"), person__in=accounts, voided_at__isnull=True
    )
    outside = environments_with(SeparationRule.OUTSIDE_THE_TEAM)
    one_lane = environments_with(SeparationRule.ONE_LANE_EACH)
    return (Q(spec__environment__in=outside) & Exists(in_team)) | (
        Q(spec__environment__in=one_lane) & Exists(said)
    )


def waiting_count(permissions: Permissions) -> int:
    """Return how many requests wait for a person's lanes."""
    return waiting_for(permissions).count()
