"""Seal the secrets of second factors for the database: a copy of it makes nobody's codes.

AES-256-GCM. The keys are in the environment, apart from the database. allauth does not say whose
secret it hands over, so that a sealed one is not bound to its person: who can write the database
can give somebody else their own. Passkeys have no secret here.
"""

import base64
import os
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK = "sealed1:"
_NONCE_BYTES = 12
_ABOUT = b"bulkhead second factor"


class CannotUnseal(Exception):
    """No key opens it: wrong keys, or it was never sealed."""


def seal(keys: Sequence[bytes], secret: str) -> str:
    """Return the secret as text that only the keys open; the first one seals."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(keys[0]).encrypt(nonce, secret.encode(), _ABOUT)
    return _MARK + base64.b64encode(sealed).decode()


def unseal(keys: Sequence[bytes], stored: str) -> str:
    """Return the secret if any key opens it. Raise CannotUnseal, also for one in clear."""
    if not stored.startswith(_MARK):
        raise CannotUnseal("it was never sealed")
    try:
        sealed = base64.b64decode(stored.removeprefix(_MARK), validate=True)
    except ValueError as broken:  # letters beyond ASCII, or no base64
        raise CannotUnseal("it is cut short or altered") from broken
    for key in keys:
        try:
            opened = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _ABOUT)
            return opened.decode()
        except (InvalidTag, ValueError):
            continue
    raise CannotUnseal("no key opens it")


def seal_all(factors: Iterable[Any], keys: Sequence[bytes]) -> int:
    """Seal every secret with the first key, also what is in clear; return how many rows changed.

    `factors` are rows of allauth's Authenticator, in a migration as in the program. Run again, it
    changes nothing. Raise CannotUnseal where none of the keys opens what is sealed.
    """
    changed = 0
    for factor in factors:
        sealed = {name: _sealed_anew(keys, value) for name, value in _secrets(factor.data).items()}
        if any(factor.data[name] != value for name, value in sealed.items()):
            factor.data = {**factor.data, **sealed}
            factor.save(update_fields=["data"])
            changed += 1
    return changed


def _secrets(data: dict[str, Any]) -> dict[str, Any]:
    """Return what must not be read: seeds of codes, and codes themselves."""
    return {name: data[name] for name in ("secret", "seed", "migrated_codes") if name in data}


def _sealed_anew(keys: Sequence[bytes], stored: Any) -> Any:
    if isinstance(stored, list):
        return [_sealed_anew(keys, one) for one in stored]
    if not stored.startswith(_MARK):
        return seal(keys, stored)
    try:
        unseal(keys[:1], stored)
    except CannotUnseal:
        return seal(keys, unseal(keys, stored))
    return stored
