"""The passkeys a person has registered for signing in; allauth keeps them."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from fido2 import cbor

from onboarding.models import User


@dataclass(frozen=True)
class Passkey:
    """One passkey, by allauth's id. `public_key` is in COSE form."""

    id: int
    name: str
    credential: bytes
    public_key: bytes


def passkeys_of(person: User) -> list[Passkey]:
    """Return the person's passkeys, oldest first. One query."""
    rows = Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN)
    return [found for row in rows.order_by("id") if (found := _read(row))]


def _read(row: Authenticator) -> Passkey | None:
    wrapped: WebAuthn = row.wrap()  # type: ignore[no-untyped-call]  # allauth types half of it
    registered = wrapped.authenticator_data.credential_data
    if registered is None:
        return None
    public_key = cbor.encode(dict(registered.public_key))
    return Passkey(row.pk, wrapped.name, registered.credential_id, public_key)
