"""Decide: one person's word on one lane, for exactly the digest they were shown.

Second step of submit → decide → reconcile. The last approval writes the revision and what the
namespace shall be, in the same transaction; a decision is not an effect, so nothing else happens
here. The row lock and the conditional UPDATE make one winner of any number of deciders.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from onboarding.domain.actions import Action
from onboarding.domain.approval import Signed
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState, RequestState, sources_of
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.domain.spec import RequestKind
from onboarding.models import (
    Decision,
    DecisionPicture,
    ManagedNamespace,
    Request,
    RequestLane,
    Revision,
    Run,
    User,
    Vote,
)
from onboarding.plan.model import load_plan
from onboarding.queries.leads import why_abandoned
from onboarding.queries.namespaces import is_asked_for, next_generation
from onboarding.queries.rendering import request_today
from onboarding.queries.requests import visible_to
from onboarding.queries.revision_words import ApprovedStep, approved_of, effect_of
from onboarding.queries.subjects import subject_of
from onboarding.reachability.kept import dump_shown
from onboarding.reachability.shown import Shown
from onboarding.services import hints, history
from onboarding.services.history import By
from onboarding.services.open_runs import end_open_runs
from onboarding.services.outdated import note_outdated
from onboarding.services.separation import check_own, check_rules
from onboarding.services.signed_words import check_decision, keep, told
from onboarding.services.waiting import NOT_WAITING

_ENDS = {Vote.RETURN: RequestState.RETURNED, Vote.REJECT: RequestState.REJECTED}
_ACTIONS = {
    Vote.APPROVE: Action.LANE_APPROVED,
    Vote.RETURN: Action.REQUEST_RETURNED,
    Vote.REJECT: Action.REQUEST_REJECTED,
}
# What an earlier generation's work left to be read says nothing of the next one's.
_FROM_THE_START: dict[str, Any] = {"attempts": 0, "reason": "", "message": "", **NOT_WAITING}
MAX_REASON = 1000


class Stale(Conflict):
    """The request is not the one that was shown."""


@dataclass(frozen=True)
class Pictured:
    """What the page shows now, and `Shown.token` of what it showed the person."""

    now: Shown
    token: str


class NotAsItWasSent(Conflict):
    """What the rows say is not what their digest is of: nobody can know what would be approved."""

    title = "Not as it was sent"


class ShownOtherwise(Conflict):
    """What the request opens is not what the person was shown."""

    title = "It opens something else by now"


class RenderedDifferently(Conflict):
    """With the facts of today the request would not be what was sent."""

    title = "Rendered differently today"


def decide(
    request_id: int,
    *,
    lane: Lane,
    vote: Vote,
    by: By,
    digest: str,
    reason: str,
    now: datetime,
    signature: Signed | None = None,
    picture: Pictured | None = None,
) -> Request:
    """Record the decision; with the last approval, set what the namespace shall be.

    `picture` is compared and kept with the decision; `decide_as_shown` works it out.
    Raises NotFound, Forbidden (lane, own request), SignatureNeeded, Invalid (no reason given, the
    signature is not of this), Conflict (decided, edited or withdrawn in the meantime, shown
    otherwise, approved although its requester lost the right to it, or would be rendered
    differently today).
    """
    with transaction.atomic():
        request = (
            visible_to(by.permissions).select_for_update(of=("self",)).filter(pk=request_id).first()
        )
        if request is None:
            raise NotFound
        _check_person(request, lane, by)
        _check_state(request, lane, digest=digest, by=by, now=now)
        _check_vote(request, vote, reason)
        _check_shown(request, picture)
        key = check_decision(
            request, lane, vote, by=by.user, reason=reason, signature=signature, now=now
        )
        decision = _write(request, lane, vote, by=by, reason=reason, now=now)
        if picture:
            DecisionPicture.objects.create(decision=decision, shown=dump_shown(picture.now))
        keep(decision, key, signature)
        event = history.record(
            _ACTIONS[vote],
            actor=by.actor,
            at=now,
            about=history.about_request(request),
            body={
                "lane": lane.value,
                "vote": vote.value,
                "digest": decision.digest,
                **told(key, signature),
            },
            note=reason,
        )
        if vote is not Vote.APPROVE:
            _close(request, _ENDS[vote], event_id=event.pk, now=now)
        elif not _undecided(request):
            _take_effect(request, by=by, now=now)
    request.refresh_from_db()
    return request


def _check_person(request: Request, lane: Lane, by: By) -> None:
    check_own(request, by.user)
    if lane not in by.permissions.lanes:
        raise Forbidden(f"You are not one of the {lane} approvers.")
    check_rules(request, by.user, lane)
    if lane.value not in request.lanes.values_list("lane", flat=True):
        raise Invalid(f"{request.label} needs no {lane} approval.")


def _check_state(request: Request, lane: Lane, *, digest: str, by: By, now: datetime) -> None:
    earlier = (
        Decision.objects.filter(request=request, lane=lane.value, voided_at__isnull=True)
        .select_related("person")
        .first()
    )
    if earlier:
        raise Conflict(_who_was_first(earlier, by.user, now))
    if request.state != RequestState.PENDING:
        raise Conflict(f"{request.label} is {request.state} and cannot be decided now.")
    if digest != request.digest:
        raise Stale(f"{request.label} was edited after you opened it. Review it again.")


def _who_was_first(decision: Decision, asking: User, now: datetime) -> str:
    said = {
        Vote.APPROVE: "approved",
        Vote.RETURN: "returned",
        Vote.REJECT: "rejected",
    }[Vote(decision.vote)]
    if decision.person_id == asking.pk:
        return f"You already {said} this for {decision.lane}."
    seconds = max(0, int((now - decision.decided_at).total_seconds()))
    ago = f"{seconds} s ago" if seconds < 90 else f"{seconds // 60} min ago"
    return f"{decision.person.label} {said} this for {decision.lane} {ago}."


def _check_vote(request: Request, vote: Vote, reason: str) -> None:
    if vote is Vote.APPROVE:
        _check_digest(request)
        _check_requester(request)
        _check_today(request)
    if vote is Vote.RETURN and request.refresh_id:
        raise Invalid("There are no answers to edit in it. Approve it, or reject it.")
    _check_reason(vote, reason)


def _check_shown(request: Request, picture: Pictured | None) -> None:
    if picture and picture.now.token != picture.token:
        raise ShownOtherwise(
            f"What {request.label} opens changed while you read. Nothing was decided."
        )


def _check_digest(request: Request) -> None:
    """Raise NotAsItWasSent unless the digest is that of everything the row says."""
    if subject_of(request).digest == request.digest:
        return
    way_on = "Reject it" if request.refresh_id else "Return it; sending it again mends that"
    raise NotAsItWasSent(
        f"The digest of {request.label} is not that of what it says now. It was sent by an "
        f"earlier release, or somebody changed it behind the portal. {way_on}."
    )


def _check_today(request: Request) -> None:
    """Raise RenderedDifferently when the approval would bring about what nobody would ask for."""
    again = request_today(request)
    if again is None or not again.differs:
        return
    if again.today is None:
        way_on = "Reject it." if request.refresh_id else "Return it for other answers."
        raise RenderedDifferently(
            f"{request.label} cannot be rendered any more. {again.trouble} {way_on}"
        )
    way_on = (
        "Reject it; a new request renders it anew."
        if request.refresh_id
        else "Return it; sending it again renders it anew."
    )
    raise RenderedDifferently(f"{request.label} would be rendered differently today. {way_on}")


def _check_reason(vote: Vote, reason: str) -> None:
    if vote is not Vote.APPROVE and not reason.strip():
        raise Invalid("Give a reason, so that the team knows what to change.", field="reason")
    if len(reason) > MAX_REASON:
        raise Invalid(f"Use at most {MAX_REASON} characters for the reason.", field="reason")


def _check_requester(request: Request) -> None:
    """Raise Conflict when nobody stands behind the request any more."""
    if why := why_abandoned(request):
        way_on = "Reject" if request.refresh_id else "Return or reject"
        raise Conflict(
            f"{why} {way_on} the request; a lead of {request.team.slug} can take it over."
        )


def _write(
    request: Request, lane: Lane, vote: Vote, *, by: By, reason: str, now: datetime
) -> Decision:
    try:
        with transaction.atomic():
            return Decision.objects.create(
                request=request,
                lane=lane.value,
                vote=vote,
                person=by.user,
                requester_id=request.requester_id,
                digest=request.digest,
                reason=reason,
                decided_at=now,
            )
    except IntegrityError as error:
        raise Conflict(
            f"Somebody decided this for {lane} at the same moment. Look again."
        ) from error


def _undecided(request: Request) -> bool:
    approved = Decision.objects.filter(
        request=request, vote=Vote.APPROVE, voided_at__isnull=True
    ).values("lane")
    return RequestLane.objects.filter(request=request).exclude(lane__in=approved).exists()


def _close(request: Request, state: RequestState, *, event_id: int, now: datetime) -> None:
    closed_at = None if state is RequestState.RETURNED else now
    moved = Request.objects.filter(pk=request.pk, state=RequestState.PENDING.value).update(
        state=state.value, closed_at=closed_at, last_event=event_id
    )
    if not moved:
        raise Conflict(f"{request.label} was decided at the same moment. Look again.")


def _take_effect(request: Request, *, by: By, now: datetime) -> None:
    """Write the revision and set the namespace's wanted generation; hint a worker."""
    approved = history.record(
        Action.REQUEST_APPROVED,
        actor=by.actor,
        at=now,
        about=history.about_request(request),
        body={"digest": request.digest},
    )
    namespace = _wanted_namespace(request, by=by, now=now)
    Revision.objects.create(
        namespace=namespace,
        number=namespace.generation,
        request=request,
        spec=request.spec,
        plan=request.plan,
        digest=request.digest,
        created_at=now,
    )
    Request.objects.filter(pk=request.pk).update(namespace=namespace)
    _close(request, RequestState.APPROVED, event_id=approved.pk, now=now)
    note_outdated(ManagedNamespace.objects.filter(pk=namespace.pk), now=now)
    hints.hint(namespace.pk)


