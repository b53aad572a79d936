"""What the decision page shows, gathered from a request, its plan and the plan before it.

Reads only. The plan before is the revision the request was made against, so the page of a request
that was decided long ago still shows what it changed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.lifecycle import OPEN_REQUEST, RequestState
from onboarding.domain.risk import Risk
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Decision, Request, User
from onboarding.pages.adoption import Found, found_for_request
from onboarding.pages.decision_facts import RequestFacts, facts_of
from onboarding.pages.decision_reach import ReachPage, build_reach
from onboarding.pages.deviations import ForeignObject, removals_of, unapproved_in
from onboarding.pages.plan_difference import (
    PlanDifference,
    RequestObjects,
    Sentence,
    build_difference,
    compare_sentences,
    objects_of,
)
from onboarding.plan.baseline import baseline_of
from onboarding.plan.changes import Effect, ObjectChange, plan_changes
from onboarding.plan.model import Plan
from onboarding.queries.approval_keys import signers, who_can_sign
from onboarding.queries.clusters import Freshness, sight_of
from onboarding.queries.deciders import barred_from_request, load_deciders, names_of, rules_for
from onboarding.queries.holdings import Holdings, UsedBound, below_use, holdings_of
from onboarding.queries.leads import leads_of, why_abandoned
from onboarding.queries.names import resembles, seen_names
from onboarding.queries.namespaces import is_asked_for
from onboarding.queries.permissions import Permissions
from onboarding.queries.portals import UnknownNamespace, holder_of
from onboarding.queries.rendering import request_today
from onboarding.queries.request_picture import RequestPlans, plans_of_request
from onboarding.queries.usual_wait import usual_waits
from onboarding.templatetags.wording import approval_name

EARLIER_SHOWN = 5


@dataclass(frozen=True)
class LaneState:
    """One needed lane: why it is needed, what was said, and whether this person holds it.

    `people` can decide it, `approvers` of them approve it too, where that has to be signed. Lists
    of many requests leave both None, and `usual_wait`, which is None where too little is known.
    """

    lane: Lane
    reasons: list[str]
    decision: Decision | None
    held: bool
    people: tuple[User, ...] | None = None
    approvers: tuple[User, ...] | None = None
    usual_wait: timedelta | None = None

    @property
    def names(self) -> str:
        """Return who can approve the lane, by name; "" where nobody can."""
        return names_of(self.approvers or ())


@dataclass(frozen=True)
class Abandoned:
    """An open request whose requester lost the right to it: why, and who can take it over."""

    why: str
    heirs: str


@dataclass(frozen=True)
class MovedRisk:
    """What a pending request risks by now, where that is not what its lanes were asked for."""

    sent: Risk
    now: Risk

    @property
    def is_higher(self) -> bool:
        """Tell whether a lane may be missing."""
        return list(Risk).index(self.now) > list(Risk).index(self.sent)

    def __str__(self) -> str:
        """Return it as a person reads it."""
        now = {
            Risk.LOW: _("Low risk now"),
            Risk.MEDIUM: _("Medium risk now"),
            Risk.HIGH: _("High risk now"),
        }
        sent = {
            Risk.LOW: _("it was low when sent."),
            Risk.MEDIUM: _("it was medium when sent."),
            Risk.HIGH: _("it was high when sent."),
        }
        return f"{now[self.now]}; {sent[self.sent]}"


@dataclass(frozen=True)
class DecisionPage:
    """The page's contents. `offered` are the lanes the person may decide now, often none.

    `today` is how an open request would be rendered differently now; None: exactly as it was sent.
    `is_old_look`: it is judged by a picture of its cluster that looks should have renewed long ago.
    """

    spec: NamespaceSpec
    is_removal: bool
    lanes: list[LaneState]
    facts: RequestFacts
    sentences: list[Sentence]
    objects: RequestObjects
    unchanged: list[ObjectChange]
    before_number: int | None
    earlier: list[Decision]
    offered: tuple[Lane, ...]
    why_not: str
    is_stale: bool
    today: PlanDifference | None
    resembles: str
    reach: ReachPage
    moved_risk: MovedRisk | None
    found: Found | None
    abandoned: Abandoned | None
    name_seen_at: datetime | None
    forgotten: UnknownNamespace | None
    holdings: Holdings | None
    below_use: tuple[UsedBound, ...]
    shows_holdings: bool
    removals: list[ForeignObject]
    unapproved: list[ForeignObject]
    is_old_look: bool

    @property
    def may_approve(self) -> bool:
        """Tell whether an approval would be taken, by somebody who may decide."""
        return not (self.abandoned or self.today or self.is_stale)

    @property
    def moving(self) -> list[Sentence]:
        """Return what the request allows, or no longer allows, beyond what held."""
        return [one for one in self.sentences if one.effect is not Effect.UNCHANGED]

    @property
    def moving_paths(self) -> list[Sentence]:
        """Return those of them that say the same as the table of paths."""
        return [one for one in self.moving if one.is_path]

    @property
    def moving_others(self) -> list[Sentence]:
        """Return those of them that no path tells: what people may do, what pods must meet."""
        return [one for one in self.moving if not one.is_path]

    @property
    def staying(self) -> list[Sentence]:
        """Return what holds as before; of a new namespace, what holds in every one."""
        return [one for one in self.sentences if one.effect is Effect.UNCHANGED]


def lane_states(row: Request, permissions: Permissions) -> list[LaneState]:
    """Return the needed lanes of a request read with LANES_READ."""
    said = {decision.lane: decision for decision in row.decisions.all()}
    return [
        LaneState(
            lane=Lane(needed.lane),
            reasons=list(needed.reasons),
            decision=said.get(needed.lane),
            held=Lane(needed.lane) in permissions.lanes,
        )
        for needed in row.lanes.all()
    ]


def staffed_lane_states(row: Request, permissions: Permissions) -> list[LaneState]:
    """Return the needed lanes with who can decide them, as long as they can be. Eight queries."""
    states = lane_states(row, permissions)
    if row.state != RequestState.PENDING.value:
        return states
    barred = barred_from_request(row)
    known = load_deciders(barred.everybody)
    keyed, waits = signers(state.lane for state in states), usual_waits()
    people = {state.lane: known.of(state.lane, barred) for state in states}
    return [
        replace(
            state,
            people=people[state.lane],
            approvers=who_can_sign(state.lane, people[state.lane], keyed),
            usual_wait=waits[state.lane],
        )
        for state in states
    ]


def abandoned_by(row: Request) -> Abandoned | None:
    """Return how a request stands that lost its requester, None for every other. Two queries."""
    why = why_abandoned(row)
    return Abandoned(why, names_of(leads_of(row.team), last=_("or"))) if why else None


def build_decision_page(
    row: Request,
    permissions: Permissions,
    *,
    now: datetime,
    lane: str = "",
    token: str = "",
) -> DecisionPage:
    """Return everything the page shows. As many queries for a large cluster as for a small one.

    `lane` chooses whose picture of a closed request; `token` is what a form brought back.
    """
    lanes, plans = staffed_lane_states(row, permissions), plans_of_request(row)
    changes = plan_changes(plans.before, plans.wanted)
    moved = [change for change in changes if change.effect is not Effect.UNCHANGED]
    offered, why_not = offered_lanes(row, permissions, lanes)
    reach = build_reach(row, plans, lane=lane, token=token)
    holdings, name_seen_at = _holdings(row), _name_seen_at(row)
    is_onboard = row.kind == RequestKind.ONBOARD
    return DecisionPage(
        spec=row.wanted,
        is_removal=row.kind == RequestKind.RETIRE,
        lanes=lanes,
        facts=facts_of(row, plans.revision.wanted if plans.revision else None),
        sentences=compare_sentences(_basis(plans), plans.wanted),
        objects=objects_of(moved, folds_baseline=is_onboard),
        unchanged=[change for change in changes if change.effect is Effect.UNCHANGED],
        before_number=plans.revision.number if plans.revision else None,
        earlier=list(_earlier(row, now)[:EARLIER_SHOWN]),
        offered=offered,
        why_not=why_not,
        is_stale=_is_stale(row),
        today=_differing_today(row),
        resembles=resembles(row.cluster, row.name) if is_onboard else "",
        reach=reach,
        moved_risk=_moved_risk(row, reach.shown.risk),
        found=found_for_request(row, plans.wanted),
        abandoned=abandoned_by(row),
        name_seen_at=name_seen_at,
        forgotten=_forgotten(row) if name_seen_at else None,
        holdings=holdings,
        below_use=below_use(plans.wanted, holdings),
        shows_holdings=row.state in OPEN_REQUEST,
        removals=removals_of(row),
        unapproved=unapproved_in(row),
        is_old_look=_is_old_look(row, reach, now),
    )


def _basis(plans: RequestPlans) -> Plan:
    """Return what sentences are compared with: what holds, else what every namespace gets."""
    return plans.from_now or baseline_of(plans.wanted)


def _moved_risk(row: Request, now: Risk) -> MovedRisk | None:
    """Return how the risk moved since the lanes were asked; nobody can act on it later."""
    sent = Risk(row.risk) if row.risk and row.state == RequestState.PENDING.value else now
    return MovedRisk(sent, now) if sent is not now else None


def _holdings(row: Request) -> Holdings | None:
    """Return what is in the namespace as long as somebody may still think about the request."""
    return holdings_of(row.namespace) if row.state in OPEN_REQUEST else None


def _name_seen_at(row: Request) -> datetime | None:
    """Return when somebody's namespace was seen under the name that is asked for, or None."""
    if row.kind != RequestKind.ONBOARD.value or row.state not in OPEN_REQUEST:
        return None
    seen = seen_names(row.cluster)
    return seen.seen_at if row.name in seen.names else None


