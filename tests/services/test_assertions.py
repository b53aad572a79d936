"""One assertion: this key, over this, its person verified, on a page of this portal."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fido2 import cbor
from fido2.cose import ES384

from onboarding.services.assertions import NotVerified, check_assertion, is_own_origin
from tests.support.soft_passkey import PRESENT, VERIFIED, SoftPasskey

STATEMENT = b'{"v":1}'


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP256R1()),
        Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["ES256", "EdDSA", "RS256"],
)
def test_each_kind_of_key_is_verified_and_each_flipped_byte_noticed(private: Any) -> None:
    passkey = SoftPasskey(private=private)
    signed = passkey.sign(STATEMENT)
    check_assertion(signed, passkey.public_key)
    for part in ("statement", "nonce", "authenticator_data", "client_data", "signature"):
        raw: bytes = getattr(signed, part)
        flipped = raw[:-1] + bytes([raw[-1] ^ 1])
        with pytest.raises(NotVerified):
            check_assertion(replace(signed, **{part: flipped}), passkey.public_key)


def test_another_key_did_not_sign_it() -> None:
    with pytest.raises(NotVerified, match="not by the key it names"):
        check_assertion(SoftPasskey().sign(STATEMENT), SoftPasskey().public_key)


@pytest.mark.parametrize(
    "public_key",
    [b"", b"\xff", cbor.encode({1: 2}), cbor.encode({3: -7}), b"\x81" * 5_000, b"\xa1\x81\x01\x01"],
    ids=lambda raw: repr(raw[:8]),
)
def test_a_key_that_cannot_be_read_signed_nothing(public_key: bytes) -> None:
    with pytest.raises(NotVerified, match="not by the key it names"):
        check_assertion(SoftPasskey().sign(STATEMENT), public_key)


def test_a_kind_of_key_that_the_auditor_does_not_know_is_not_used() -> None:
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    key = cbor.encode(dict(ES384.from_cryptography_key(public)))
    with pytest.raises(NotVerified):
        check_assertion(SoftPasskey().sign(STATEMENT), key)


@pytest.mark.parametrize("origin", [1, None, ["http://localhost:8000"], {}], ids=str)
def test_an_origin_that_is_no_text_is_another_site(origin: Any) -> None:
    passkey = SoftPasskey()
    with pytest.raises(NotVerified, match="on another site"):
        check_assertion(passkey.sign(STATEMENT, origin=origin), passkey.public_key)


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
def test_its_person_has_to_be_there_and_verified(flags: int) -> None:
    passkey = SoftPasskey()
    with pytest.raises(NotVerified, match="without asking its person"):
        check_assertion(passkey.sign(STATEMENT, flags=flags), passkey.public_key)


@pytest.mark.parametrize("part", ["client_data", "authenticator_data"])
def test_nonsense_cannot_be_read(part: str) -> None:
    passkey = SoftPasskey()
    signed = replace(passkey.sign(STATEMENT), **{part: b"\x00"})
    with pytest.raises(NotVerified, match="cannot be read"):
        check_assertion(signed, passkey.public_key)


@pytest.mark.parametrize(
    ("https", "origin", "is_own"),
    [
        (True, "https://portal.example.org", True),
        (True, "https://portal.example.org:8443", False),
        (True, "http://portal.example.org", False),
        (True, "https://evil.example", False),
        (True, "https://portal.example.org.evil.example", False),
        (True, "https://a.under.example.org", True),
        (True, "https://under.example.org", True),
        (True, "https://notunder.example.org", False),
        (True, "https://trusted.example.org:444", True),
        (True, "null", False),
        (True, "https://[", False),
        (False, "http://portal.example.org:8000", True),
        (False, "http://evil.example", False),
        (False, "ftp://portal.example.org", False),
    ],
)
def test_only_the_portals_own_pages_ask(
    https: bool, origin: str, is_own: bool, settings: Any
) -> None:
    settings.HTTPS = https
    settings.ALLOWED_HOSTS = ["portal.example.org", ".under.example.org", "*"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example.org:444"]
    assert is_own_origin(origin) is is_own
