"""Rows as a taken-over web process writes them: decisions nobody made, keys nobody confirmed."""

from datetime import datetime
from typing import Any

from onboarding.demo.scenario import approve
from onboarding.domain.approval import Enrolment, Signed, confirmation
from onboarding.domain.lanes import Lane
from onboarding.models import (
    ApprovalKey,
    ApprovalKeyWord,
    Decision,
    DecisionSignature,
    ManagedNamespace,
    Request,
    RoleAssignment,
    User,
)
from onboarding.services.check_signed import check_signatures
from onboarding.services.installation import portal_identity
from tests.support.approval_keys import key_of
from tests.support.soft_passkey import SoftPasskey


def namespace_of(request: Request) -> ManagedNamespace:
    return ManagedNamespace.objects.get(revisions__request=request)


def forged(request: Request, settings: Any, *, now: datetime, by: str = "dana") -> ManagedNamespace:
    """The rows of a decision nobody made, and whatever rights they need."""
    RoleAssignment.objects.get_or_create(user=User.objects.get(username=by), role="network")
    demanded, settings.SIGNED_LANES = settings.SIGNED_LANES, frozenset()
    approve(request, by, Lane.NETWORK, now=now)
    settings.SIGNED_LANES = demanded
    return namespace_of(request)


def with_signature(
    request: Request,
    signed: Signed,
    passkey: SoftPasskey,
    settings: Any,
    *,
    now: datetime,
    by: str = "dana",
) -> None:
    """What a worker says of a forged decision beside which this signature is written."""
    forged(request, settings, now=now, by=by)
    DecisionSignature.objects.create(
        decision=Decision.objects.get(request=request, lane="network"),
        key=key_of(passkey),
        statement=signed.statement.decode(),
        proof=signed.proof(),
    )
    check_signatures(request)


def copy(used: DecisionSignature, decision: Decision) -> None:
    DecisionSignature.objects.create(
        decision=decision, key=used.key, statement=used.statement, proof=used.proof
    )


def say(key: ApprovalKey, *, statement: str, proof: object, now: datetime, **more: object) -> None:
    """A confirmation by SQL."""
    ApprovalKeyWord.objects.create(
        key=key, verb="confirm", at=now, statement=statement, proof=proof, **more
    )


def say_signed(key: ApprovalKey, by: SoftPasskey, *, now: datetime) -> None:
    """A confirmation by SQL, signed by some key as its person."""
    own = key_of(by)
    statement = confirmation(
        portal_identity(), enrolment=key.statement.encode(), person=str(own.person_id), at=now
    )
    signed = by.sign(statement)
    say(key, statement=signed.statement.decode(), proof=signed.proof(), now=now, by_key=own)


def enemy(username: str, *lanes: str, now: datetime, confirms: bool = False) -> SoftPasskey:
    """A key by SQL that has signed its own enrolment for whatever it likes."""
    passkey, person = SoftPasskey(), User.objects.get(username=username)
    enrolment = Enrolment(
        portal=portal_identity(),
        person=str(person.pk),
        credential=passkey.credential,
        public_key=passkey.public_key,
        lanes=lanes,
        confirms=confirms,
        asked_at=now,
    )
    signed = passkey.sign(enrolment.statement())
    add_key(person, signed.statement, signed.proof(), passkey, now=now)
    return passkey


def add_key(
    person: User,
    statement: bytes,
    proof: object,
    passkey: SoftPasskey,
    *,
    now: datetime,
    lanes: object = ("network",),
) -> ApprovalKey:
    return ApprovalKey.objects.create(
        person=person,
        name="",
        credential=passkey.sign(b"{}").proof()["credentialId"],
        lanes=lanes,
        confirms=True,
        asked_at=now,
        statement=statement.decode(),
        proof=proof,
    )
