"""Verify one passkey assertion: that this key signed this statement, its person verified, here.

WebAuthn level 2, section 7.2, without what belongs to a sign-in: there is no session, so any
process can verify it at any time. The counter is not compared: synchronised passkeys have none.
"""

import hashlib
import struct
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticatorData, CollectedClientData

from onboarding.domain.approval import Signed

# COSE identifiers: ECDSA on P-256, Ed25519, RSA with PKCS#1 v1.5; the offline script knows them.
ALGORITHMS = frozenset({-7, -8, -257})


class NotVerified(Exception):
    """The assertion does not prove what it should; the text completes "The signature …"."""


def check_assertion(signed: Signed, public_key: bytes) -> None:
    """Raise NotVerified unless `public_key` (COSE) signed the statement with user verification."""
    try:
        client = CollectedClientData(signed.client_data)
        device = AuthenticatorData(signed.authenticator_data)
    except Exception as error:  # whatever its parsers raise for what anybody may send
        raise NotVerified("cannot be read") from error
    _check_client(client, signed.challenge)
    _check_device(device, urlsplit(client.origin).hostname or "")
    try:
        message = signed.authenticator_data + hashlib.sha256(signed.client_data).digest()
        read_key(public_key).verify(message, signed.signature)
    except Exception as error:  # InvalidSignature, or whatever no real key has in it
        raise NotVerified("is not by the key it names") from error


def read_key(public_key: bytes) -> CoseKey:
    """Return a key from its COSE bytes. Raise ValueError for every kind but those known here."""
    try:
        tree: Any = cbor.decode(public_key)
    except (IndexError, ValueError, TypeError, RecursionError, struct.error) as error:
        raise ValueError("it cannot be read") from error
    if not isinstance(tree, dict) or tree.get(3) not in ALGORITHMS:
        raise ValueError("a kind of key that is not used for approvals")
    return CoseKey.parse(tree)


def _check_client(client: CollectedClientData, challenge: bytes) -> None:
    if client.type != CollectedClientData.TYPE.GET:
        raise NotVerified("is no answer to a question")
    if client.challenge != challenge:
        raise NotVerified("is over something else")
    origin: object = client.origin  # whatever JSON has there
    if client.cross_origin or not (isinstance(origin, str) and is_own_origin(origin)):
        raise NotVerified("was made on another site")


def _check_device(device: AuthenticatorData, host: str) -> None:
    if device.rp_id_hash != hashlib.sha256(host.encode()).digest():
        raise NotVerified("was made for another site")
    if not device.is_user_present() or not device.is_user_verified():
        raise NotVerified("was made without asking its person for a PIN, a finger or a face")


def is_own_origin(origin: str) -> bool:
    """Tell whether a page of this portal can have it; plain HTTP only where that is served."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not any(_fits(host, allowed) for allowed in settings.ALLOWED_HOSTS):
        return False
    if settings.HTTPS:
        return origin == f"https://{host}"
    return origin in {f"http://{host}", f"http://{host}:{port}"}


def _fits(host: str, allowed: str) -> bool:
    """Tell whether a host is the allowed one, or under `.example.org`. `*` names no host."""
    return host == allowed or (allowed.startswith(".") and f".{host}".endswith(allowed))
