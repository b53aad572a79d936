"""Which waiting requests nobody can decide, for those who can appoint somebody."""

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import RequestState
from onboarding.models import Request
from onboarding.queries.deciders import Deciders, load_deciders
from onboarding.queries.requests import LANES_READ


def undecidable() -> list[tuple[Request, list[Lane]]]:
    """Return each pending request with the lanes that only its own authors hold.

    Lanes that nobody holds at all are not repeated for every request. Seven queries.
    """
    rows = Request.objects.filter(state=RequestState.PENDING.value).order_by("id")
    pending = list(rows.prefetch_related(*LANES_READ, "authors"))
    if not pending:
        return []
    authors = {row.pk: _authors(row) for row in pending}
    known = load_deciders(frozenset[int]().union(*authors.values()))
    found = [(row, _stuck_lanes(row, authors[row.pk], known)) for row in pending]
    return [(row, lanes) for row, lanes in found if lanes]


def _stuck_lanes(row: Request, authors: frozenset[int], known: Deciders) -> list[Lane]:
    decided = {decision.lane for decision in row.decisions.all()}
    open_lanes = [Lane(needed.lane) for needed in row.lanes.all() if needed.lane not in decided]
    return [lane for lane in open_lanes if known.holders[lane] and not known.of(lane, authors)]


def _authors(row: Request) -> frozenset[int]:
    return frozenset({row.requester_id, *(author.person_id for author in row.authors.all())})
