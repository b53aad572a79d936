"""Comment: a question or an answer about a request, while it is open. It voids no decision.

An event and nothing else: the row of the request stays as it is, and with it what was approved.
"""

from datetime import datetime, timedelta

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.domain.rules import check_comment
from onboarding.models import Event, Request
from onboarding.queries.conversation import (
    MOST_COMMENTS,
    comments_on,
    is_under_discussion,
    takes_part,
)
from onboarding.queries.requests import visible_to
from onboarding.services import history
from onboarding.services.history import By

SAME_WITHIN = timedelta(minutes=2)


def comment(request_id: int, *, by: By, text: str, now: datetime) -> Event:
    """Write something about a request; the same said twice at once is said once.

    Raises NotFound, Forbidden (only reads), Conflict (closed, or said enough), Invalid (nothing
    written, or nothing that can be read).
    """
    with transaction.atomic():
        rows = visible_to(by.permissions).select_for_update(of=("self",))
        row = rows.filter(pk=request_id).exclude(state=RequestState.DRAFT.value).first()
        if row is None:
            raise NotFound
        _check(row, by)
        if violations := check_comment(text):
            raise Invalid.of(violations)
        before = comments_on(row)
        if before and _is_same(before[-1], by, text.strip(), now):
            return before[-1]
        if len(before) >= MOST_COMMENTS:
            raise Conflict(f"{MOST_COMMENTS} messages are the most there can be. Meet, or call.")
        return history.record(
            Action.REQUEST_COMMENTED,
            actor=by.actor,
            at=now,
            about=history.about_request(row),
            body={"digest": row.digest},
            note=text.strip(),
        )


def _check(row: Request, by: By) -> None:
    if not takes_part(by.permissions, row):
        raise Forbidden("Only the team, approvers and platform admins write here. You may read.")
    if not is_under_discussion(row):
        raise Conflict(f"{row.label} is {row.state}. Nothing can be written about it any more.")


def _is_same(last: Event, by: By, text: str, now: datetime) -> bool:
    is_theirs = (last.actor_id, last.note) == (by.actor.id, text)
    return is_theirs and now - last.at <= SAME_WITHIN
