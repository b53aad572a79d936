"""What an approver signs with a passkey, as canonical statements; and what such a signature is.

Signed is `nonce ‖ SHA-256(statement)`, as the challenge of a WebAuthn assertion. A statement says
what it is (`kind`) and of which portal, so that none can be taken for another. Nothing here
verifies: services/assertions.py does for workers, deploy/verify_approvals.py for auditors.
"""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json, Manifest

VERSION = 1
NONCE_BYTES = 16
MAY_TAKE = timedelta(minutes=10)  # from the page to the click
LARGEST = 64 * 1024  # characters of a signature as a browser sends it


class Statement(StrEnum):
    """What somebody says with a signature."""

    DECISION = "decision"
    DECISIONS = "decisions"
    ENROLMENT = "approval-key"
    CONFIRMATION = "approval-key-confirmed"


class Unreadable(ValueError):
    """It is no statement or signature in the form described here."""


@dataclass(frozen=True)
class Signed:
    """A statement and a passkey's assertion over it, all of it bytes as they were signed."""

    statement: bytes
    nonce: bytes
    credential: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    @property
    def challenge(self) -> bytes:
        """Return what the passkey had to sign."""
        return challenge_of(self.statement, self.nonce)

    @property
    def said(self) -> Manifest:
        """Return the statement's fields. Raise Unreadable unless it is in canonical form."""
        return read_statement(self.statement)

    def proof(self) -> Manifest:
        """Return everything but the statement, in base64url."""
        parts = {name: getattr(self, attribute) for name, attribute in _PARTS.items()}
        return {name: to_text(part) for name, part in parts.items()}


# As WebAuthn names them → as they are named here.
_PARTS = {
    "nonce": "nonce",
    "credentialId": "credential",
    "authenticatorData": "authenticator_data",
    "clientDataJSON": "client_data",
    "signature": "signature",
}


@dataclass(frozen=True)
class LaneWord:
    """One person's vote on one lane: what is signed, besides until when.

    `parts` are the requests of a refresh, each with its digest, that one word decides; `request`
    and `digest` are then those of the refresh.
    """

    portal: str
    request: str
    lane: str
    vote: str
    digest: str
    reason: str
    person: str
    parts: tuple[tuple[str, str], ...] = ()

    def statement(self, *, expires_at: datetime) -> Manifest:
        """Return what to sign. The reason itself is not in it, it may have to be erased."""
        kind = Statement.DECISIONS if self.parts else Statement.DECISION
        body: Manifest = {
            "v": VERSION,
            "kind": kind.value,
            "portal": self.portal,
            "request": self.request,
            "lane": self.lane,
            "vote": self.vote,
            "digest": self.digest,
            "reason": hashlib.sha256(self.reason.encode()).hexdigest(),
            "person": self.person,
            "expires_at": expires_at.isoformat(),
        }
        if self.parts:
            body["parts"] = [{"request": one, "digest": digest} for one, digest in self.parts]
        return body


@dataclass(frozen=True)
class Enrolment:
    """Whose key it is and what it is for, as the key itself has signed.

    `confirms` tells that it may confirm other people's keys. `public_key` is in COSE form.
    """

    portal: str
    person: str
    credential: bytes
    public_key: bytes
    lanes: tuple[str, ...]
    confirms: bool
    asked_at: datetime

    def statement(self) -> Manifest:
        """Return what to sign."""
        return {
            "v": VERSION,
            "kind": Statement.ENROLMENT.value,
            "portal": self.portal,
            "person": self.person,
            "credential": to_text(self.credential),
            "public_key": to_text(self.public_key),
            "lanes": [*self.lanes],
            "confirms": self.confirms,
            "asked_at": self.asked_at.isoformat(),
        }

    @classmethod
    def read(cls, statement: bytes) -> "Enrolment":
        """Return the enrolment a statement holds. Raise Unreadable unless it is exactly one."""
        said = read_statement(statement)
        try:
            found = cls(
                portal=str(said["portal"]),
                person=str(said["person"]),
                credential=to_bytes(said["credential"]),
                public_key=to_bytes(said["public_key"]),
                lanes=tuple(map(str, _list(said["lanes"]))),
                confirms=said["confirms"] is True,
                asked_at=read_time(said["asked_at"]),
            )
        except KeyError as error:
            raise Unreadable(f"the enrolment lacks {error}") from error
        if found.statement() != said:
            raise Unreadable("the enrolment has fields that no enrolment has")
        return found


