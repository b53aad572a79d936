"""The installation's root: what the first approval keys are confirmed with, on the server itself.

An Ed25519 key derived from a key of BULKHEAD_CREDENTIAL_KEYS, which no web process has: whoever
takes over the web process cannot confirm a key with it. Its public key is what an auditor pins.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from onboarding.domain.approval import Unreadable, to_bytes, to_text
from onboarding.domain.objects import Manifest
from onboarding.domain.refusals import Conflict

_PURPOSE = b"bulkhead approval root\x00"


class NoRoot(Conflict):
    """This process has no credential key to derive the root from."""


def seal(statement: bytes) -> Manifest:
    """Return the root's signature of a statement, with the root. Raise NoRoot."""
    keys = settings.BULKHEAD_CREDENTIAL_KEYS
    if not keys:
        raise NoRoot("BULKHEAD_CREDENTIAL_KEYS is not set: run it in the workers' environment.")
    root = _root(keys[0])
    return {"root": to_text(_public(root)), "seal": to_text(root.sign(_PURPOSE + statement))}


def is_sealed(statement: bytes, proof: object) -> bool:
    """Tell whether a root of this installation sealed the statement."""
    if not isinstance(proof, dict) or proof.keys() != {"root", "seal"}:
        return False
    try:
        root, sealed = to_bytes(proof["root"]), to_bytes(proof["seal"])
        if root not in roots():
            return False
        Ed25519PublicKey.from_public_bytes(root).verify(sealed, _PURPOSE + statement)
    except (Unreadable, InvalidSignature):
        return False
    return True


def roots() -> list[bytes]:
    """Return the public keys that count, the one that seals first; none in a web process."""
    own = [_public(_root(key)) for key in settings.BULKHEAD_CREDENTIAL_KEYS]
    return [*own, *settings.APPROVAL_ROOTS]


def _root(key: bytes) -> Ed25519PrivateKey:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(key)
    return Ed25519PrivateKey.from_private_bytes(derived)


def _public(root: Ed25519PrivateKey) -> bytes:
    return root.public_key().public_bytes_raw()
