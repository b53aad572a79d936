"""Credentials at rest: bound to their row, readable through key rotation, unreadable otherwise."""

import pytest

from onboarding.cluster.encryption import CannotDecrypt, CannotEncrypt, decrypt, encrypt

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_was_sealed_opens_again() -> None:
    assert decrypt([NEW], encrypt([NEW], b"secret", about="row-1"), about="row-1") == b"secret"


def test_the_plaintext_does_not_show() -> None:
    assert b"secret" not in encrypt([NEW], b"secret", about="row-1")


def test_sealing_twice_gives_different_ciphertexts() -> None:
    assert encrypt([NEW], b"secret", about="row-1") != encrypt([NEW], b"secret", about="row-1")


def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    with pytest.raises(CannotDecrypt):
        decrypt([NEW], encrypt([NEW], b"secret", about="row-1"), about="row-2")


def test_the_first_key_seals_and_every_key_opens() -> None:
    before_rotation = encrypt([OLD], b"secret", about="row-1")
    after_rotation = encrypt([NEW, OLD], b"secret", about="row-1")
    assert decrypt([NEW, OLD], before_rotation, about="row-1") == b"secret"
    assert decrypt([NEW], after_rotation, about="row-1") == b"secret"


def test_without_the_right_key_nothing_opens() -> None:
    sealed = encrypt([OLD], b"secret", about="row-1")
    for keys in ([], [NEW]):
        with pytest.raises(CannotDecrypt, match="no key"):
            decrypt(keys, sealed, about="row-1")


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_one_changed_byte_anywhere_is_noticed(place: int) -> None:
    sealed = bytearray(encrypt([NEW], b"secret", about="row-1"))
    sealed[place] ^= 1
    with pytest.raises(CannotDecrypt):
        decrypt([NEW], bytes(sealed), about="row-1")


@pytest.mark.parametrize("cut", [b"", b"\x01", b"\x01" + b"x" * 12])
def test_a_truncated_ciphertext_does_not_open(cut: bytes) -> None:
    with pytest.raises(CannotDecrypt):
        decrypt([NEW], cut, about="row-1")


@pytest.mark.parametrize("keys", [[], [b"short"]])
def test_without_a_whole_key_nothing_is_sealed(keys: list[bytes]) -> None:
    with pytest.raises(CannotEncrypt):
        encrypt(keys, b"secret", about="row-1")
