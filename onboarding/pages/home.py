"""Home: what a person has to do, what is wrong, what waits for them, and what there is."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import ngettext

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.models import Decision, ManagedNamespace, Request, Team
from onboarding.pages.attention import next_steps, wrong_now
from onboarding.pages.attention_item import SHOWN, Item, Reader
from onboarding.pages.decision import LaneState, lane_states
from onboarding.queries import namespaces, requests
from onboarding.queries.decisions import decided_lately
from onboarding.queries.how_well import HowWell, estate_of
from onboarding.queries.requests import LANES_READ, waiting_for
from onboarding.queries.truth import Truth, truths_of
from onboarding.templatetags.wording import approval_name

OLDEST = 5
DECIDED = 5


@dataclass(frozen=True)
class Waiting:
    """Open requests in one state, oldest first."""

    state: str
    rows: list[tuple[Request, list[LaneState]]]


@dataclass(frozen=True)
class HomePage:
    """Everything Home shows. `wrong` and `estate` are for who sees all; else None.

    Whoever decides, and is no platform admin, finds what waits before what only others can mend.
    """

    steps: list[Item]
    wrong: list[Item] | None = None
    estate: HowWell | None = None
    waiting: list[Request] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    namespaces: list[ManagedNamespace] = field(default_factory=list)
    truths: dict[int, Truth] = field(default_factory=dict)
    has_more_namespaces: bool = False
    groups: list[Waiting] = field(default_factory=list)
    has_more_requests: bool = False
    decides_first: bool = False

    @property
    def wrong_count(self) -> int:
        """Return how many things are wrong; what only comes up is not."""
        return sum(item.many for item in self.wrong or () if item.tone != "plain")


def build_home(reader: Reader) -> HomePage:
    """Return the page for a reader. As many queries for many rows as for one."""
    permissions = reader.permissions
    own = namespaces.live_of_teams(permissions).select_related("cluster__observation")
    live = _few(own) if permissions.teams else []
    asked = _open_requests(reader) if permissions.teams else []
    everything = replace(reader, sees_all=True)
    groups = _by_state(asked[:SHOWN], reader)
    sees_all = permissions.sees_everything
    return HomePage(
        steps=[*next_steps(reader), *waiting_for_others(groups)],
        wrong=wrong_now(everything) if sees_all else None,
        estate=estate_of(everything.clusters, now=reader.now) if sees_all else None,
        waiting=list(waiting_for(permissions)[:OLDEST]) if permissions.is_approver else [],
        decided=decided_lately(permissions, DECIDED) if sees_all else [],
        teams=list(Team.objects.filter(pk__in=permissions.teams)) if permissions.teams else [],
        namespaces=live[:SHOWN],
        truths=truths_of(live[:SHOWN]),
        has_more_namespaces=len(live) > SHOWN,
        groups=groups,
        has_more_requests=len(asked) > SHOWN,
        decides_first=permissions.is_approver and not permissions.is_platform_admin,
    )


def waiting_for_others(groups: list[Waiting]) -> list[Item]:
    """Return one line for each approval that requests wait for, with the longest wait."""
    found: dict[Lane, list[Request]] = {}
    for group in groups:
        for row, states in group.rows if group.state == RequestState.PENDING.value else ():
            for state in states:
                if state.decision is None:
                    found.setdefault(state.lane, []).append(row)
    return [_waits(lane, rows) for lane, rows in sorted(found.items())]


def _waits(lane: Lane, rows: list[Request]) -> Item:
    words = ngettext(
        "%(request)s for %(name)s waits for %(approval)s",
        "%(many)d requests wait for %(approval)s",
        len(rows),
    )
    first, approval = rows[0], approval_name(lane)
    said = {"request": first.label, "name": first.name, "many": len(rows), "approval": approval}
    query = urlencode({"state": "pending", "waiting": lane.value})
    several = f"{reverse('request-list')}?{query}"
    return Item(
        tone="plain",
        icon="clock",
        text=words % said,
        url=several if len(rows) > 1 else reverse("request-detail", args=[first.public_id]),
        at=min((row.submitted_at for row in rows if row.submitted_at), default=None),
        many=len(rows),
    )


def _few(rows: QuerySet[ManagedNamespace]) -> list[ManagedNamespace]:
    return list(rows[: SHOWN + 1])


def _open_requests(reader: Reader) -> list[Request]:
    """Return the open requests and drafts of the reader's teams, oldest first."""
    states = sorted(OPEN_REQUEST | {RequestState.DRAFT})
    seen = requests.visible_to(reader.permissions)
    mine = seen.filter(team__in=reader.permissions.teams, state__in=states)
    return list(mine.prefetch_related(*LANES_READ).order_by("id")[: SHOWN + 1])


def _by_state(rows: list[Request], reader: Reader) -> list[Waiting]:
    """Return the requests in groups: what the reader's team has to do comes first."""
    order = (RequestState.RETURNED, RequestState.PENDING, RequestState.DRAFT)
    return [
        Waiting(
            state.value,
            [(row, lane_states(row, reader.permissions)) for row in rows if row.state == state],
        )
        for state in order
        if any(row.state == state for row in rows)
    ]
