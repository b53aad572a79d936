"""What pages say of a namespace that today's facts would render differently. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import ENDED
from onboarding.models import ManagedNamespace, Request
from onboarding.pages.plan_difference import PlanDifference, build_difference
from onboarding.queries.namespaces import CHANGEABLE, open_requests
from onboarding.queries.permissions import Permissions
from onboarding.queries.rendering import namespace_today


@dataclass(frozen=True)
class OutdatedNote:
    """What differs, and the way on that is open to this person; `why_not` where there is none.

    `open_request` is what has to be closed first.
    """

    difference: PlanDifference
    open_request: Request | None
    may_ask: bool
    why_not: str


@dataclass(frozen=True)
class OutdatedCount:
    """How many of some namespaces are outdated, and which groups they still let in."""

    total: int
    bound: int
    groups: list[str]


def build_outdated(row: ManagedNamespace, permissions: Permissions) -> OutdatedNote | None:
    """Return what today's facts would change, None for nothing. Renders anew: never older news.

    None also where the plan in force is not known to be the approved one.
    """
    again = namespace_today(row) if row.state not in ENDED and row.checks_out else None
    if again is None or not again.differs:
        return None
    waiting = open_requests(row).first()
    if waiting:
        why_not = _("A request for it is open; once that is closed it can be rendered anew.")
    else:
        is_asker = row.team_id in permissions.leads or permissions.is_platform_admin
        why_not = _why_not(row, is_asker=is_asker, is_renderable=again.today is not None)
    return OutdatedNote(build_difference(again), waiting, may_ask=not why_not, why_not=why_not)


def count_outdated(rows: Iterable[ManagedNamespace]) -> OutdatedCount:
    """Return what a list of namespaces says together, as it was last noted. No query."""
    outdated = [row for row in rows if row.outdated and row.state not in ENDED]
    groups = [groups_still_in(row) for row in outdated]
    return OutdatedCount(
        total=len(outdated),
        bound=sum(bool(still) for still in groups),
        groups=sorted({group for still in groups for group in still}),
    )


def groups_still_in(row: ManagedNamespace) -> list[str]:
    """Return the groups that are let in and today's facts would not let in, as noted.

    What is not on the cluster lets nobody in.
    """
    noted = row.outdated or [] if row.uid else []
    return list(dict.fromkeys(group for entry in noted for group in entry.get("groups", [])))


def _why_not(row: ManagedNamespace, *, is_asker: bool, is_renderable: bool) -> str:
    team = {"team": row.team.slug}
    if not is_renderable:
        return _("A lead of team %(team)s has to request a change of these answers first.") % team
    if row.state not in CHANGEABLE:
        return _("It can be rendered anew once it is ready.")
    words = _("A lead of team %(team)s or a platform admin can ask to render it anew.")
    return "" if is_asker else words % team
