"""The approval queue's rows: what each opens, since when it waits, whose word is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onboarding.domain.lanes import Lane
from onboarding.domain.objects import items
from onboarding.models import Request
from onboarding.pages.decision import LaneState, lane_states
from onboarding.pages.what_opens import what_opens
from onboarding.queries.circumstances import Circumstances, circumstances_of
from onboarding.queries.leads import lost_right
from onboarding.queries.own_page import rights_given
from onboarding.queries.permissions import Permissions
from onboarding.queries.usual_wait import usual_waits
from onboarding.services.decide_several import open_lanes, why_alone, why_alone_today

# Where too little was decided lately to say what is usual.
TARGET = timedelta(hours=48)
# Half of all take longer than the median: only what takes twice as long is out of the ordinary.
TIMES_USUAL = 2


@dataclass(frozen=True)
class QueueRow:
    """One waiting request. `lost` says who lost the right to it, `alone` why it is not chosen.

    `usual` is the usual wait for what is missing of this person, None where nobody knows.
    """

    request: Request
    opens: str
    lanes: list[LaneState]
    mine: tuple[Lane, ...]
    lost: str
    alone: str
    usual: timedelta | None
    is_late: bool

    @property
    def may_be_chosen(self) -> bool:
        """Tell whether it can be approved together with others."""
        return not (self.alone or self.lost)


def queue_rows(
    rows: Sequence[Request], permissions: Permissions, *, now: datetime
) -> list[QueueRow]:
    """Return the rows in their order, of requests read with LANES_READ. Five queries."""
    return _rows(rows, permissions, circumstances_of(rows, now=now), now=now)


def rows_to_confirm(
    rows: Sequence[Request], permissions: Permissions, *, now: datetime
) -> list[QueueRow]:
    """Return the rows, each judged like its approval: by all that its page says. Seven queries.

    One more for each cluster whose picture is not in memory.
    """
    known = circumstances_of(rows, now=now)
    told = _rows(rows, permissions, known, now=now)
    today = why_alone_today([one.request for one in told if one.may_be_chosen], known)
    return [replace(one, alone=one.alone or today.get(one.request.pk, "")) for one in told]


def _rows(
    rows: Sequence[Request],
    permissions: Permissions,
    known: Mapping[int, Circumstances],
    *,
    now: datetime,
) -> list[QueueRow]:
    usual = usual_waits()
    return [_row(row, permissions, known=known[row.pk], usual=usual, now=now) for row in rows]


def _row(
    row: Request,
    permissions: Permissions,
    *,
    known: Circumstances,
    usual: Mapping[Lane, timedelta | None],
    now: datetime,
) -> QueueRow:
    mine = open_lanes(row, permissions)
    waits = [wait for lane in mine if (wait := usual[lane])]
    longest = max(waits) if waits else None
    age = now - row.submitted_at if row.submitted_at else timedelta()
    return QueueRow(
        request=row,
        opens=what_opens(
            row,
            known.spec_before,
            len(items(row.plan, "removes")),
            rights=rights_given(row, known),
        ),
        lanes=lane_states(row, permissions),
        mine=mine,
        lost=lost_right(row) if known.is_abandoned else "",
        alone=why_alone(row, mine, known),
        usual=longest,
        is_late=age > (longest * TIMES_USUAL if longest else TARGET),
    )
