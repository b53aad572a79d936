"""Seal a cluster credential for the database, and open it again in a worker.

AES-256-GCM with what the credential may be used for as associated data: stored for one address it
does not open for another. The keys are in the workers' environment only; the web process has none.

A stored credential is: the format, the SHA-256 of what it is bound to, a nonce, the ciphertext.
The hash only lets a misfit be told from a wrong key; what keeps it shut is the associated data.
"""

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_HASH_BYTES = 32
_FORMAT = b"\x02"
_EARLIER_FORMAT = b"\x01"  # bound to the row's public id, whatever address stood beside it
_PURPOSE = b"bulkhead credential\x00"


class CannotEncrypt(Exception):
    """There is no usable key in this process."""


class CannotDecrypt(Exception):
    """No key opens it: wrong keys, an earlier release's format, or it was altered."""


class BoundElsewhere(CannotDecrypt):
    """It says of itself that it was stored for something else."""


def encrypt(keys: Sequence[bytes], plaintext: bytes, *, about: bytes) -> bytes:
    """Return the plaintext encrypted with the first key, bound to `about`. Raise CannotEncrypt."""
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise CannotEncrypt(f"BULKHEAD_CREDENTIAL_KEYS must hold keys of {KEY_BYTES} bytes")
    nonce = os.urandom(_NONCE_BYTES)
    return _head(about) + nonce + AESGCM(keys[0]).encrypt(nonce, plaintext, _bound_to(about))


def decrypt(keys: Sequence[bytes], encrypted: bytes, *, about: bytes) -> bytes:
    """Return the plaintext if it was bound to `about` and any key opens it.

    Raise BoundElsewhere or CannotDecrypt.
    """
    if encrypted.startswith(_EARLIER_FORMAT):
        raise CannotDecrypt("the stored credential is an earlier release's, bound to no address")
    if not encrypted.startswith(_FORMAT):
        raise CannotDecrypt("the stored credential has an unknown format")
    head, sealed = encrypted[: 1 + _HASH_BYTES], encrypted[1 + _HASH_BYTES :]
    if head != _head(about):
        raise BoundElsewhere("the stored credential was stored for something else")
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    for key in keys:
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _bound_to(about))
        except (InvalidTag, ValueError):
            continue
    raise CannotDecrypt("no key in BULKHEAD_CREDENTIAL_KEYS opens the stored credential")


def _head(about: bytes) -> bytes:
    return _FORMAT + hashlib.sha256(about).digest()


def _bound_to(about: bytes) -> bytes:
    return _PURPOSE + _FORMAT + about
