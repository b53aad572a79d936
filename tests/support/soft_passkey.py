"""A passkey in software, which signs what a browser would have it sign, right or wrong as asked."""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA

from onboarding.domain.approval import Signed, challenge_of, new_nonce, to_bytes, to_text
from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Manifest
from onboarding.models import ApprovalKey, User

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED = 0x01, 0x04
_SERIAL = iter(range(1, 1_000_000))


@dataclass
class SoftPasskey:
    """One key pair with its credential id; ES256 unless another one is given."""

    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: b"passkey-%d" % next(_SERIAL))

    @property
    def public_key(self) -> bytes:
        """The public half in COSE form."""
        kinds: dict[type, type[CoseKey]] = {
            ed25519.Ed25519PrivateKey: EdDSA,
            rsa.RSAPrivateKey: RS256,
        }
        kind = next((cose for own, cose in kinds.items() if isinstance(self.private, own)), ES256)
        return cbor.encode(dict(kind.from_cryptography_key(self.private.public_key())))

    def holds(self, key: ApprovalKey) -> bool:
        """Whether the enrolled key is this one."""
        return key.credential == to_text(self.credential)

    def register(self, person: User, *, host: str = "localhost") -> Authenticator:
        """Make it one of the person's passkeys for signing in, as allauth stores them."""
        flags = PRESENT | VERIFIED | 0x40  # with the new credential in it
        device = hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, 0) + bytes(16)
        device += struct.pack(">H", len(self.credential)) + self.credential + self.public_key
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": device})
        client = {"type": "webauthn.create", "challenge": "AAAA", "origin": ORIGIN}
        registered = {
            "id": to_text(self.credential),
            "rawId": to_text(self.credential),
            "type": "public-key",
            "response": {
                "clientDataJSON": to_text(json.dumps(client).encode()),
                "attestationObject": to_text(attestation),
            },
        }
        data = {"name": "Laptop", "credential": registered}
        return Authenticator.objects.create(user=person, type="webauthn", data=data)

    def answer(self, asked: dict[str, Any], **differing: Any) -> str:
        """What the page sends after the passkey answered a challenge of the portal."""
        signed = self.sign(asked["statement"].encode(), nonce=to_bytes(asked["nonce"]), **differing)
        return json.dumps({"statement": asked["statement"], **signed.proof()})

    def sign(
        self,
        statement: Manifest | bytes,
        *,
        origin: str = ORIGIN,
        host: str = "localhost",
        flags: int = PRESENT | VERIFIED,
        nonce: bytes = b"",
        **client: object,
    ) -> Signed:
        """The statement signed, by a browser on the origin with a key of the host."""
        text = statement if isinstance(statement, bytes) else canonical(statement)
        nonce = nonce or new_nonce()
        data = {
            "type": "webauthn.get",
            "challenge": to_text(challenge_of(text, nonce)),
            "origin": origin,
            "crossOrigin": False,
            **client,
        }
        client_data = json.dumps(data).encode()
        device = hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, 0)
        signature = self._sign(device + hashlib.sha256(client_data).digest())
        return Signed(text, nonce, self.credential, device, client_data, signature)

    def _sign(self, message: bytes) -> bytes:
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        if isinstance(self.private, rsa.RSAPrivateKey):
            return bytes(self.private.sign(message, padding.PKCS1v15(), hashes.SHA256()))
        return bytes(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
