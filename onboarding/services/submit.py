"""Submit: a wish becomes a row with its plan and digest, and waits for its lanes.

First half of the story submit → decide → reconcile. Idempotent per rendered form: the same form
key is one row and one answer, whatever the network did to the first one.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState, request_sources_of
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, NotNow, Refusal
from onboarding.domain.rules import check_why
from onboarding.domain.spec import RequestKind, dump_spec
from onboarding.models import Cluster, ManagedNamespace, Request, RequestAuthor, RequestLane
from onboarding.plan.model import dump_plan
from onboarding.plan.subject import Subject
from onboarding.queries.deciders import authors_of, barred_from, nobody_can, staff
from onboarding.queries.deviations import standing_foreign
from onboarding.queries.holdings import holdings_of
from onboarding.queries.namespaces import (
    found_uid,
    has_open_request,
    is_changeable,
    may_adopt,
    may_change,
    may_retire,
    why_not_now,
)
from onboarding.queries.requests import EDITABLE, visible_to
from onboarding.queries.rules import violations_of
from onboarding.services import history
from onboarding.services.history import By
from onboarding.services.preview import NamespaceWish, Preview, preview
from onboarding.services.suggest import note_draft, take_up

_MAY_ASK = {
    RequestKind.CHANGE: may_change,
    RequestKind.RETIRE: may_retire,
    RequestKind.ADOPT: may_adopt,
}
# These say yes to what was found on the cluster, so they name it.
_OF_WHAT_WAS_FOUND = frozenset({RequestKind.RETIRE, RequestKind.ADOPT})
# Columns that stand in the digest as they are stored.
_OF_THE_ROW = (
    "name",
    "base_generation",
    "spec",
    "plan",
    "risk",
    "moves_reach",
    "adopted_uid",
    "found",
    "why",
)
_SENT = {
    RequestState.DRAFT: Action.REQUEST_DRAFTED,
    RequestState.PENDING: Action.REQUEST_SUBMITTED,
}


def save_draft(
    wish: NamespaceWish, *, by: By, form_key: str, now: datetime, request: Request | None = None
) -> Request:
    """Keep a wish that is not sent yet, visible to its author alone."""
    if violations := check_why(wish.kind, wish.why, is_draft=True):
        raise Invalid.of(violations)
    return _store(wish, RequestState.DRAFT, by=by, form_key=form_key, now=now, request=request)


def submit(
    wish: NamespaceWish, *, by: By, form_key: str, now: datetime, request: Request | None = None
) -> Request:
    """Send a wish to its lanes; `request` is the draft or returned row being edited.

    Raises Forbidden (not a lead of the team), Invalid with every violation of the rules or with the
    lanes that nobody can decide, Conflict (somebody has the name or an open request by now).
    """
    return _store(wish, RequestState.PENDING, by=by, form_key=form_key, now=now, request=request)


def cancel(request_id: int, *, by: By, now: datetime) -> Request:
    """Take one's own request back. Raises NotFound, Forbidden, or Conflict when it is decided."""
    with transaction.atomic():
        request = visible_to(by.permissions).select_for_update(of=("self",)).filter(pk=request_id)
        row = request.first()
        if row is None:
            raise NotFound
        if row.requester_id != by.user.pk:
            raise Forbidden("Only the person who asked can cancel the request.")
        event = history.record(
            Action.REQUEST_CANCELLED, actor=by.actor, at=now, about=history.about_request(row)
        )
        sources = sorted(request_sources_of(RequestState.CANCELLED))
        moved = Request.objects.filter(pk=row.pk, state__in=sources).update(
            state=RequestState.CANCELLED.value, closed_at=now, last_event=event
        )
        if not moved:
            raise Conflict(f"{row.label} is already {row.state}.")
        row.refresh_from_db()
        return row


