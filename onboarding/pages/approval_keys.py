"""What the page of approval keys shows: one's own passkeys, and for platform admins all keys."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.domain.approval import Enrolment, Unreadable, fingerprint, to_text
from onboarding.models import ApprovalKey, User
from onboarding.queries.approval_keys import confirming, usable_keys_of, with_words
from onboarding.queries.identity import accounts_of_one_person
from onboarding.queries.passkeys import Passkey, passkeys_of
from onboarding.queries.permissions import Permissions


@dataclass(frozen=True)
class KeyLine:
    """One approval key: how it stands, and what the reader may do about it.

    `enrolment` is what it says of itself; None where that cannot be read, or is of somebody else.
    """

    key: ApprovalKey
    enrolment: Enrolment | None
    fingerprint: str
    state: str
    is_confirmed: bool
    is_revoked: bool
    may_confirm: bool
    may_revoke: bool


@dataclass(frozen=True)
class ApprovalKeysPage:
    """The page's contents. `passkeys` are the reader's that could be asked for.

    `others` is None for who is no platform admin. `has_passkeys` counts those enrolled too.
    """

    has_passkeys: bool
    passkeys: list[Passkey]
    lanes: list[str]
    confirms: bool
    own: list[KeyLine]
    others: list[KeyLine] | None
    lacks_own_key: bool


def build_approval_keys_page(person: User, permissions: Permissions) -> ApprovalKeysPage:
    """Return everything the page shows. Eight queries."""
    is_admin = permissions.is_platform_admin
    rows = with_words(ApprovalKey.objects.all())
    shown = list(rows if is_admin else rows.filter(person=person))
    has_key = bool(confirming(usable_keys_of(person)))
    same = set(accounts_of_one_person(person.pk).values_list("pk", flat=True)) if is_admin else ()
    lines = [
        _line(key, may_confirm=is_admin and has_key and key.person_id not in same) for key in shown
    ]
    passkeys, kept = (
        passkeys_of(person),
        {one.key.credential for one in lines if not one.is_revoked},
    )
    return ApprovalKeysPage(
        has_passkeys=bool(passkeys),
        passkeys=[one for one in passkeys if to_text(one.credential) not in kept],
        lanes=sorted(lane.value for lane in permissions.lanes),
        confirms=is_admin,
        own=[line for line in lines if line.key.person_id == person.pk],
        others=[line for line in lines if line.key.person_id != person.pk] if is_admin else None,
        lacks_own_key=is_admin and not has_key,
    )


def _line(key: ApprovalKey, *, may_confirm: bool) -> KeyLine:
    confirmed, revoked = bool(key.is_confirmed), bool(key.is_revoked)  # type: ignore[attr-defined]
    enrolment = _enrolment(key)
    words = _("Confirmed") if confirmed else _("Waits for another person")
    readable = words if enrolment else _("Cannot be read")
    return KeyLine(
        key=key,
        enrolment=enrolment,
        fingerprint=fingerprint(key.statement.encode()),
        state=_("Revoked") if revoked else readable,
        is_confirmed=confirmed,
        is_revoked=revoked,
        may_confirm=may_confirm and enrolment is not None and not confirmed and not revoked,
        may_revoke=not revoked,
    )


def _enrolment(key: ApprovalKey) -> Enrolment | None:
    try:
        enrolment = Enrolment.read(key.statement.encode())
    except Unreadable:
        return None
    return enrolment if enrolment.person == str(key.person_id) else None
