"""Remove a second factor that its owner has lost: by another platform admin, or the console."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Conflict, Forbidden, Invalid
from onboarding.models import User
from onboarding.queries.approval_keys import standing_keys_of
from onboarding.services import history
from onboarding.services.approval_keys import revoke_approval_key
from onboarding.services.end_sessions import end_sessions
from onboarding.services.history import Actor, By

MAX_CHECK = 500


class OwnSecondFactor(Forbidden):
    """One's own is changed on the account page, where it is asked for first."""


def remove_second_factor(
    person: User,
    *,
    checked: str,
    actor: Actor,
    now: datetime,
    by: By | None = None,
    revoke_keys: bool = False,
) -> None:
    """Remove every second factor of a person and end their sessions, with one event.

    `checked` says how whoever removes it made sure that it is the person who asks. `by` is None on
    the console. `revoke_keys` takes the person's approval keys too: who found the device has them.
    Raises Forbidden (no platform admin), OwnSecondFactor, Invalid, Conflict where there is none.
    """
    _check_right(person, actor, by)
    if not checked.strip():
        raise Invalid("Say how you made sure that it is the person who asks.", field="checked")
    with transaction.atomic():
        factors = Authenticator.objects.select_for_update().filter(user=person)
        kinds = sorted(factors.values_list("type", flat=True))
        if not kinds:
            raise Conflict(f"{person.label} has no second factor.")
        factors.delete()
        end_sessions(person, now=now)
        history.record(
            Action.SECOND_FACTOR_REMOVED,
            actor=actor,
            at=now,
            about=history.about_user(person),
            body={"factors": [*kinds]},
            note=checked.strip()[:MAX_CHECK],
        )
        for key in standing_keys_of(person) if revoke_keys else ():
            revoke_approval_key(key, actor=actor, by=by, now=now)


def _check_right(person: User, actor: Actor, by: By | None) -> None:
    if by and not by.permissions.is_platform_admin:
        raise Forbidden("Platform admins remove a lost second factor.")
    if actor.id == str(person.pk):
        raise OwnSecondFactor("Another platform admin removes your second factor.")
