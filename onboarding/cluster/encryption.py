"""Seal a cluster credential for the database, and open it again in a worker.

AES-256-GCM with the row's public id as associated data: a ciphertext copied to another row does
not open. The keys are in the workers' environment only; the web process has none.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class CannotEncrypt(Exception):
    """There is no usable key in this process."""


class CannotDecrypt(Exception):
    """No key opens it: wrong keys, another row's ciphertext, or it was altered."""


def encrypt(keys: Sequence[bytes], plaintext: bytes, *, about: str) -> bytes:
    """Return the plaintext encrypted with the first key, bound to `about`. Raise CannotEncrypt."""
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise CannotEncrypt(f"BULKHEAD_CREDENTIAL_KEYS must hold keys of {KEY_BYTES} bytes")
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(keys[0]).encrypt(nonce, plaintext, _bound_to(about))


def decrypt(keys: Sequence[bytes], encrypted: bytes, *, about: str) -> bytes:
    """Return the plaintext if any key opens it for this `about`. Raise CannotDecrypt."""
    if not encrypted.startswith(_FORMAT):
        raise CannotDecrypt("the stored credential has an unknown format")
    nonce, ciphertext = encrypted[1 : 1 + _NONCE_BYTES], encrypted[1 + _NONCE_BYTES :]
    for key in keys:
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _bound_to(about))
        except (InvalidTag, ValueError):
            continue
    raise CannotDecrypt("no key in BULKHEAD_CREDENTIAL_KEYS opens the stored credential")


def _bound_to(about: str) -> bytes:
    return b"bulkhead credential\x00" + about.encode()
