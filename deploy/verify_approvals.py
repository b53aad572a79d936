"""Verify every approval of a history export, with nothing but the export and the pinned roots.

    python3 deploy/verify_approvals.py history.json --root=ROOT --demand network,security

Needs Python and the package `cryptography`, no portal, no database, no network. `manage.py
approval_root` prints the root on the server; pin it where nobody who runs the portal can change it.
The export has to be whole: not filtered, or at least with every event about approval keys, lanes
and requests. That it is whole is not verified: what was left out is missed only where something
else in the export needs it. Times in it, of a decision as of a revocation, are the portal's word;
an approval by a key that was revoked later is fine here, where workers would no longer apply it.

Exit codes: 0 every approval is verified, or plainly unsigned on a lane that is not demanded;
1 something is wrong, and named; 2 it cannot be told, because something is missing or unreadable.
`--demand` are the lanes of BULKHEAD_SIGNED_LANES, "" for none. Where a request that took effect
needed none of them, all its lanes are demanded.

It shares no code with the portal on purpose: what workers believe is checked by a second reading.
"""
# ruff: noqa: INP001 - a script that runs where nothing is installed, not part of a package

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SEAL = b"bulkhead approval root\x00"
LONGEST_CHAIN = 8
MAY_TAKE = timedelta(minutes=10)
ASKED, CONFIRMED, REVOKED = (
    f"portal:approval-key:{verb}" for verb in ("asked", "confirmed", "revoked")
)
APPROVED = "portal:lane:approved"
TOOK_EFFECT = "portal:request:approved"


class Wrong(Exception):
    """Something is not what it says it is."""


class CannotTell(Exception):
    """Something that is needed is not in the export."""


@dataclass(frozen=True)
class Line:
    """One event of the export: its id, what its canonical bytes say, and the note beside them."""

    id: int
    said: dict[str, Any]
    note: str

    @property
    def body(self) -> dict[str, Any]:
        return dict(self.said["body"])

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.said["at"])

    @property
    def subject(self) -> tuple[str, str]:
        """Which request it is about, and which content of it."""
        return str(self.said["about"]["id"]), str(self.body["digest"])

    def __str__(self) -> str:
        try:
            lane, who = self.body.get("lane", ""), self.said["actor"]["name"]
            return f"{self.said['about']['label']} {lane or 'as a whole'} by {who}"
        except (KeyError, TypeError, ValueError):
            return f"event {self.id}"


@dataclass(frozen=True)
class Demand:
    """Which lanes have to be signed, and which were approved of each request that took effect."""

    lanes: frozenset[str]
    approved: dict[tuple[str, str], set[str]]

    @classmethod
    def of(cls, lines: Iterable[Line], lanes: Iterable[str]) -> "Demand":
        approved: dict[tuple[str, str], set[str]] = {
            line.subject: set() for line in lines if line.said["action"] == TOOK_EFFECT
        }
        for line in lines:
            if line.said["action"] == APPROVED and line.subject in approved:
                approved[line.subject].add(str(line.body["lane"]))
        return cls(frozenset(lanes), approved)

    def holds_for(self, line: Line) -> bool:
        lane, others = str(line.body.get("lane")), self.approved.get(line.subject)
        is_left_away = others is not None and not others & self.lanes
        return lane in self.lanes or bool(self.lanes and is_left_away)


