"""Suggest: a member hands a prepared change to the leads; a lead takes it up or dismisses it.

It asks for nothing by itself: what a lead makes of it is a request like any other, by that lead.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.invisible import unstorable_in
from onboarding.domain.lifecycle import ENDED
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import ManagedNamespace, Request, Suggestion
from onboarding.queries.namespaces import visible_to
from onboarding.queries.suggestions import may_suggest
from onboarding.services import history
from onboarding.services.history import By

MAX_NOTE = 1000
MOST_OPEN = 20


class NotStanding(Conflict):
    """The suggestion was taken up or dismissed before."""

    title = "This suggestion is settled"


def suggest(
    namespace: ManagedNamespace,
    *,
    by: By,
    answers: Mapping[str, str],
    about: str,
    note: str,
    form_key: str,
    now: datetime,
) -> Suggestion:
    """Keep a prepared change for the leads. Raises NotFound, Forbidden, Invalid, Conflict.

    The same rendered form is one suggestion, however often it is sent.
    """
    if known := _made_before(by, form_key):
        return known
    _check(namespace, by=by, answers=answers, note=note)
    try:
        with transaction.atomic():
            row = Suggestion.objects.create(
                namespace=namespace,
                person=by.user,
                answers=dict(answers),
                about=about[:800],
                note=note.strip(),
                form_key=form_key,
                made_at=now,
            )
            history.record(
                Action.SUGGESTION_MADE,
                actor=by.actor,
                at=now,
                about=history.about_namespace(namespace),
                body={"suggestion": row.public_id, "answers": _as_json(answers), "path": row.about},
                note=row.note,
            )
    except IntegrityError:
        if known := _made_before(by, form_key):  # the same form, sent twice at once
            return known
        raise
    return row


def dismiss(suggestion: Suggestion, *, by: By, reason: str, now: datetime) -> None:
    """Say no to a suggestion, and why. Raises Forbidden, Invalid, NotStanding."""
    _check_lead(suggestion, by)
    if not reason.strip():
        raise Invalid("Say why, for the person who suggested it.", field="reason")
    _check_text(reason, "reason")
    with transaction.atomic():
        _settle(suggestion, dismissed_at=now, dismissed_by=by.user, dismissal=reason.strip())
        history.record(
            Action.SUGGESTION_DISMISSED,
            actor=by.actor,
            at=now,
            about=history.about_namespace(suggestion.namespace),
            body={"suggestion": suggestion.public_id, "by": suggestion.person.label},
            note=reason.strip(),
        )


def is_standing(suggestion: Suggestion) -> bool:
    """Tell whether a suggestion waits for a lead."""
    return suggestion.taken_at is None and suggestion.dismissed_at is None


def check_standing(suggestion: Suggestion) -> None:
    """Raise NotStanding, and say what became of it, unless a suggestion waits for a lead."""
    if suggestion.taken_at and suggestion.taken_as:
        raise NotStanding(f"It was taken up as {suggestion.taken_as.label}.")
    if suggestion.dismissed_at:
        raise NotStanding(f"It was dismissed: {suggestion.dismissal}")


def take_up(suggestion: Suggestion, request: Request, *, by: By, now: datetime) -> None:
    """Say that a lead's own request came of a suggestion. Raises Forbidden, NotStanding.

    The request's part of history tells who suggested it, and in which words. Called where the
    request is stored, in its transaction: there is never one without the other.
    """
    _check_own(suggestion, request, by)
    words = f"Suggested by {suggestion.person.label}"
    with transaction.atomic():
        _settle(suggestion, taken_at=now, taken_as=request)
        history.record(
            Action.SUGGESTION_TAKEN,
            actor=by.actor,
            at=now,
            about=history.about_request(request),
            body={"suggestion": suggestion.public_id, "by": suggestion.person.label},
            note=f"{words}: {suggestion.note}" if suggestion.note else words,
        )


def note_draft(suggestion: Suggestion, draft: Request, *, by: By) -> None:
    """Note that a lead's draft comes of a suggestion, which goes on waiting. Raises Forbidden.

    Nobody is told: nobody else sees a draft, and it may be dropped. It is taken up when the draft
    is sent; of several drafts, by the one that was saved last. What was settled meanwhile stays so.
    """
    _check_own(suggestion, draft, by)
    _standing(suggestion).update(taken_as=draft)


def _settle(suggestion: Suggestion, **fields: object) -> None:
    if not _standing(suggestion).update(**fields):
        raise NotStanding("Another lead took it up or dismissed it. Nothing was changed.")


def _standing(suggestion: Suggestion) -> QuerySet[Suggestion]:
    return Suggestion.objects.filter(pk=suggestion.pk, taken_at=None, dismissed_at=None)


def _made_before(by: By, form_key: str) -> Suggestion | None:
    return Suggestion.objects.filter(person=by.user, form_key=form_key).first()


def _check(namespace: ManagedNamespace, *, by: By, answers: Mapping[str, str], note: str) -> None:
    if not visible_to(by.permissions).filter(pk=namespace.pk).exists():
        raise NotFound
    if namespace.team_id in by.permissions.leads:
        raise Forbidden("You lead the team: prepare the change and send it yourself.")
    if not may_suggest(by.permissions, namespace):
        raise Forbidden("Only people of the team can suggest a change to its leads.")
    if not answers:
        raise Invalid("There is nothing to ask for that would allow this.")
    if namespace.state in ENDED:
        raise Conflict(f"{namespace.name} is over. Nothing can be suggested for it.")
    _check_text(note, "note")
    standing = Suggestion.objects.filter(person=by.user, taken_at=None, dismissed_at=None)
    if standing.filter(namespace=namespace).count() >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} of your suggestions wait already. Speak to a lead first.")


def _check_lead(suggestion: Suggestion, by: By) -> None:
    if suggestion.namespace.team_id not in by.permissions.leads:
        raise Forbidden("Only a lead of the team can settle a suggestion.")


def _check_own(suggestion: Suggestion, request: Request, by: By) -> None:
    _check_lead(suggestion, by)
    if request.requester_id != by.user.pk or request.namespace_id != suggestion.namespace_id:
        raise Forbidden("Only a request of one's own, for the same namespace, can come of it.")


def _check_text(written: str, field: str) -> None:
    if len(written) > MAX_NOTE:
        raise Invalid(f"Use at most {MAX_NOTE} characters.", field=field)
    if unstorable_in(written):
        raise Invalid("The text holds a character that cannot be stored.", field=field)


def _as_json(answers: Mapping[str, str]) -> dict[str, Json]:
    return {**answers}