def _store(
    wish: NamespaceWish,
    state: RequestState,
    *,
    by: By,
    form_key: str,
    now: datetime,
    request: Request | None,
) -> Request:
    known = _sent_before(by, form_key)
    if known:
        return known
    _check_rights(wish, by)
    prefetch_related_objects([wish.cluster], "ingress_sources")  # asked for by rules and preview
    try:
        if state is RequestState.PENDING:
            _check_rules(wish, now=now, request=request)
        thought = preview(wish)
        if state is RequestState.PENDING:
            _check_wish(wish, thought, by=by, request=request)
        with transaction.atomic():
            return _write(wish, thought, state, by=by, form_key=form_key, now=now, request=request)
    except (Refusal, IntegrityError) as error:
        known = _sent_before(by, form_key)
        if known:  # the same form, sent twice at once: it stands in its own way
            return known
        if isinstance(error, Refusal):
            raise
        raise Conflict(
            f"Somebody else has just asked for {wish.spec.name} on {wish.cluster.name}."
        ) from error


def _sent_before(by: By, form_key: str) -> Request | None:
    return Request.objects.filter(requester=by.user, form_key=form_key).first()


def _check_rights(wish: NamespaceWish, by: By) -> None:
    is_admin = wish.refresh is not None and by.permissions.is_platform_admin
    if wish.team.pk not in by.permissions.leads and not is_admin:
        raise Forbidden(f"Only a lead of team {wish.team.slug} can ask for this.")


def _check_rules(wish: NamespaceWish, *, now: datetime, request: Request | None) -> None:
    """Raise Invalid with everything that the request form would show."""
    violations = check_why(wish.kind, wish.why)
    if wish.kind is not RequestKind.RETIRE:
        violations += violations_of(
            wish.spec,
            wish.kind,
            teams={wish.team.slug},
            clusters=[wish.cluster],
            now=now,
            except_request=request,
        )
    if violations:
        raise Invalid.of(violations)


def _check_wish(wish: NamespaceWish, thought: Preview, *, by: By, request: Request | None) -> None:
    if wish.kind is not RequestKind.ONBOARD:
        _check_namespace(wish, by, request)
    if wish.kind is RequestKind.RETIRE:
        _check_confirmation(wish)
    if wish.kind is RequestKind.CHANGE and thought.is_nothing_new(wish.spec):
        raise Invalid("Nothing would change. Change a field, or leave the page.")
    _check_lanes(wish, thought, by, request)


def _check_lanes(wish: NamespaceWish, thought: Preview, by: By, request: Request | None) -> None:
    """Raise Invalid when a lane has nobody besides those who are barred from it."""
    authors = authors_of(request) | {by.user.pk}
    barred = barred_from(wish.team, wish.spec.environment, authors)
    if problem := nobody_can(staff(thought.lanes, barred), barred):
        raise Invalid(problem)


def _check_namespace(wish: NamespaceWish, by: By, request: Request | None) -> None:
    """Raise Conflict when the namespace cannot be asked for now."""
    if wish.namespace is None:
        raise NotFound
    namespace = ManagedNamespace.objects.get(pk=wish.namespace.pk)
    if wish.refresh:  # the right to ask was checked above
        may_ask = is_changeable(namespace) and not has_open_request(namespace, request)
    else:
        may_ask = _MAY_ASK[wish.kind](by.permissions, namespace, request)
    if not may_ask:
        raise NotNow(why_not_now(namespace, request))
    standing = {(row.object_kind, row.object_name, row.uid) for row in standing_foreign(namespace)}
    gone = [one for one in wish.removes if (one.kind, one.name, one.uid) not in standing]
    if gone:
        raise NotNow(f"{gone[0].kind} {gone[0].name} is gone or was changed. Look at it again.")


def _check_confirmation(wish: NamespaceWish) -> None:
    """Raise Invalid unless the person has typed that what was seen in the namespace may go."""
    holdings = holdings_of(wish.namespace)
    needed = holdings.confirmation if holdings else ""
    if needed and wish.confirms != needed:
        raise Invalid(
            f'{wish.spec.name} is not empty. Type "{needed}" to confirm that all of it goes.',
            field="confirms",
        )