def confirmation(portal: str, *, enrolment: bytes, person: str, at: datetime) -> Manifest:
    """Return what to sign, or to seal, to confirm the key of an enrolment statement.

    `person` is who confirms, as in history: an id, or the console.
    """
    return {
        "v": VERSION,
        "kind": Statement.CONFIRMATION.value,
        "portal": portal,
        "enrolment": hashlib.sha256(enrolment).hexdigest(),
        "person": person,
        "at": at.isoformat(),
    }


def fingerprint(enrolment: bytes) -> str:
    """Return what two people compare by eye or by phone, e.g. `3f9a 01bc 77de 5a10`.

    It is of the whole enrolment statement: whose key, for which lanes, and what else it may.
    """
    digits = hashlib.sha256(enrolment).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def differing(said: Mapping[str, Json], expected: Mapping[str, Json]) -> list[str]:
    """Return the names of the fields that are not as expected, missing and surplus ones too."""
    return [
        name
        for name in sorted({*said, *expected})
        if name not in said or name not in expected or said[name] != expected[name]
    ]


def challenge_of(statement: bytes, nonce: bytes) -> bytes:
    """Return what a passkey signs: the nonce, and the hash of the statement."""
    return nonce + hashlib.sha256(statement).digest()


def new_nonce() -> bytes:
    """Return random bytes that make every challenge another one."""
    return secrets.token_bytes(NONCE_BYTES)


def read_statement(statement: bytes) -> Manifest:
    """Return the fields of a statement. Raise Unreadable unless it is in canonical form."""
    try:
        said = json.loads(statement)
        is_canonical = isinstance(said, dict) and canonical(said) == statement
    except (ValueError, RecursionError) as error:
        raise Unreadable("the statement is not JSON") from error
    if not is_canonical:
        raise Unreadable("the statement is not in canonical form")
    return dict(said)


def read_signed(statement: str, proof: object) -> Signed:
    """Return a signature from a statement's text and its stored proof. Raise Unreadable."""
    if not isinstance(proof, dict) or proof.keys() != _PARTS.keys():
        raise Unreadable("the signature does not consist of the parts that a passkey gives")
    parts = {attribute: to_bytes(proof[name]) for name, attribute in _PARTS.items()}
    if len(parts["nonce"]) != NONCE_BYTES:
        raise Unreadable(f"the nonce is not of {NONCE_BYTES} bytes")
    try:
        return Signed(statement=statement.encode(), **parts)
    except UnicodeEncodeError as error:
        raise Unreadable("the statement is not text") from error


def read_sent(sent: str) -> Signed:
    """Return a signature as a page sends it: JSON with the statement beside the proof."""
    if len(sent) > LARGEST:
        raise Unreadable("the signature is too long")
    try:
        tree = json.loads(sent)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the signature is not JSON") from error
    if not isinstance(tree, dict):
        raise Unreadable("the signature is not an object")
    return read_signed(str(tree.pop("statement", "")), tree)


def read_time(stored: object) -> datetime:
    """Return a time of a statement. Raise Unreadable unless it says where on the globe."""
    try:
        read = datetime.fromisoformat(str(stored))
    except ValueError as error:
        raise Unreadable("a time cannot be read") from error
    if read.tzinfo is None:
        raise Unreadable("a time has no zone")
    return read


def to_text(raw: bytes) -> str:
    """Return bytes in base64url without padding, as WebAuthn writes them."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_bytes(stored: object) -> bytes:
    """Return the bytes of base64url. Raise Unreadable unless it is exactly how they are written."""
    try:
        raw = base64.urlsafe_b64decode(str(stored) + "=" * (-len(str(stored)) % 4))
    except (binascii.Error, ValueError) as error:
        raise Unreadable("a part is not base64url") from error
    if to_text(raw) != stored:
        raise Unreadable("a part is not base64url")
    return raw


def pairs(parts: Iterable[object]) -> Sequence[tuple[str, str]]:
    """Return the requests with their digests that a statement about many names."""
    return [
        (str(one.get("request")), str(one.get("digest"))) for one in parts if isinstance(one, dict)
    ]


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise Unreadable("a list is missing")
    return value
