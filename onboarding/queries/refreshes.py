"""Reading refreshes: what could be rendered anew by whom, and how the requests of one stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST, RequestState
from onboarding.domain.refusals import NotFound
from onboarding.models import ManagedNamespace, Refresh, Request, Revision
from onboarding.plan.digest import digest_of_set
from onboarding.plan.model import Plan, load_plan
from onboarding.plan.refresh import is_same_reach
from onboarding.queries import namespaces, requests
from onboarding.queries.connectivity import picture_of_plans
from onboarding.queries.leads import abandoned_among
from onboarding.queries.permissions import Permissions
from onboarding.queries.rendering import request_today


class Standing(StrEnum):
    """How a request of a refresh is to be decided."""

    TOGETHER = "together"  # reach stays as it is: one word for all of them
    ALONE = "alone"  # a path opens or closes: each on its own page
    MOVED_ON = "moved-on"  # facts, namespace or who asked changed since: it cannot be approved
    OVER = "over"


@dataclass(frozen=True)
class RefreshPart:
    """One request of a refresh. `before` is the plan it was made against."""

    request: Request
    standing: Standing
    before: Plan | None
    after: Plan


def outdated_for(permissions: Permissions) -> QuerySet[ManagedNamespace]:
    """Return the outdated namespaces a person may ask to render anew, by name."""
    rows = namespaces.visible_to(permissions).filter(outdated__isnull=False)
    if not permissions.is_platform_admin:
        rows = rows.filter(team__in=permissions.leads)
    return rows.exclude(state__in=sorted(ENDED)).order_by("name", "id")


def with_open_request(rows: QuerySet[ManagedNamespace]) -> QuerySet[ManagedNamespace]:
    """Return the rows with `is_asked`: whether a request for them is open."""
    return rows.annotate(is_asked=_has_open_request())


def without_open_request(rows: QuerySet[ManagedNamespace]) -> QuerySet[ManagedNamespace]:
    """Return those of the rows nobody has an open request for."""
    return rows.filter(~_has_open_request())


def _has_open_request() -> Exists:
    return Exists(Request.objects.filter(namespace=OuterRef("pk"), state__in=sorted(OPEN_REQUEST)))


def visible_to(permissions: Permissions) -> QuerySet[Refresh]:
    """Return the refreshes a person may know of: those with a request they may see."""
    rows = Refresh.objects.select_related("asked_by")
    if permissions.sees_everything:
        return rows
    own = Request.objects.filter(refresh=OuterRef("pk"), team__in=permissions.teams)
    return rows.filter(Exists(own))


def load_refresh(permissions: Permissions, public_id: str) -> Refresh:
    """Return a refresh the person may know of. Raise NotFound for every other."""
    row = visible_to(permissions).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("No such request.")
    return row


def waiting_refreshes(permissions: Permissions) -> QuerySet[Refresh]:
    """Return the refreshes with requests that wait for the person's lanes, oldest first."""
    waiting = requests.waiting_for(permissions).filter(refresh=OuterRef("pk")).order_by()
    return Refresh.objects.filter(Exists(waiting)).select_related("asked_by").order_by("id")


def parts_of(refresh: Refresh, permissions: Permissions) -> list[RefreshPart]:
    """Return the requests the person may see, by name, and how each is to be decided."""
    rows = (
        requests.visible_to(permissions)
        .filter(refresh=refresh)
        .select_related("namespace")
        .prefetch_related(*requests.LANES_READ, "cluster__ingress_sources")
        .order_by("name", "id")
    )
    children = list(rows)
    before, lost = _plans_before(children), abandoned_among(children)
    return [_part(child, before.get(child.pk), is_abandoned=child.pk in lost) for child in children]


def together(parts: Iterable[RefreshPart], lane: Lane) -> list[RefreshPart]:
    """Return the parts that wait for the lane and are decided by one word."""
    return [
        part
        for part in parts
        if part.standing is Standing.TOGETHER and lane in undecided_lanes(part.request)
    ]


def undecided_lanes(row: Request) -> list[Lane]:
    """Return the lanes nobody decided yet, of a request read with LANES_READ."""
    decided = {decision.lane for decision in row.decisions.all()}
    return [Lane(needed.lane) for needed in row.lanes.all() if needed.lane not in decided]


def digest_of_parts(parts: Sequence[RefreshPart]) -> str:
    """Return what one word for all of them binds to: which requests, and each one's digest."""
    return digest_of_set(named_parts(parts))


def named_parts(parts: Sequence[RefreshPart]) -> list[tuple[str, str]]:
    """Return the public id of each request, and its digest."""
    return [(part.request.public_id, part.request.digest) for part in parts]


def _plans_before(children: Sequence[Request]) -> dict[int, Plan]:
    """Return the plan each request was made against, by the request. One query."""
    asked = Q(pk__in=[])
    for child in children:
        asked |= Q(namespace=child.namespace_id, number=child.base_generation)
    plans = {(row.namespace_id, row.number): row.plan for row in Revision.objects.filter(asked)}
    return {
        child.pk: load_plan(plans[child.namespace_id or 0, child.base_generation])
        for child in children
        if (child.namespace_id, child.base_generation) in plans
    }


def _part(child: Request, before: Plan | None, *, is_abandoned: bool) -> RefreshPart:
    after = load_plan(child.plan)
    standing = _standing(child, before, after)
    if is_abandoned and standing is not Standing.OVER:
        standing = Standing.MOVED_ON
    return RefreshPart(child, standing, before, after)


def _standing(child: Request, before: Plan | None, after: Plan) -> Standing:
    if child.state != RequestState.PENDING.value:
        return Standing.OVER
    namespace, again = child.namespace, request_today(child)
    if namespace is None or before is None or again is None or again.differs:
        return Standing.MOVED_ON
    if namespace.generation != child.base_generation:
        return Standing.MOVED_ON
    return Standing.ALONE if _moves_reach(child, before, after) else Standing.TOGETHER


def _moves_reach(child: Request, before: Plan, after: Plan) -> bool:
    """Tell whether a path opens or closes: as it was when sent, or as the cluster is seen by now.

    What moved reach when it was sent is decided alone even if it no longer does.
    """
    if is_same_reach(before, after):
        return False
    if child.moves_reach is not False:
        return True
    uid = child.namespace.uid if child.namespace else ""
    return picture_of_plans(child.cluster, child.name, before=before, after=after, uid=uid).moves