def _wanted_namespace(request: Request, *, by: By, now: datetime) -> ManagedNamespace:
    if request.kind == RequestKind.ONBOARD:
        return _new_namespace(request, by=by, now=now)
    retiring = request.kind == RequestKind.RETIRE
    state = NamespaceState.REVOKING if retiring else NamespaceState.WANTED
    if request.namespace is None:
        raise NotFound
    namespace = request.namespace
    _check_found(request, namespace)
    generation = next_generation(namespace, request.base_generation)
    before = _revision_before(namespace, request.base_generation)
    adopts: Manifest = {"adopts": request.adopted_uid} if request.adopted_uid else {}
    event = history.record(
        Action.NAMESPACE_RETIRING if retiring else Action.NAMESPACE_WANTED,
        actor=by.actor,
        at=now,
        about=history.about_namespace(namespace, request=request.label),
        body=_effect(request, generation, before) | adopts,
    )
    moved = ManagedNamespace.objects.filter(
        pk=namespace.pk, generation=request.base_generation, state__in=sorted(sources_of(state))
    ).update(
        generation=generation,
        state=state.value,
        next_at=now,
        last_event=event,
        **_taken_over(request, namespace, before, now=now),
        **_FROM_THE_START,
    )
    if not moved:
        way_on = "Reject it." if request.refresh_id else "Return it."
        raise Stale(f"{namespace.name} has changed since {request.label} was made. {way_on}")
    end_open_runs(Run.objects.filter(namespace=namespace), Run.Outcome.SUPERSEDED, now=now)
    namespace.refresh_from_db()
    return namespace