def _forgotten(row: Request) -> UnknownNamespace | None:
    """Return what this portal made under the name for the very team, and forgot; or None."""
    holder = holder_of(row.cluster, row.name)
    return holder if holder and holder.is_ours and holder.team == row.team.slug else None


def _earlier(row: Request, now: datetime) -> QuerySet[Decision]:
    """Return what was decided for this team before, newest first."""
    return (
        Decision.objects.filter(
            request__team=row.team_id, voided_at__isnull=True, decided_at__lte=now
        )
        .exclude(request=row.pk)
        .select_related("person", "request")
        .order_by("-decided_at", "-id")
    )


def _is_stale(row: Request) -> bool:
    """Tell whether the namespace was changed after an open request was made."""
    if row.namespace is None or row.state not in OPEN_REQUEST:
        return False
    if row.kind == RequestKind.ADOPT and not is_asked_for(row.namespace, row.adopted_uid):
        return True
    return row.namespace.generation != row.base_generation


def _is_old_look(row: Request, reach: ReachPage, now: datetime) -> bool:
    """Tell whether what is shown of an open request rests on a look that is long ago."""
    return row.state in OPEN_REQUEST and sight_of(reach.seen_at, "", now=now) is Freshness.OLD


def _differing_today(row: Request) -> PlanDifference | None:
    """Return how an open request would be rendered differently now; it cannot be approved so."""
    again = request_today(row) if row.state in OPEN_REQUEST else None
    return build_difference(again) if again and again.differs else None


