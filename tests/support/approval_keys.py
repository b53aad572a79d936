"""People with approval keys, and what they sign, by the real services."""

from datetime import datetime, timedelta

from onboarding.demo.scenario import acting
from onboarding.domain.approval import LaneWord, Signed
from onboarding.domain.lanes import Lane
from onboarding.models import ApprovalKey, Request, User, Vote
from onboarding.services.approval_keys import (
    ask_approval_key,
    confirm_approval_key,
    confirm_at_console,
    confirmation_for,
    enrolment_for,
)
from onboarding.services.decide import decide
from onboarding.services.signed_words import word_on
from tests.support.requests import HOLDERS
from tests.support.soft_passkey import SoftPasskey

LIFE = timedelta(minutes=10)


def asked(username: str, passkey: SoftPasskey, *, now: datetime) -> ApprovalKey:
    """The person has asked to enrol the passkey; nobody has confirmed it."""
    by, own = acting(username), {"credential": passkey.credential, "public_key": passkey.public_key}
    signed = passkey.sign(enrolment_for(by, now=now, **own).statement())
    return ask_approval_key(by, name="Laptop", signed=signed, now=now, **own)


def enrolled(username: str, *, now: datetime) -> SoftPasskey:
    """The person's passkey, confirmed on the server."""
    passkey = SoftPasskey()
    asked(username, passkey, now=now)
    confirm_at_console(username, now=now)
    return passkey


def key_of(passkey: SoftPasskey) -> ApprovalKey:
    return next(key for key in ApprovalKey.objects.all() if passkey.holds(key))


def confirmed_by(username: str, own: SoftPasskey, key: ApprovalKey, *, now: datetime) -> None:
    """The person confirms somebody's key with an own one."""
    by = acting(username)
    signed = own.sign(confirmation_for(key, by=by, now=now))
    confirm_approval_key(key, by=by, signed=signed, now=now)


def word_of(request: Request, username: str, lane: Lane, **differing: object) -> LaneWord:
    """What the person signs to approve the lane, with some of it differing."""
    said: dict[str, object] = {
        "lane": lane,
        "vote": Vote.APPROVE,
        "person": User.objects.get(username=username),
        "digest": request.digest,
        "reason": "",
        **differing,
    }
    return word_on(request, **said)  # type: ignore[arg-type]  # some are wrong on purpose


def sign(
    passkey: SoftPasskey, request: Request, lane: Lane, *, now: datetime, **differing: object
) -> Signed:
    """The lane's approver signs the approval."""
    word = word_of(request, HOLDERS[lane], lane, **differing)
    return passkey.sign(word.statement(expires_at=now + LIFE))


def approve_signed(
    request: Request, lane: Lane, signed: Signed | None, *, now: datetime
) -> Request:
    """The lane's approver approves with what was signed."""
    return decide(
        request.pk,
        lane=lane,
        vote=Vote.APPROVE,
        by=acting(HOLDERS[lane]),
        digest=request.digest,
        reason="",
        now=now,
        signature=signed,
    )


def signed_by_dana(request: Request, passkey: SoftPasskey, now: datetime) -> Request:
    """The network lane approved with a passkey of Dana's."""
    signed = sign(passkey, request, Lane.NETWORK, now=now)
    return approve_signed(request, Lane.NETWORK, signed, now=now)