def _revision_before(namespace: ManagedNamespace, generation: int) -> Revision | None:
    """Return the newest revision up to the generation that a request was made against."""
    return namespace.revisions.filter(number__lte=generation).order_by("-number").first()


def _effect(request: Request, generation: int, before: Revision | None) -> Manifest:
    """Return what history says of a revision: its number, its digest, what it opens and closes.

    Words for people, by the engine and not by the form's answers. No worker reads them.
    """
    after = ApprovedStep(request.wanted, load_plan(request.plan))
    words = effect_of(request.name, approved_of(before) if before else None, after)
    effect: list[Json] = [*words]
    return {"generation": generation, "digest": request.digest, "effect": effect}


def _check_found(request: Request, namespace: ManagedNamespace) -> None:
    """Raise Stale when what an adoption was asked for is no longer what is found."""
    if request.kind == RequestKind.ADOPT and not is_asked_for(namespace, request.adopted_uid):
        raise Stale(
            f"What was found under {namespace.name} is not there any more, or is another one than "
            f"{request.label} shows. Return it."
        )


def _taken_over(
    request: Request, namespace: ManagedNamespace, before: Revision | None, *, now: datetime
) -> dict[str, object]:
    """Return whose uid the row has from now on, where that was shown, and when its life ends."""
    fields: dict[str, object] = {"found": None}
    if request.kind != RequestKind.ADOPT:  # to take over again is no new lifetime
        fields["expires_at"] = _next_expiry(request, namespace, before, now=now)
    if is_asked_for(namespace, request.adopted_uid):
        fields |= {"uid": request.adopted_uid, "known_uid": request.adopted_uid}
    return fields


def _new_namespace(request: Request, *, by: By, now: datetime) -> ManagedNamespace:
    try:
        with transaction.atomic():
            namespace = ManagedNamespace.objects.create(
                cluster=request.cluster,
                name=request.name,
                team=request.team,
                generation=1,
                next_at=now,
                created_at=now,
                expires_at=_expiry(request, now),
            )
    except IntegrityError as error:
        raise Conflict(f"{request.name} is taken on {request.cluster.name} by now.") from error
    namespace.last_event = history.record(
        Action.NAMESPACE_WANTED,
        actor=by.actor,
        at=now,
        about=history.about_namespace(namespace, request=request.label),
        body=_effect(request, 1, None),
    )
    namespace.save(update_fields=["last_event"])
    return namespace


def _next_expiry(
    request: Request, namespace: ManagedNamespace, before: Revision | None, *, now: datetime
) -> datetime | None:
    """Return when it ends from now on: the same answers again are no new lease of life."""
    is_same = (
        before is not None
        and before.number == request.base_generation
        and before.spec == request.spec
    )
    return namespace.expires_at if is_same else _expiry(request, now)


def _expiry(request: Request, now: datetime) -> datetime | None:
    days = request.wanted.lifetime_days
    return now + timedelta(days=days) if days else None