def offered_lanes(
    row: Request, permissions: Permissions, lanes: list[LaneState]
) -> tuple[tuple[Lane, ...], str]:
    """Return the lanes the person may decide now, or () and the reason in words. No query."""
    if row.state != RequestState.PENDING.value:
        return (), _("Nothing is left to decide: the request is %(state)s.") % {"state": row.state}
    if row.requester_id == permissions.user_id:
        return (), _("You cannot approve your own request.")
    held = [state for state in lanes if state.held]
    if not held:
        return (), _("Only the approvers named on this page decide. You may read.")
    undecided = [state for state in held if state.decision is None]
    if not undecided:
        return (), _("What you could decide is decided. Others may still have to.")
    free = tuple(state.lane for state in undecided if _is_among(permissions.user_id, state.people))
    if not free:
        return (), _why_barred(row, permissions)
    return free, ""


def _why_barred(row: Request, permissions: Permissions) -> str:
    """Return what bars somebody who holds a lane from deciding it. No query."""
    rules = rules_for(row.wanted.environment)
    said = [one for one in row.decisions.all() if one.person_id == permissions.user_id]
    if SeparationRule.OUTSIDE_THE_TEAM in rules and row.team_id in permissions.teams:
        return _("You are of the team that asks. In this environment only others decide.")
    if SeparationRule.ONE_LANE_EACH in rules and said:
        words = _("You decided the %(approval)s. Here one person gives one approval.")
        return words % {"approval": approval_name(said[0].lane)}
    return _("The request comes from you, or from an account with your e-mail address.")


def _is_among(user_id: int, people: tuple[User, ...] | None) -> bool:
    return user_id in {person.pk for person in people or ()}
