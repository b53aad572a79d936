"""Which waiting requests nobody can decide, for those who can appoint somebody."""

from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Request
from onboarding.queries.deciders import (
    Barred,
    Deciders,
    decided_by,
    load_deciders,
    rules_for,
)
from onboarding.queries.requests import LANES_READ


def undecidable() -> list[tuple[Request, list[Lane]]]:
    """Return each pending request with the lanes that only people hold who are barred from it.

    Lanes that nobody holds at all are not repeated for every request. Eight queries.
    """
    rows = Request.objects.filter(state=RequestState.PENDING.value)
    rows = rows.select_related("team").order_by("id")
    pending = list(rows.prefetch_related(*LANES_READ, "authors", "team__memberships"))
    if not pending:
        return []
    barred = {row.pk: _barred(row) for row in pending}
    known = load_deciders(frozenset[int]().union(*(one.everybody for one in barred.values())))
    found = [(row, _stuck_lanes(row, barred[row.pk], known)) for row in pending]
    return [(row, lanes) for row, lanes in found if lanes]


def _stuck_lanes(row: Request, barred: Barred, known: Deciders) -> list[Lane]:
    decided = {decision.lane for decision in row.decisions.all()}
    open_lanes = [Lane(needed.lane) for needed in row.lanes.all() if needed.lane not in decided]
    return [lane for lane in open_lanes if known.holders[lane] and not known.of(lane, barred)]


def _barred(row: Request) -> Barred:
    """Return what `barred_from_request` does, of what is loaded already."""
    people = {row.requester_id, *(author.person_id for author in row.authors.all())}
    rules = rules_for(row.wanted.environment)
    if SeparationRule.OUTSIDE_THE_TEAM in rules:
        people |= {membership.user_id for membership in row.team.memberships.all()}
    return Barred(frozenset(people), rules, decided_by(row.decisions.all()))
