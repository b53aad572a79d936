"""Enrol a passkey for approvals: one person asks, another confirms; either may revoke.

The one who asks signs with the passkey itself. Who confirms signs too, with an approval key that
may, or is the console, which seals with the installation's root. Losing the right takes one person.
"""

from datetime import datetime, timedelta

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.approval import (
    MAY_TAKE,
    Enrolment,
    Signed,
    Unreadable,
    confirmation,
    differing,
    fingerprint,
    read_time,
    to_text,
)
from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.refusals import Conflict, Forbidden, Invalid, NotFound
from onboarding.models import ApprovalKey, ApprovalKeyWord, User
from onboarding.queries.approval_keys import REVOKED, confirming, usable, usable_keys_of, waiting
from onboarding.queries.identity import accounts_of_one_person
from onboarding.services import history
from onboarding.services.approval_root import seal
from onboarding.services.assertions import NotVerified, check_assertion, read_key
from onboarding.services.history import CONSOLE, Actor, By
from onboarding.services.installation import portal_identity
from onboarding.services.key_ring import NotEnrolled, read_enrolment

Verb = ApprovalKeyWord.Verb


def enrolment_for(by: By, *, credential: bytes, public_key: bytes, now: datetime) -> Enrolment:
    """Return what the person has to sign to ask for a passkey: every lane they hold now.

    Raises Forbidden for who decides nothing and confirms nobody.
    """
    lanes = tuple(sorted(lane.value for lane in by.permissions.lanes))
    confirms = by.permissions.is_platform_admin
    if not lanes and not confirms:
        raise Forbidden("Approval keys are for approvers and platform admins.")
    return Enrolment(
        portal=portal_identity(),
        person=str(by.user.pk),
        credential=credential,
        public_key=public_key,
        lanes=lanes,
        confirms=confirms,
        asked_at=now,
    )


def ask_approval_key(
    by: By, *, credential: bytes, public_key: bytes, name: str, signed: Signed, now: datetime
) -> ApprovalKey:
    """Ask to enrol a passkey of one's own; it counts once somebody else has confirmed it.

    `credential` and `public_key` are those of a passkey the person registered for signing in.
    Raises Forbidden, Invalid (not signed by it, or something else), Conflict (enrolled already).
    """
    said = _read_enrolment(signed)
    expected = enrolment_for(by, credential=credential, public_key=public_key, now=said.asked_at)
    _check_signed(signed, expected.statement(), expected.public_key, at=said.asked_at, now=now)
    with transaction.atomic():
        _check_new(credential)
        key = ApprovalKey.objects.create(
            person=by.user,
            name=name[:100],
            credential=to_text(credential),
            lanes=[*expected.lanes],
            confirms=expected.confirms,
            asked_at=said.asked_at,
            statement=signed.statement.decode(),
            proof=signed.proof(),
        )
        _record(Action.APPROVAL_KEY_ASKED, key, by.actor, now, signed=_evidence(signed))
    return key


def confirmation_for(key: ApprovalKey, *, by: By, now: datetime) -> Manifest:
    """Return what the person has to sign to confirm a key. Raises Forbidden, Conflict."""
    _check_other(key, by)
    _check_waiting(key)
    enrolled = key.statement.encode()
    return confirmation(portal_identity(), enrolment=enrolled, person=str(by.user.pk), at=now)


def confirm_approval_key(key: ApprovalKey, *, by: By, signed: Signed, now: datetime) -> None:
    """Confirm another person's key with an own one.

    Raises Forbidden (one's own, no key that may confirm), Invalid (not signed, or something else),
    Conflict (confirmed or revoked already).
    """
    with transaction.atomic():
        now_read = _read_again(key)
        own = _own_key(by, signed)
        try:
            at = read_time(signed.said.get("at"))
        except Unreadable as error:
            raise Invalid(f"The signature cannot be accepted: {error}.") from error
        expected = confirmation_for(now_read, by=by, now=at)
        _check_enrolled(now_read)
        _check_signed(signed, expected, _check_enrolled(own).public_key, at=at, now=now)
        _say(
            now_read,
            Verb.CONFIRM,
            by.actor,
            signed=_evidence(signed),
            person=by.user,
            by_key=own,
            at=at,
        )


def confirm_at_console(
    username: str, *, label: str = "", only: str = "", now: datetime
) -> ApprovalKey:
    """Confirm the key a person waits with, sealed with the root; return it.

    `label` names it where several wait, `only` is the fingerprint it has to have. Raises NotFound,
    Conflict (several wait), Invalid (another fingerprint, or it did not sign what its row says),
    NoRoot.
    """
    with transaction.atomic():
        found = list(waiting().filter(person__username=username))
        if label:
            found = [key for key in found if key.label == label]
        if not found:
            raise NotFound(f"No key of {username} waits to be confirmed.")
        if len(found) > 1:
            labels = ", ".join(key.label for key in found)
            raise Conflict(f"Several keys of {username} wait: {labels}. Name one with --key.")
        key = _read_again(found[0])
        _check_waiting(key)
        _check_enrolled(key)
        enrolled = key.statement.encode()
        shown = fingerprint(enrolled)
        if only and only != shown:
            raise Invalid(f"The key that waits has another fingerprint: {shown}.")
        statement = canonical(
            confirmation(portal_identity(), enrolment=enrolled, person=CONSOLE.id, at=now)
        )
        evidence: Manifest = {"statement": statement.decode(), "proof": seal(statement)}
        _say(key, Verb.CONFIRM, CONSOLE, signed=evidence, at=now)
    return key


