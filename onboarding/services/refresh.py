"""Refresh: render many namespaces anew with the facts of today, by one request and few decisions.

Each namespace gets a request of its own, with the answers in force, that goes the way of every
other: the same invariants, lanes and separation of duties. Where no path opens or closes, one word
decides them all; the rest are decided one by one.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from onboarding.domain.actions import Action
from onboarding.domain.approval import Signed
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import OPEN_REQUEST
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from onboarding.domain.spec import RequestKind
from onboarding.models import ManagedNamespace, Refresh, Vote
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries import refreshes
from onboarding.queries.namespaces import has_open_request, in_force, is_changeable, visible_to
from onboarding.services import history
from onboarding.services.decide import MAX_REASON, Stale, decide
from onboarding.services.history import About, By
from onboarding.services.preview import NamespaceWish
from onboarding.services.submit import cancel, submit

MOST_AT_ONCE = 100


def ask_refresh(
    chosen: Sequence[int], *, by: By, reason: str, form_key: str, now: datetime
) -> Refresh:
    """Ask to render the namespaces with these ids anew; the same form key is one refresh.

    What cannot be asked for is named in `skipped`, with the reason. Raises NotFound, Forbidden (a
    namespace of a team one neither leads nor, as a platform admin, looks after), Invalid (no
    reason, too many, nothing left to ask for).
    """
    known = _asked_before(by, form_key)
    if known:
        return known
    _check_reason(reason)
    rows = _chosen(chosen, by)
    try:
        with transaction.atomic():
            return _ask(rows, by=by, reason=reason.strip(), form_key=form_key, now=now)
    except IntegrityError as error:
        known = _asked_before(by, form_key)
        if known:
            return known
        raise Conflict("Somebody asked for one of them at the same moment.") from error


def decide_refresh(
    refresh: Refresh,
    *,
    lane: Lane,
    vote: Vote,
    by: By,
    digest: str,
    reason: str,
    now: datetime,
    signature: Signed | None = None,
) -> int:
    """Decide one lane of every request that is decided together; return how many.

    All or none, and no picture is kept: what was shown is the set. Raises what `decide` raises,
    with the namespace it is about, and Stale when the set or a request in it is not what `digest`
    was shown for.
    """
    if vote is Vote.RETURN:
        raise Invalid("There are no answers to edit in it. Approve them, or reject them.")
    with transaction.atomic():
        parts = refreshes.together(refreshes.parts_of(refresh, by.permissions), lane)
        if not parts or digest != refreshes.digest_of_parts(parts):
            raise Stale(f"{refresh.label} is not what you were shown any more. Review it again.")
        for part in parts:
            _decide(part, lane=lane, vote=vote, by=by, reason=reason, now=now, signature=signature)
    return len(parts)


def cancel_refresh(refresh: Refresh, *, by: By, now: datetime) -> int:
    """Take back what of one's own refresh is not decided yet; return how many requests.

    Raises Forbidden for anybody else, Conflict when nothing is left to take back.
    """
    if refresh.asked_by_id != by.user.pk:
        raise Forbidden("Only the person who asked can take it back.")
    with transaction.atomic():
        open_ones = refresh.requests.filter(requester=by.user, state__in=sorted(OPEN_REQUEST))
        ids = list(open_ones.order_by("pk").values_list("pk", flat=True))
        if not ids:
            raise Conflict(f"Nothing of {refresh.label} is left to take back.")
        for request_id in ids:
            cancel(request_id, by=by, now=now)
    return len(ids)


def _decide(
    part: refreshes.RefreshPart,
    *,
    lane: Lane,
    vote: Vote,
    by: By,
    reason: str,
    now: datetime,
    signature: Signed | None,
) -> None:
    row = part.request
    try:
        decide(
            row.pk,
            lane=lane,
            vote=vote,
            by=by,
            digest=row.digest,
            reason=reason,
            now=now,
            signature=signature,
        )
    except Conflict as error:
        raise Conflict(f"{row.name}: {error} Nothing was decided.") from error


def _asked_before(by: By, form_key: str) -> Refresh | None:
    return Refresh.objects.filter(asked_by=by.user, form_key=form_key).first()


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why, for those who decide and for the record.", field="reason")
    if len(reason) > MAX_REASON:
        raise Invalid(f"Use at most {MAX_REASON} characters for the reason.", field="reason")


def _chosen(chosen: Sequence[int], by: By) -> list[ManagedNamespace]:
    wanted = set(chosen)
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(f"Choose at most {MOST_AT_ONCE} namespaces at once.", field="namespaces")
    rows = list(visible_to(by.permissions).filter(pk__in=wanted).order_by("name", "id"))
    if len(rows) != len(wanted):
        raise NotFound("No such namespace.")
    for row in rows:
        if row.team_id not in by.permissions.leads and not by.permissions.is_platform_admin:
            raise Forbidden(f"Only a lead of team {row.team.slug} or a platform admin may ask.")
    return rows


def _ask(
    rows: Sequence[ManagedNamespace], *, by: By, reason: str, form_key: str, now: datetime
) -> Refresh:
    refresh = Refresh.objects.create(
        asked_by=by.user, reason=reason, form_key=form_key, created_at=now
    )
    refused = {row: _ask_for(row, refresh, by=by, now=now) for row in rows}
    skipped: list[Json] = [{"name": row.name, "why": why} for row, why in refused.items() if why]
    asked = [row for row, why in refused.items() if not why]
    if not asked:
        said = " ".join(f"{row.name}: {why}" for row, why in refused.items())
        raise Invalid(f"Nothing can be rendered anew. {said}".strip(), field="namespaces")
    refresh.skipped = skipped
    refresh.save(update_fields=["skipped"])
    teams = {row.team.slug for row in asked}
    clusters = {row.cluster.name for row in asked}
    history.record(
        Action.REFRESH_ASKED,
        actor=by.actor,
        at=now,
        about=About(
            kind="refresh",
            id=refresh.public_id,
            label=refresh.label,
            team=teams.pop() if len(teams) == 1 else "",
            cluster=clusters.pop() if len(clusters) == 1 else "",
        ),
        body={"namespaces": [row.name for row in asked], "skipped": skipped},
        note=reason,
    )
    return refresh


def _ask_for(row: ManagedNamespace, refresh: Refresh, *, by: By, now: datetime) -> str:
    """Send the request of one namespace; return "" or, in words, why there is none."""
    if has_open_request(row):
        return "a request for it is open already."
    revision = in_force(row)
    if revision is None or not is_changeable(row):
        return f"it is {row.state}; it can be rendered anew once it is ready."
    team, cluster, why = row.team, row.cluster, refresh.reason
    spec = load_catalogue().by_today(revision.wanted)
    wish = NamespaceWish(RequestKind.CHANGE, spec, team, cluster, row, refresh=refresh, why=why)
    key = f"refresh-{refresh.public_id}-{row.public_id}"
    try:
        submit(wish, by=by, form_key=key, now=now)
    except Refusal as error:
        return str(error)
    return ""
