"""Signatures of decisions: what a decision's statement has to say, and writing one beside it.

Asked by `decide` before anything is written, for an error in good time; the worker trusts none of
it and checks again (services/check_signed.py).
"""

from collections.abc import Sequence
from datetime import datetime

from onboarding.domain.approval import (
    MAY_TAKE,
    LaneWord,
    Signed,
    Statement,
    Unreadable,
    differing,
    pairs,
    read_time,
)
from onboarding.domain.lanes import Lane
from onboarding.domain.objects import Manifest
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.models import ApprovalKey, Decision, DecisionSignature, Request, User, Vote
from onboarding.plan.digest import digest_of_set
from onboarding.queries.approval_keys import keys_for, lanes_to_sign, usable_keys_of
from onboarding.services.assertions import NotVerified, check_assertion
from onboarding.services.installation import portal_identity
from onboarding.services.key_ring import NotEnrolled, read_enrolment

# What is wrong where a field of the statement differs: completes "The approval is signed …".
WRONG_FIELD = {
    "portal": "for another portal",
    "request": "for another request",
    "lane": "for another approval",
    "vote": "for another vote",
    "digest": "for another content",
    "reason": "with another reason",
    "person": "by another person",
}


class SignatureNeeded(Invalid):
    """Workers believe an approval of this lane only with a passkey's signature."""


def check_word(
    word: LaneWord, *, by: User, signature: Signed | None, must_sign: bool, now: datetime
) -> ApprovalKey | None:
    """Return the key that signed the word; None where nothing is signed and nothing has to be.

    Raises SignatureNeeded, Invalid (signed, but not this), Conflict (signed too long ago).
    """
    lane = Lane(word.lane)
    if signature is None:
        if must_sign:
            raise SignatureNeeded(_how_to_sign(lane, by))
        return None
    key = _key_of(signature, lane, by)
    try:
        wrong = why_not_said(signature, word)
        enrolment = read_enrolment(key, portal=word.portal)
        check_assertion(signature, enrolment.public_key)
        expires_at = read_time(signature.said["expires_at"])
    except NotVerified as error:
        raise Invalid(f"The signature cannot be accepted: it {error}.") from error
    except NotEnrolled as error:
        raise Invalid(f"The signature was made with a key that {error}.") from error
    except Unreadable as error:
        raise Invalid(f"The signature cannot be accepted: {error}.") from error
    if wrong:
        raise Invalid(f"The signature cannot be accepted: it was made {wrong}.")
    if not now <= expires_at <= now + MAY_TAKE:
        raise Conflict("The signature was made too long ago. Read the page again, then sign.")
    return key


def check_decision(
    request: Request,
    lane: Lane,
    vote: Vote,
    *,
    by: User,
    reason: str,
    signature: Signed | None,
    now: datetime,
) -> ApprovalKey | None:
    """Return the key that signed a decision, None where none has to. Raises as `check_word`."""
    word = word_on(request, lane=lane, vote=vote, person=by, digest=request.digest, reason=reason)
    needed = request.lanes.values_list("lane", flat=True)
    must_sign = vote is Vote.APPROVE and lane in lanes_to_sign(needed)
    try:
        refresh = request.refresh.public_id if request.refresh else None
        word = as_it_was_signed(word, signature, refresh=refresh)
    except Unreadable as error:
        raise Invalid(f"The signature cannot be accepted: {error}.") from error
    return check_word(word, by=by, signature=signature, must_sign=must_sign, now=now)


def why_not_said(signature: Signed, word: LaneWord) -> str:
    """Return in which way a statement says something else than the word; "" where it does not.

    Raises Unreadable. Until when it may be used is left to the caller.
    """
    said = signature.said
    expected = word.statement(expires_at=read_time(said.get("expires_at")))
    wrong = differing(said, expected)
    known = [WRONG_FIELD[name] for name in WRONG_FIELD if name in wrong]
    return known[0] if known else "for something else" if wrong else ""


def word_on(
    request: Request, *, lane: Lane, vote: Vote, person: User, digest: str, reason: str
) -> LaneWord:
    """Return the word a person says on one lane of one request."""
    return LaneWord(
        portal=portal_identity(),
        request=request.public_id,
        lane=lane.value,
        vote=vote.value,
        digest=digest,
        reason=reason,
        person=str(person.pk),
    )


def as_it_was_signed(word: LaneWord, signature: Signed | None, *, refresh: str | None) -> LaneWord:
    """Return the word as the signed statement has to say it; `refresh` is what the request is of.

    One word may have decided a lane of many requests: then it names all of them, this one too.
    """
    if signature is None or signature.said.get("kind") != Statement.DECISIONS.value or not refresh:
        return word
    parts = signature.said.get("parts")
    named = tuple(pairs(parts if isinstance(parts, list) else ()))
    if (word.request, word.digest) not in named:
        return word
    return word_on_many(word, refresh=refresh, parts=named)


def word_on_many(word: LaneWord, *, refresh: str, parts: Sequence[tuple[str, str]]) -> LaneWord:
    """Return one word for all the parts of a refresh: which requests, and each one's digest."""
    return LaneWord(
        portal=word.portal,
        request=refresh,
        lane=word.lane,
        vote=word.vote,
        digest=digest_of_set(parts),
        reason=word.reason,
        person=word.person,
        parts=tuple(parts),
    )


def keep(decision: Decision, key: ApprovalKey | None, signature: Signed | None) -> None:
    """Write the signature beside its decision, where there is one."""
    if key and signature:
        DecisionSignature.objects.create(
            decision=decision,
            key=key,
            statement=signature.statement.decode(),
            proof=signature.proof(),
        )


def told(key: ApprovalKey | None, signature: Signed | None) -> Manifest:
    """Return what the decision's event says of its signature: enough to verify it elsewhere."""
    if key is None or signature is None:
        return {}
    statement = signature.statement.decode()
    return {"signed": {"key": key.public_id, "statement": statement, "proof": signature.proof()}}


def _key_of(signature: Signed, lane: Lane, person: User) -> ApprovalKey:
    for key in keys_for(lane, usable_keys_of(person)):
        if key.credential == signature.proof()["credentialId"]:
            return key
    raise Invalid(f"This passkey is not among your confirmed approval keys for {lane} approval.")


def _how_to_sign(lane: Lane, person: User) -> str:
    if keys_for(lane, usable_keys_of(person)):
        return (
            f"A {lane} approval has to be signed with your passkey. That needs a "
            "browser with JavaScript."
        )
    return (
        f"A {lane} approval has to be signed with a passkey, and you have no "
        "confirmed approval key for it. Ask for one under Account, Approval keys."
    )
