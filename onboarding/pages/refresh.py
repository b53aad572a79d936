"""What the pages of a refresh show: what could be asked for, and how its requests stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.domain.lanes import Lane
from onboarding.models import ManagedNamespace, Refresh, Request, User
from onboarding.pages.decision import LaneState, lane_states
from onboarding.pages.outdated import groups_still_in
from onboarding.pages.plan_difference import PlanDifference, build_plan_difference
from onboarding.pages.signing import Signing, signing_of
from onboarding.queries.approval_keys import lanes_to_sign
from onboarding.queries.identity import accounts_of_one_person
from onboarding.queries.namespaces import CHANGEABLE
from onboarding.queries.permissions import Permissions
from onboarding.queries.refreshes import (
    RefreshPart,
    Standing,
    digest_of_parts,
    parts_of,
    together,
    undecided_lanes,
)


@dataclass(frozen=True)
class OutdatedLine:
    """One outdated namespace: what differs as it was noted, and why it cannot be asked for."""

    namespace: ManagedNamespace
    objects: list[str]
    groups: list[str]
    trouble: str
    why_not: str


@dataclass(frozen=True)
class PartLine:
    """One request of a refresh: what it changes, and what was said on its lanes."""

    request: Request
    difference: PlanDifference | None
    lanes: list[LaneState]


@dataclass(frozen=True)
class LaneOffer:
    """One word the person may say: on which lane, for how many requests, bound to which digest."""

    lane: Lane
    count: int
    digest: str
    signing: Signing


@dataclass(frozen=True)
class RefreshPage:
    """The page's contents. `offers` are what the person may decide for all of `together`."""

    together: list[PartLine]
    alone: list[PartLine]
    moved_on: list[PartLine]
    over: list[PartLine]
    offers: list[LaneOffer]
    why_not: str
    may_cancel: bool


def outdated_lines(rows: Sequence[ManagedNamespace]) -> list[OutdatedLine]:
    """Return the lines of rows read with `is_asked`. No query."""
    return [
        OutdatedLine(
            namespace=row,
            objects=[entry["object"] for entry in row.outdated or () if "object" in entry],
            groups=groups_still_in(row),
            trouble="".join(entry.get("trouble", "") for entry in row.outdated or ()),
            why_not=_why_not(row),
        )
        for row in rows
    ]


def build_refresh_page(refresh: Refresh, permissions: Permissions, reader: User) -> RefreshPage:
    """Return everything the page shows; what was decided is listed without its difference."""
    parts = parts_of(refresh, permissions)
    lines = {
        standing: [_line(part, permissions) for part in parts if part.standing is standing]
        for standing in Standing
    }
    offers, why_not = _offers(refresh, parts, permissions, reader)
    return RefreshPage(
        together=lines[Standing.TOGETHER],
        alone=lines[Standing.ALONE],
        moved_on=lines[Standing.MOVED_ON],
        over=lines[Standing.OVER],
        offers=offers,
        why_not=why_not,
        may_cancel=refresh.asked_by_id == permissions.user_id
        and any(part.standing is not Standing.OVER for part in parts),
    )


def _line(part: RefreshPart, permissions: Permissions) -> PartLine:
    shown = part.before if part.standing is not Standing.OVER else None
    prefix = f"r{part.request.public_id}"
    return PartLine(
        request=part.request,
        difference=build_plan_difference(shown, part.after, prefix=prefix) if shown else None,
        lanes=lane_states(part.request, permissions),
    )


def _offers(
    refresh: Refresh, parts: Sequence[RefreshPart], permissions: Permissions, reader: User
) -> tuple[list[LaneOffer], str]:
    """Return what the person may decide for all at once, or [] and the reason in words."""
    waiting = [part for part in parts if part.standing is Standing.TOGETHER]
    if not waiting:
        return [], _("Nothing is left to decide together.")
    if refresh.asked_by_id == permissions.user_id:
        return [], _("You cannot approve your own request.")
    if accounts_of_one_person(permissions.user_id).filter(pk=refresh.asked_by_id).exists():
        return [], _("The request comes from an account with your e-mail address.")
    open_lanes = {lane for part in waiting for lane in undecided_lanes(part.request)}
    held = [lane for lane in Lane if lane in permissions.lanes and lane in open_lanes]
    if not held:
        return [], _("Only who can give a missing approval decides. You may read.")
    offers = []
    for lane in held:
        chosen = together(parts, lane)
        signing = _signing(reader, lane, chosen)
        offers.append(LaneOffer(lane, len(chosen), digest_of_parts(chosen), signing))
    return offers, ""


def _signing(reader: User, lane: Lane, chosen: Sequence[RefreshPart]) -> Signing:
    """Return what to offer for the lane: it is signed where any of the requests demands it."""
    demanded = [
        lanes_to_sign(needed.lane for needed in part.request.lanes.all()) for part in chosen
    ]
    return signing_of(reader, [lane], frozenset[Lane]().union(*demanded))


def _why_not(row: ManagedNamespace) -> str:
    if any("trouble" in entry for entry in row.outdated or ()):
        words = _("A lead of team %(team)s has to request a change of these answers first.")
        return words % {"team": row.team.slug}
    if getattr(row, "is_asked", False):
        return _("A request for it is open.")
    if row.state not in CHANGEABLE:
        return _("It can be rendered anew once it is ready.")
    return ""