def revoke_approval_key(key: ApprovalKey, *, actor: Actor, by: By | None, now: datetime) -> None:
    """Revoke a key: its owner, a platform admin, or the console (`by` None). Nothing undoes it.

    What clusters carry stays; what was signed with it and is not applied yet is not applied any
    more. Keys it confirmed wait to be confirmed anew. Raises Forbidden, Conflict (revoked already).
    """
    if by and by.user.pk != key.person_id and not by.permissions.is_platform_admin:
        raise Forbidden("Its owner or a platform admin can revoke an approval key.")
    with transaction.atomic():
        now_read = _read_again(key)
        if now_read.words.filter(verb=Verb.REVOKE).exists():
            raise Conflict(f"{key.label} is revoked already.")
        _say(now_read, Verb.REVOKE, actor, signed=None, person=by.user if by else None, at=now)


def _read_enrolment(signed: Signed) -> Enrolment:
    try:
        return Enrolment.read(signed.statement)
    except Unreadable as error:
        raise Invalid(f"The signature cannot be accepted: {error}.") from error


def _check_signed(
    signed: Signed, expected: Manifest, public_key: bytes, *, at: datetime, now: datetime
) -> None:
    """Raise Invalid unless exactly this was signed with the key, a moment ago."""
    try:
        if wrong := differing(signed.said, expected):
            raise Invalid(f"Something else was signed: {', '.join(wrong)} differ.")
        read_key(public_key)
        check_assertion(signed, public_key)
    except ValueError as error:
        raise Invalid(f"The passkey cannot be used for approvals: {error}.") from error
    except NotVerified as error:
        raise Invalid(f"The signature cannot be accepted: it {error}.") from error
    if not timedelta() <= now - at <= MAY_TAKE:
        raise Conflict("The signature was made too long ago. Try again.")


def _check_enrolled(key: ApprovalKey) -> Enrolment:
    """Return what the key has signed of itself. Raise Invalid unless it is its person's."""
    try:
        enrolment = read_enrolment(key, portal=portal_identity())
    except NotEnrolled as error:
        raise Invalid(f"{key.label} is a key that {error}. Revoke it.") from error
    if enrolment.person != str(key.person_id):
        raise Invalid(f"{key.label} was enrolled by somebody else. Revoke it.")
    return enrolment


def _check_new(credential: bytes) -> None:
    if ApprovalKey.objects.filter(~REVOKED, credential=to_text(credential)).exists():
        raise Conflict("This passkey is enrolled already, or waits to be.")


def _check_other(key: ApprovalKey, by: By) -> None:
    if not by.permissions.is_platform_admin:
        raise Forbidden("Platform admins confirm approval keys.")
    if accounts_of_one_person(by.user.pk).filter(pk=key.person_id).exists():
        raise Forbidden("Another person confirms your approval key.")


def _check_waiting(key: ApprovalKey) -> None:
    if key.words.filter(verb=Verb.REVOKE).exists():
        raise Conflict(f"{key.label} is revoked.")
    if usable().filter(pk=key.pk).exists():
        raise Conflict(f"{key.label} is confirmed already.")


def _own_key(by: By, signed: Signed) -> ApprovalKey:
    for key in confirming(usable_keys_of(by.user)):
        if key.credential == to_text(signed.credential):
            return key
    raise Forbidden("You need a confirmed approval key of your own, as a platform admin.")


def _read_again(key: ApprovalKey) -> ApprovalKey:
    """Return the key as it is now. It is not locked: rows are only added, a revocation wins."""
    return ApprovalKey.objects.select_related("person").get(pk=key.pk)


def _evidence(signed: Signed) -> Manifest:
    return {"statement": signed.statement.decode(), "proof": signed.proof()}


def _say(
    key: ApprovalKey,
    verb: ApprovalKeyWord.Verb,
    actor: Actor,
    *,
    signed: Manifest | None,
    at: datetime,
    person: User | None = None,
    by_key: ApprovalKey | None = None,
) -> None:
    ApprovalKeyWord.objects.create(
        key=key,
        verb=verb,
        person=person,
        at=at,
        by_key=by_key,
        statement=str(signed["statement"]) if signed else "",
        proof=signed["proof"] if signed else {},
    )
    actions = {
        Verb.CONFIRM: Action.APPROVAL_KEY_CONFIRMED,
        Verb.REVOKE: Action.APPROVAL_KEY_REVOKED,
    }
    by: Json = by_key.public_id if by_key else None
    _record(actions[verb], key, actor, at, signed=signed, by_key=by)


def _record(action: Action, key: ApprovalKey, actor: Actor, at: datetime, **body: Json) -> None:
    history.record(
        action,
        actor=actor,
        at=at,
        about=history.about_user(key.person),
        body={"key": key.public_id, **body},
    )
