"""Whether an approval key counted at a moment: signed by itself, confirmed by another person.

A chain of confirmations leads from every key to the installation's root, whose private half no web
process has. Rows only say where to look: what they claim is proved by signatures, or it is not so.

A revocation is the one word without a signature, and counts whatever time it has: times are the web
process's word, and so is that of a decision. What was applied before stands all the same, see
services/check_signed.py.
"""

from collections.abc import Iterable
from datetime import datetime

from onboarding.domain.approval import (
    Enrolment,
    Unreadable,
    confirmation,
    read_signed,
    read_statement,
    read_time,
)
from onboarding.models import ApprovalKey, ApprovalKeyWord
from onboarding.services.approval_root import is_sealed
from onboarding.services.assertions import NotVerified, check_assertion
from onboarding.services.history import CONSOLE

LONGEST_CHAIN = 8


class NotEnrolled(Exception):
    """The key did not count then; the text completes "… with a key that …"."""


def check_key(key: ApprovalKey, *, at: datetime, portal: str) -> Enrolment:
    """Return whose key it is and what for.

    Raise NotEnrolled unless it was confirmed by that time, and neither it nor a key that its
    confirmation rests on was revoked at any.
    """
    return _check_key(key, at=at, portal=portal, after=())


def read_enrolment(key: ApprovalKey, *, portal: str) -> Enrolment:
    """Return what the key says of itself. Raise NotEnrolled unless it has signed that."""
    try:
        enrolment = Enrolment.read(key.statement.encode())
        signed = read_signed(key.statement, key.proof)
        check_assertion(signed, enrolment.public_key)
    except (Unreadable, NotVerified) as error:
        raise NotEnrolled("has not signed its own enrolment") from error
    if signed.credential != enrolment.credential:
        raise NotEnrolled("was enrolled as another passkey")
    if enrolment.portal != portal:
        raise NotEnrolled("was enrolled at another portal")
    return enrolment


def _check_key(key: ApprovalKey, *, at: datetime, portal: str, after: tuple[int, ...]) -> Enrolment:
    """`after` are the keys that this one helped to confirm: none of them confirms it in turn."""
    if key.pk in after or len(after) >= LONGEST_CHAIN:
        raise NotEnrolled("nobody outside a circle of keys has confirmed")
    enrolment = read_enrolment(key, portal=portal)
    words = list(key.words.select_related("by_key"))
    if any(word.verb == ApprovalKeyWord.Verb.REVOKE for word in words):
        raise NotEnrolled("was revoked")
    confirmed = (word for word in words if word.verb == ApprovalKeyWord.Verb.CONFIRM)
    if not _is_confirmed(key, confirmed, enrolment, at=at, after=(*after, key.pk)):
        raise NotEnrolled("nobody entitled had confirmed by then")
    return enrolment


def _is_confirmed(
    key: ApprovalKey,
    words: Iterable[ApprovalKeyWord],
    enrolment: Enrolment,
    *,
    at: datetime,
    after: tuple[int, ...],
) -> bool:
    for word in words:
        try:
            said = read_statement(word.statement.encode())
            when = read_time(said.get("at"))
            person = str(said.get("person"))
            expected = confirmation(
                enrolment.portal, enrolment=key.statement.encode(), person=person, at=when
            )
            if said == expected and when <= at and _is_by(word, person, enrolment, when, after):
                return True
        except (Unreadable, NotVerified, NotEnrolled):
            continue
    return False


def _is_by(
    word: ApprovalKeyWord, person: str, enrolment: Enrolment, when: datetime, after: tuple[int, ...]
) -> bool:
    """Tell whether the console sealed the word, or another person's key that may has signed it."""
    if person == CONSOLE.id:
        return is_sealed(word.statement.encode(), word.proof)
    if word.by_key is None or person == enrolment.person:
        return False
    other = _check_key(word.by_key, at=when, portal=enrolment.portal, after=after)
    signed = read_signed(word.statement, word.proof)
    check_assertion(signed, other.public_key)
    return other.confirms and other.person == person and signed.credential == other.credential