@dataclass
class Ring:
    """Every key of the export, and what was said about it."""

    roots: list[bytes]
    origins: list[str]
    asked: dict[str, Line] = field(default_factory=dict)
    confirmed: dict[str, list[Line]] = field(default_factory=dict)
    revoked: dict[str, list[Line]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        key = str(line.body.get("key"))
        if line.said["action"] == ASKED:
            if key in self.asked:
                raise Wrong(f"KEY-{key} is asked for a second time")
            self.asked[key] = line
        elif line.said["action"] == CONFIRMED:
            self.confirmed.setdefault(key, []).append(line)
        elif line.said["action"] == REVOKED:
            self.revoked.setdefault(key, []).append(line)

    def enrolment(self, key: str, at: datetime, after: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what the key is enrolled for; raise unless it counted at that time."""
        if key not in self.asked:
            raise CannotTell(f"the event that asked for KEY-{key} is missing")
        if key in after or len(after) >= LONGEST_CHAIN:
            raise Wrong(f"KEY-{key} is confirmed only by a circle of keys")
        statement, proof = signed_part(self.asked[key])
        said = parse(statement, "approval-key")
        check_assertion(statement, proof, said, self.origins)
        if any(line.at <= at for line in self.revoked.get(key, ())):
            raise Wrong(f"KEY-{key} was revoked before")
        if not self._is_confirmed(key, said, at, (*after, key)):
            raise Wrong(f"KEY-{key} was not confirmed by anybody entitled")
        return said

    def _is_confirmed(
        self, key: str, enrolled: dict[str, Any], at: datetime, after: tuple[str, ...]
    ) -> bool:
        missing: list[CannotTell] = []
        for line in self.confirmed.get(key, ()):
            try:
                if self._confirms(line, key, enrolled, at, after):
                    return True
            except CannotTell as error:
                missing.append(error)
            except Exception:  # noqa: BLE001, S112 - a senseless one confirms nothing
                continue
        if missing:
            raise missing[0]
        return False

    def _confirms(
        self, line: Line, key: str, enrolled: dict[str, Any], at: datetime, after: tuple[str, ...]
    ) -> bool:
        digest = hashlib.sha256(signed_part(self.asked[key])[0]).hexdigest()
        statement, proof = signed_part(line)
        said = parse(statement, "approval-key-confirmed")
        when = datetime.fromisoformat(said["at"])
        same = (said["enrolment"], said["portal"]) == (digest, enrolled["portal"])
        return same and when <= at and self._is_by(line, statement, proof, enrolled, after)

    def _is_by(
        self,
        line: Line,
        statement: bytes,
        proof: dict[str, str],
        enrolled: dict[str, Any],
        after: tuple[str, ...],
    ) -> bool:
        said = json.loads(statement)
        if said["person"] == "console":
            return is_sealed(statement, proof, self.roots)
        when = datetime.fromisoformat(said["at"])
        other = self.enrolment(str(line.body.get("by_key")), when, after)
        check_assertion(statement, proof, other, self.origins)
        is_another = other["person"] == said["person"] != enrolled["person"]
        return bool(other["confirms"] and is_another and other["portal"] == enrolled["portal"])


def main(argv: list[str]) -> int:
    """Print a line for each approval and each event that is odd; return the exit code."""
    wanted = arguments(argv)
    try:
        entries = json.loads(Path(wanted.export).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        print(f"{wanted.export}: not an export that can be read: {error}")
        return 2
    if not isinstance(entries, list):
        print(f"{wanted.export}: not an export, it is missing its list of events")
        return 2
    lines: list[Line] = []
    ring = Ring(wanted.root, wanted.origin)
    codes = [judge(entry_name(entry), lambda one=entry: read(one, lines)) for entry in entries]
    lines.sort(key=lambda line: line.id)
    codes += [judge(line, lambda one=line: ring.add(one)) for line in lines]
    demand = Demand.of(lines, wanted.demand)
    codes += [report(line, ring, demand) for line in lines]
    approvals = sum(line.said["action"] == APPROVED for line in lines)
    print(f"{approvals} approvals; {codes.count(1)} wrong, {codes.count(2)} that cannot be told")
    if not approvals:
        print("There is no approval in the export.")
        codes.append(2)
    return 1 if 1 in codes else max(codes)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Verify the approvals of a history export.")
    parser.add_argument("export", help="the JSON that the history page exports, not filtered")
    parser.add_argument(
        "--root",
        action="append",
        required=True,
        type=decode,
        help="as approval_root prints it; write --root=… where it begins with a dash",
    )
    parser.add_argument(
        "--demand",
        type=lambda text: [lane.strip() for lane in text.split(",") if lane.strip()],
        required=True,
        help='lanes that must be signed, as BULKHEAD_SIGNED_LANES names them; "" for none',
    )
    parser.add_argument("--origin", action="append", default=[], help="https://… of the portal")
    return parser.parse_args(argv)


def judge(about: object, look: Callable[[], object]) -> int:
    """Look at one event, print what is odd about it; return its exit code."""
    try:
        look()
    except CannotTell as error:
        print(f"{'UNKNOWN':8} {about}: {error}")
        return 2
    except Exception as error:  # noqa: BLE001 - one odd event never ends the audit of the others
        name = "" if isinstance(error, Wrong) else f"{type(error).__name__}: "
        print(f"{'WRONG':8} {about}: {name}{error}")
        return 1
    return 0


def entry_name(entry: Any) -> str:
    return f"event {entry.get('id') if isinstance(entry, dict) else '?'}"


def read(entry: Any, lines: list[Line]) -> None:
    """Add the event to the lines; raise where it is not what its hash says, or none."""
    canonical = entry["canonical"].encode()
    if hashlib.sha256(b"\x00" + canonical).hexdigest() != entry["leaf"]:
        raise Wrong("it is not what its hash says")
    line = Line(int(entry["id"]), json.loads(canonical), str(entry["note"]))
    if not str(line.said["action"]) or line.at.tzinfo is None:
        raise Wrong("it has no action, or no time")
    if line.said["action"] in {APPROVED, TOOK_EFFECT}:
        line.subject  # noqa: B018 - raises where it has none
    lines.append(line)


def report(line: Line, ring: Ring, demand: Demand) -> int:
    """Print how one approval stands; return its exit code."""
    if line.said["action"] == TOOK_EFFECT:
        return judge(line, lambda: check_approved(line, demand))
    if line.said["action"] != APPROVED:
        return 0
    return judge(line, lambda: check_lane(line, ring, demand))


def check_approved(line: Line, demand: Demand) -> None:
    """Raise unless lanes of just this content were approved in the export."""
    if not demand.approved[line.subject]:
        raise CannotTell("it took effect, and no approval of it is in the export")


def check_lane(line: Line, ring: Ring, demand: Demand) -> None:
    """Raise unless the lane's approval is verified, or may be unsigned; print which."""
    if "signed" in line.body:
        remark = verify(line, ring)
        print(f"{'verified':8} {line}: KEY-{line.body['signed']['key']}{remark}")
    elif demand.holds_for(line):
        raise Wrong("not signed")
    else:
        print(f"{'plain':8} {line}: not signed")


def verify(line: Line, ring: Ring) -> str:
    """Raise unless the approval is signed with a key that counted; return a remark or ""."""
    statement, proof = signed_part(line)
    said = parse(statement, "decision", "decisions")
    enrolled = ring.enrolment(str(line.body["signed"]["key"]), line.at)
    check_assertion(statement, proof, enrolled, ring.origins)
    expected = {
        "lane": line.body["lane"],
        "vote": "approve",
        "person": line.said["actor"]["id"],
        "portal": enrolled["portal"],
    }
    for name, value in expected.items():
        if said[name] != value:
            raise Wrong(f"it is signed for another {name}")
    if enrolled["person"] != said["person"] or said["lane"] not in enrolled["lanes"]:
        raise Wrong("the key is another person's, or not enrolled for the lane")
    check_subject(line, said)
    if not line.at <= datetime.fromisoformat(said["expires_at"]) <= line.at + MAY_TAKE:
        raise Wrong("it is signed for another time")
    return check_reason(line, said)


def check_subject(line: Line, said: dict[str, Any]) -> None:
    """Raise Wrong unless the event's request and content are what was signed."""
    subject = {"request": line.said["about"]["id"], "digest": line.body["digest"]}
    if said["kind"] == "decision":
        if {name: said[name] for name in subject} != subject:
            raise Wrong("it is signed for another request or content")
        return
    whole = canonical({"v": 1, "requests": said["parts"]})
    if subject not in said["parts"]:
        raise Wrong("the request is not among those that were signed together")
    if said["digest"] != f"sha256:{hashlib.sha256(whole).hexdigest()}":
        raise Wrong("the digest of the set is not that of its parts")


def check_reason(line: Line, said: dict[str, Any]) -> str:
    """Raise Wrong where the note is another than the reason that was signed."""
    if line.said["note"] and not line.note:
        return " (its reason was erased)"
    if hashlib.sha256(line.note.encode()).hexdigest() != said["reason"]:
        raise Wrong("it is signed with another reason")
    return ""


def signed_part(line: Line) -> tuple[bytes, dict[str, str]]:
    """Return the statement and the proof that an event carries."""
    part = line.body.get("signed") or {}
    if not isinstance(part, dict) or "statement" not in part or "proof" not in part:
        raise Wrong(f"event {line.id} carries no signature")
    return str(part["statement"]).encode(), dict(part["proof"])


def parse(statement: bytes, *kinds: str) -> dict[str, Any]:
    """Return a statement's fields; raise Wrong unless it is canonical and of one of the kinds."""
    said = json.loads(statement)
    if canonical(said) != statement:
        raise Wrong("the statement is not in canonical form")
    if said.get("v") != 1 or said.get("kind") not in kinds:
        raise Wrong("something else was signed")
    return dict(said)


def check_assertion(
    statement: bytes, proof: dict[str, str], enrolled: dict[str, Any], origins: list[str]
) -> None:
    """Raise Wrong unless the enrolled passkey signed the statement, its person verified."""
    client = json.loads(decode(proof["clientDataJSON"]))
    device = decode(proof["authenticatorData"])
    challenge = decode(proof["nonce"]) + hashlib.sha256(statement).digest()
    host = urlsplit(client["origin"]).hostname or ""
    if client["type"] != "webauthn.get" or decode(client["challenge"]) != challenge:
        raise Wrong("the passkey signed something else")
    if client.get("crossOrigin") or (origins and client["origin"] not in origins):
        raise Wrong(f"the passkey signed on another site: {client['origin']}")
    if device[:32] != hashlib.sha256(host.encode()).digest():
        raise Wrong("the passkey signed for another site")
    if device[32] & 0x05 != 0x05:
        raise Wrong("the passkey did not verify its person")
    if proof["credentialId"] != enrolled["credential"]:
        raise Wrong("another passkey signed")
    message = device + hashlib.sha256(decode(proof["clientDataJSON"])).digest()
    check_signature(decode(enrolled["public_key"]), decode(proof["signature"]), message)


def check_signature(cose: bytes, signature: bytes, message: bytes) -> None:
    """Raise Wrong unless the COSE key made the signature (RFC 9053; RFC 8812 for RSA)."""
    key, _rest = read_cbor(cose)
    try:
        if key.get(3) == -7 and key.get(-1) == 1:
            numbers = ec.EllipticCurvePublicNumbers(
                number(key[-2]), number(key[-3]), ec.SECP256R1()
            )
            numbers.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif key.get(3) == -8 and key.get(-1) == 6:
            Ed25519PublicKey.from_public_bytes(key[-2]).verify(signature, message)
        elif key.get(3) == -257:
            public = rsa.RSAPublicNumbers(number(key[-2]), number(key[-1])).public_key()
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise Wrong("a kind of key that is not used for approvals")
    except InvalidSignature as error:
        raise Wrong("the signature does not hold") from error


def is_sealed(statement: bytes, proof: dict[str, str], roots: list[bytes]) -> bool:
    """Tell whether one of the pinned roots sealed the statement."""
    root = decode(proof.get("root", ""))
    if root not in roots:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(root).verify(decode(proof["seal"]), SEAL + statement)
    except InvalidSignature:
        return False
    return True


def canonical(tree: object) -> bytes:
    text = json.dumps(
        tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def read_cbor(data: bytes) -> tuple[Any, bytes]:
    """Return one CBOR value of those a COSE key is made of, and the bytes after it (RFC 8949)."""
    kind, value, rest = data[0] >> 5, data[0] & 31, data[1:]
    if value in {24, 25, 26}:
        size = 1 << value - 24
        value, rest = number(rest[:size]), rest[size:]
    elif value > 23:
        raise Wrong("the public key cannot be read")
    if kind in {0, 1}:
        return (value if kind == 0 else -1 - value), rest
    if kind in {2, 3}:
        return rest[:value], rest[value:]
    if kind != 5:
        raise Wrong("the public key cannot be read")
    tree = {}
    for _count in range(value):
        name, rest = read_cbor(rest)
        tree[name], rest = read_cbor(rest)
    return tree, rest


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
