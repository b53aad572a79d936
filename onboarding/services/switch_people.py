"""Switch an account off when its person leaves, and on again. Nobody is ever removed.

What the person leaves behind is said on the page beforehand and kept with the event: it was known.
"""

from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.objects import Manifest
from onboarding.domain.refusals import Conflict, Forbidden, Invalid
from onboarding.models import User
from onboarding.queries.identity import active_person_with
from onboarding.queries.leaving import LeftBehind, left_behind
from onboarding.queries.role_holders import is_invited
from onboarding.services import history
from onboarding.services.end_sessions import end_sessions
from onboarding.services.history import By
from onboarding.services.people import (
    check_may_edit,
    check_some_admin,
    lock_person,
    record_invitation,
)

MAX_REASON = 500


class OwnAccount(Forbidden):
    """Somebody else switches it off, or the last one would lock the door behind them."""


def switch_off(person_id: int, *, reason: str, by: By, now: datetime) -> User:
    """Switch an account off and end its sessions; roles and teams stay for the day it is back.

    Raises Forbidden, OwnAccount, NotFound, Invalid (no reason), Conflict (it is off), LastAdmin.
    """
    check_may_edit(by)
    if by.user.pk == person_id:
        raise OwnAccount("Another platform admin switches your account off.")
    if not reason.strip():
        raise Invalid("Say why: auditors read it.", field="reason")
    with transaction.atomic():
        person = lock_person(person_id)
        left = left_behind(person)
        if not User.objects.filter(pk=person_id, is_active=True).update(is_active=False):
            raise Conflict(f"{person.label} is switched off already.")
        check_some_admin()
        ended = end_sessions(person, now=now)
        history.record(
            Action.PERSON_SWITCHED_OFF,
            actor=by.actor,
            at=now,
            about=history.about_user(person),
            body={**_known(left), "sessions": ended},
            note=reason.strip()[:MAX_REASON],
        )
    return person


def switch_on(person_id: int, *, by: By, now: datetime) -> User:
    """Switch an account on again, with the teams and roles it has; invite whom has no password.

    Raises Forbidden, NotFound, Conflict (it is on, or somebody active has its address).
    """
    check_may_edit(by)
    with transaction.atomic():
        person = lock_person(person_id)
        other = active_person_with(person.email, besides=person_id) if person.email else None
        if other:
            raise Conflict(
                f"{other.label}, who is active, has the address {person.email}. One person is one "
                "account: give one of them another address first."
            )
        if not User.objects.filter(pk=person_id, is_active=False).update(is_active=True):
            raise Conflict(f"{person.label} is active already.")
        person.is_active = True
        history.record(
            Action.PERSON_SWITCHED_ON,
            actor=by.actor,
            at=now,
            about=history.about_user(person),
        )
        if is_invited(person):
            record_invitation(person, by.actor, now)
    return person


def _known(left: LeftBehind) -> Manifest:
    """Return what was left behind, as history keeps it."""
    return {
        "teams_without_lead": [team.slug for team in left.missing.teams],
        "approvals_nobody_gives": [lane.value for lane in left.missing.approvals],
        "open_requests": left.requests,
        "drafts": left.drafts,
        "approval_keys": [key.public_id for key in left.keys],
    }
