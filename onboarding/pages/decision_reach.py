"""Who can talk to whom by a request: as it stands today, or as an approver saw it.

Of an open request it is worked out now. A closed one shows what was kept with its decisions, since
the cluster has moved on; where none is kept, or none that can be read, the page says so.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.lifecycle import OPEN_REQUEST
from onboarding.models import Decision, Request
from onboarding.pages.reach_matrix import Comparison, Flag, build_comparison
from onboarding.queries.request_picture import (
    KeptPicture,
    RequestPlans,
    picture_of_request,
    pictures_kept,
)
from onboarding.reachability.kept import UnknownPicture, load_shown
from onboarding.reachability.neighbourhood import Neighbourhood
from onboarding.reachability.shown import Shown, marks_in


@dataclass(frozen=True)
class OtherPicture:
    """What another approver of the same request saw. `is_same` tells that it says the same."""

    decision: Decision
    is_same: bool


@dataclass(frozen=True)
class Moved:
    """What is shown now and was not on the page that came back, and how many things went."""

    new: frozenset[str]
    gone: int


@dataclass(frozen=True)
class ReachPage:
    """What the page shows of it. `seen_by` is whose picture it is; None: it is today's.

    `unkept` are decisions of a closed request whose picture is not there, beside others whose is;
    `unread` those whose picture is there, and this release cannot read it. `is_todays` tells that a
    closed request is judged as of today, for want of any picture to show.
    """

    shown: Shown
    comparison: Comparison
    flags: tuple[Flag, ...]
    seen_by: Decision | None
    others: tuple[OtherPicture, ...]
    unkept: tuple[Decision, ...]
    unread: tuple[Decision, ...]
    is_todays: bool
    moved: Moved | None

    @property
    def opens_nothing(self) -> bool:
        """Tell whether nothing opens, closes or changes beyond the baseline."""
        return not self.comparison.moved

    @property
    def seen_at(self) -> datetime | None:
        """Return when the cluster was observed for it."""
        return self.shown.seen_at


def build_reach(row: Request, plans: RequestPlans, *, lane: str = "", token: str = "") -> ReachPage:
    """Return the page's part; `lane` chooses whose picture, `token` is what a form brought back.

    Of a row read with LANES_READ. Four queries at most.
    """
    there = [] if row.state in OPEN_REQUEST else pictures_kept(row)
    kept = _readable(there)
    readable = {decision.pk for decision, _seen in kept}
    unread = tuple(one.decision for one in there if one.decision.pk not in readable)
    if kept:
        chosen, shown = next((one for one in kept if one[0].lane == lane), kept[0])
        others = tuple(
            OtherPicture(decision, seen.marks == shown.marks)
            for decision, seen in kept
            if decision.pk != chosen.pk
        )
        told = {one.decision.pk for one in there}
        unkept = tuple(one for one in row.decisions.all() if one.pk not in told)
        return _built(shown, seen_by=chosen, others=others, unkept=unkept, unread=unread)
    shown, is_todays = picture_of_request(row, plans), row.state not in OPEN_REQUEST
    return _built(shown, unread=unread, is_todays=is_todays, moved=_moved(shown, token))


def _readable(kept: Sequence[KeptPicture]) -> list[tuple[Decision, Shown]]:
    """Return the pictures that this release can read."""
    found = []
    for one in kept:
        try:
            found.append((one.decision, load_shown(one.kept)))
        except UnknownPicture:
            continue
    return found


def _built(
    shown: Shown,
    *,
    seen_by: Decision | None = None,
    others: tuple[OtherPicture, ...] = (),
    unkept: tuple[Decision, ...] = (),
    unread: tuple[Decision, ...] = (),
    is_todays: bool = False,
    moved: Moved | None = None,
) -> ReachPage:
    flags = _flags(shown, moved.new if moved else frozenset())
    hood = Neighbourhood(shown.namespace, tuple(one.line for one in shown.lines))
    return ReachPage(
        shown=shown,
        comparison=build_comparison(
            hood,
            flags,
            baseline=[one.line for one in shown.lines if one.is_baseline],
            unseen=[one.line for one in shown.lines if moved and one.mark in moved.new],
        ),
        flags=flags,
        seen_by=seen_by,
        others=others,
        unkept=unkept,
        unread=unread,
        is_todays=is_todays,
        moved=moved,
    )


def _flags(shown: Shown, unseen: Collection[str]) -> tuple[Flag, ...]:
    return tuple(
        Flag(one.finding, number, one.is_new, one.beyond, is_unseen=one.mark in unseen)
        for number, one in enumerate(shown.findings, start=1)
    )


def _moved(shown: Shown, token: str) -> Moved | None:
    """Return how the picture moved since a page was read; None where it did not, or none came."""
    if not token or token == shown.token:
        return None
    before = marks_in(token)
    return Moved(new=shown.marks - before, gone=len(before - shown.marks))
