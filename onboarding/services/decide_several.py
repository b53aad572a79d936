"""Decide several: one reason, many requests, each approved by the ordinary `decide`.

For what needs no second look: low risk, nothing to sign, no choice of which approval to give, and
nothing that its page says and the line on it does not (`queries/own_page.py`). Each is decided in a
transaction of its own, so that one that cannot be approved keeps none of the others from it. Medium
risk is left out like high: the one more lane it needs was asked for because lint says that somebody
should look, and a list is no look. So no picture is kept with these decisions: nobody saw one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from time import monotonic

from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from onboarding.domain.risk import Risk
from onboarding.models import Request, Vote
from onboarding.queries.approval_keys import lanes_to_sign
from onboarding.queries.circumstances import Circumstances, circumstances_of
from onboarding.queries.deciders import rules_for
from onboarding.queries.own_page import untold_by_list, untold_by_picture
from onboarding.queries.permissions import Permissions
from onboarding.queries.request_picture import pictures_of
from onboarding.queries.requests import LANES_READ, visible_to
from onboarding.services.decide import MAX_REASON, Stale, decide
from onboarding.services.history import By

MOST_AT_ONCE = 50
LONGEST_SECONDS = 20.0  # so that a browser gets its answer; the rest is said to be left
LONGEST_LOOKING = 8.0


class DecidedAlone(Conflict):
    """The request is one that is decided on its own page only."""


class Ending(StrEnum):
    """What became of one approval among several."""

    APPROVED = "approved"
    FASTER = "faster"  # decided, withdrawn or otherwise moved by somebody meanwhile
    EDITED = "edited"  # not what was shown
    ALONE = "alone"
    BARRED = "barred"
    LEFT = "left"  # not reached in time


@dataclass(frozen=True)
class Pick:
    """One approval of what was shown: the request's public id, the lane, the digest."""

    request: str
    lane: Lane
    digest: str


@dataclass(frozen=True)
class Said:
    """What became of one pick. `request` is None where the person may not know of it."""

    pick: Pick
    request: Request | None
    ending: Ending
    words: str = ""


def open_lanes(row: Request, permissions: Permissions) -> tuple[Lane, ...]:
    """Return the lanes the person holds that nobody decided, of a row read with LANES_READ."""
    decided = {decision.lane for decision in row.decisions.all()}
    needed = [needed.lane for needed in row.lanes.all() if needed.lane not in decided]
    return tuple(lane for lane in map(Lane, needed) if lane in permissions.lanes)


def why_alone(row: Request, lanes: Iterable[Lane], known: Circumstances) -> str:
    """Return why these approvals of a request are not given with others; "" where they may be.

    Of a row read with LANES_READ. No query. `why_alone_today` says what else there is.
    """
    wanted = frozenset(lanes)
    if row.risk != Risk.LOW.value:
        return f"{(row.risk or 'Unknown').capitalize()} risk: it is decided on its own page."
    if wanted & lanes_to_sign(needed.lane for needed in row.lanes.all()):
        return "Its approval is signed with a passkey, one at a time."
    one_each = SeparationRule.ONE_LANE_EACH in rules_for(row.wanted.environment)
    if len(wanted) > 1 and one_each:
        return "You give one approval of it only: choose which on its own page."
    return _on_its_own_page(untold_by_list(row, known))


def why_alone_today(rows: Sequence[Request], known: Mapping[int, Circumstances]) -> dict[int, str]:
    """Return of each request what its page warns of by now, "" where of nothing.

    Works each out as its page does, as long as that does not take too long. Two queries, and one
    for each cluster whose picture is not in memory.
    """
    end = monotonic() + LONGEST_LOOKING
    found = {row.pk: "It takes long to work out: choose fewer at once." for row in rows}
    before = {pk: one.before for pk, one in known.items() if one.before}
    for row, shown in pictures_of(rows, before):
        found[row.pk] = _on_its_own_page(untold_by_picture(row, known[row.pk], shown))
        if monotonic() > end:
            break
    return found


def approve_several(
    picks: Iterable[Pick], *, by: By, reason: str, now: datetime
) -> tuple[Said, ...]:
    """Approve each pick for what was shown, one after the other; return what became of each.

    Raises Invalid for no or too many picks, or a reason that is too long. Refusals of single ones
    are told, not raised.
    """
    wanted = list(dict.fromkeys(picks))
    if not wanted:
        raise Invalid("Choose at least one request.")
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(f"Approve at most {MOST_AT_ONCE} requests at once.")
    if len(reason) > MAX_REASON:
        raise Invalid(f"Use at most {MAX_REASON} characters for the reason.", field="reason")
    end = monotonic() + LONGEST_SECONDS
    return tuple(_approve(pick, by=by, reason=reason, now=now, end=end) for pick in wanted)


def _approve(pick: Pick, *, by: By, reason: str, now: datetime, end: float) -> Said:
    rows = visible_to(by.permissions).prefetch_related(*LANES_READ)
    row = rows.filter(public_id=pick.request).first()
    if row is None:
        return Said(pick, None, Ending.BARRED, "There is no such request.")
    if monotonic() > end:
        return Said(pick, row, Ending.LEFT, "It took too long. Choose it once more.")
    try:
        _check_together(row, pick, now=now)
        decide(
            row.pk,
            lane=pick.lane,
            vote=Vote.APPROVE,
            by=by,
            digest=pick.digest,
            reason=reason,
            now=now,
        )
    except Refusal as refusal:
        return Said(pick, row, _ending(refusal), str(refusal))
    return Said(pick, row, Ending.APPROVED)


def _check_together(row: Request, pick: Pick, *, now: datetime) -> None:
    """Raise Stale or DecidedAlone unless what was picked may be approved with others.

    What its page warns of is worked out anew: nobody sees that picture. The digest covers risk and
    lanes: what `decide` finds under its lock is what was judged here.
    """
    if row.digest != pick.digest:
        raise Stale(f"{row.label} was edited after you chose it. Review it again.")
    if row.state != RequestState.PENDING.value:
        return  # `decide` says why it cannot be decided
    known = circumstances_of([row], now=now)
    if why := why_alone(row, [pick.lane], known[row.pk]):
        raise DecidedAlone(why)
    if why := why_alone_today([row], known)[row.pk]:
        raise DecidedAlone(why)


def _on_its_own_page(untold: str) -> str:
    return f"Decided on its own page: {untold}" if untold else ""


def _ending(refusal: Refusal) -> Ending:
    match refusal:
        case Stale():
            return Ending.EDITED
        case DecidedAlone():
            return Ending.ALONE
        case Forbidden() | NotFound() | Invalid():
            return Ending.BARRED
        case _:
            return Ending.FASTER