def _write(
    wish: NamespaceWish,
    thought: Preview,
    state: RequestState,
    *,
    by: By,
    form_key: str,
    now: datetime,
    request: Request | None,
) -> Request:
    fields = _fields(wish, thought, state, form_key=form_key, now=now)
    fields["digest"] = _subject(wish, thought, fields, by).digest
    was_returned = request is not None and request.state == RequestState.RETURNED
    if request is None:
        row = _created(wish, fields, by=by, now=now)
    else:
        row = _edited(request, fields, state, by=by, now=now)
    author = RequestAuthor(request=row, person=by.user)
    RequestAuthor.objects.bulk_create([author], ignore_conflicts=True)
    row.lanes.all().delete()
    RequestLane.objects.bulk_create(
        RequestLane(request=row, lane=needed.lane.value, reasons=[*needed.reasons])
        for needed in thought.lanes
    )
    row.state = state.value
    row.last_event = history.record(
        Action.REQUEST_EDITED if was_returned else _SENT[state],
        actor=by.actor,
        at=now,
        about=history.about_request(row),
        body={
            "kind": wish.kind.value,
            "digest": row.digest,
            "lanes": _lane_names(thought),
            "risk": thought.picture.risk.value,
        },
        note=row.why or wish.spec.purpose,
    )
    row.save(update_fields=["state", "last_event"])
    if wish.suggestion and state is RequestState.PENDING:
        take_up(wish.suggestion, row, by=by, now=now)
    elif wish.suggestion:
        note_draft(wish.suggestion, row, by=by)
    # After the row: whoever closes the cluster either finds it, or was first and is seen here.
    if Cluster.objects.filter(pk=wish.cluster.pk, closed_at__isnull=False).exists():
        raise Conflict(f"Cluster {wish.cluster.name} was closed. Nothing can be asked for on it.")
    return row


def _fields(
    wish: NamespaceWish, thought: Preview, state: RequestState, *, form_key: str, now: datetime
) -> dict[str, Any]:
    """Return what a new row and an edited one have in common."""
    names_what_was_found = wish.namespace is not None and wish.kind in _OF_WHAT_WAS_FOUND
    found = wish.namespace.found if wish.namespace and names_what_was_found else None
    return {
        "team": wish.team,
        "cluster": wish.cluster,
        "name": wish.spec.name,
        "spec": dump_spec(wish.spec),
        "plan": dump_plan(thought.plan),
        "risk": thought.picture.risk.value,
        "moves_reach": thought.moves_reach,
        "base_generation": thought.base_generation,
        "adopted_uid": found_uid(wish.namespace) if wish.namespace and found else None,
        "found": found,
        "why": wish.why.strip() or None,
        "form_key": form_key,
        "submitted_at": now if state is RequestState.PENDING else None,
    }


def _subject(wish: NamespaceWish, thought: Preview, fields: dict[str, Any], by: By) -> Subject:
    """Return what approvers will be asked to agree to; `subject_of` reads the same off the row."""
    return Subject(
        kind=wish.kind,
        team=wish.team.public_id,
        cluster=wish.cluster.public_id,
        requester=str(by.user.pk),
        lanes=thought.lanes,
        **{name: fields[name] for name in _OF_THE_ROW},
    )


def _created(wish: NamespaceWish, fields: dict[str, Any], *, by: By, now: datetime) -> Request:
    return Request.objects.create(
        **fields,
        kind=wish.kind.value,
        namespace=wish.namespace,
        refresh=wish.refresh,
        requester=by.user,
        created_at=now,
    )


def _edited(
    request: Request, fields: dict[str, Any], state: RequestState, *, by: By, now: datetime
) -> Request:
    """Rewrite a draft or a returned request; its decisions no longer count.

    A draft is saved again or sent, what was returned is only sent: others know it already.
    """
    if request.requester_id != by.user.pk:
        raise Forbidden("Only the person who asked can edit the request.")
    editable = sorted(EDITABLE & {state, *request_sources_of(state)})
    own = Request.objects.filter(pk=request.pk, requester=by.user, state__in=editable)
    if not own.filter(digest=request.digest).update(**fields):
        if own.exists():
            raise Conflict(f"{request.label} was saved in another tab meanwhile. Look at it again.")
        if request.state == RequestState.RETURNED and state is RequestState.DRAFT:
            raise Conflict(f"{request.label} was returned and is no draft. Send it again.")
        raise Conflict(f"{request.label} can no longer be edited.")
    request.decisions.filter(voided_at__isnull=True).update(voided_at=now)
    return Request.objects.select_related("team", "cluster").get(pk=request.pk)


def _lane_names(thought: Preview) -> list[Json]:
    return [needed.lane.value for needed in thought.lanes]
