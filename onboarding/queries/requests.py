"""Reading requests: whose they are, who may see them, what waits for whom."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Decision, Request, RequestLane
from onboarding.queries.standing import Standing


def visible_to(standing: Standing) -> QuerySet[Request]:
    """Return the requests a person may know of. Drafts are their author's alone."""
    rows = Request.objects.select_related("team", "cluster", "requester", "namespace")
    own_drafts = Q(state=RequestState.DRAFT.value, requester=standing.user_id)
    sent = ~Q(state=RequestState.DRAFT.value)
    if standing.sees_everything:
        return rows.filter(sent | own_drafts)
    return rows.filter((sent & Q(team__in=standing.teams)) | own_drafts)


def waiting_for(standing: Standing) -> QuerySet[Request]:
    """Return what waits for a person's lanes, oldest first; never their own requests."""
    decided = Decision.objects.filter(
        request=OuterRef("request"), lane=OuterRef("lane"), voided_at__isnull=True
    )
    undecided = RequestLane.objects.filter(
        request=OuterRef("pk"), lane__in=sorted(standing.lanes)
    ).exclude(Exists(decided))
    return (
        visible_to(standing)
        .filter(Exists(undecided), state=RequestState.PENDING.value)
        .exclude(requester=standing.user_id)
        .order_by("submitted_at", "id")
    )


def waiting_count(standing: Standing) -> int:
    """Return how many requests wait for a person's lanes."""
    return waiting_for(standing).count()


def decisions_of(request: Request) -> dict[Lane, Decision]:
    """Return the decisions that count, by lane."""
    rows = request.decisions.filter(voided_at__isnull=True).select_related("person")
    return {Lane(decision.lane): decision for decision in rows}
