"""Credentials at rest: bound to what they were stored for, readable through key rotation."""

import pytest

from onboarding.cluster.encryption import (
    BoundElsewhere,
    CannotDecrypt,
    CannotEncrypt,
    decrypt,
    encrypt,
)

OLD, NEW = b"o" * 32, b"n" * 32
ROW, OTHER = b"row-1", b"row-2"
HEAD = 33  # the format and the hash of what it is bound to


def test_what_was_sealed_opens_again() -> None:
    assert decrypt([NEW], encrypt([NEW], b"secret", about=ROW), about=ROW) == b"secret"


def test_the_plaintext_does_not_show() -> None:
    assert b"secret" not in encrypt([NEW], b"secret", about=ROW)


def test_sealing_twice_gives_different_ciphertexts() -> None:
    assert encrypt([NEW], b"secret", about=ROW) != encrypt([NEW], b"secret", about=ROW)


def test_what_was_sealed_for_something_else_does_not_open_and_says_so() -> None:
    sealed = encrypt([NEW], b"secret", about=ROW)
    with pytest.raises(BoundElsewhere):
        decrypt([NEW], sealed, about=OTHER)


def test_a_forged_note_of_what_it_is_bound_to_opens_nothing() -> None:
    sealed = encrypt([NEW], b"secret", about=ROW)
    forged = encrypt([NEW], b"", about=OTHER)[:HEAD] + sealed[HEAD:]
    with pytest.raises(CannotDecrypt, match="no key"):
        decrypt([NEW], forged, about=OTHER)


def test_what_an_earlier_release_stored_is_not_opened_any_more() -> None:
    with pytest.raises(CannotDecrypt, match="earlier release"):
        decrypt([NEW], b"\x01" + b"x" * 60, about=ROW)


def test_the_first_key_seals_and_every_key_opens() -> None:
    before_rotation = encrypt([OLD], b"secret", about=ROW)
    after_rotation = encrypt([NEW, OLD], b"secret", about=ROW)
    assert decrypt([NEW, OLD], before_rotation, about=ROW) == b"secret"
    assert decrypt([NEW], after_rotation, about=ROW) == b"secret"


def test_without_the_right_key_nothing_opens() -> None:
    sealed = encrypt([OLD], b"secret", about=ROW)
    for keys in ([], [NEW]):
        with pytest.raises(CannotDecrypt, match="no key"):
            decrypt(keys, sealed, about=ROW)


@pytest.mark.parametrize("place", [0, 1, HEAD - 1, HEAD, HEAD + 11, HEAD + 12, -1])
def test_one_changed_byte_anywhere_is_noticed(place: int) -> None:
    sealed = bytearray(encrypt([NEW], b"secret", about=ROW))
    sealed[place] ^= 1
    with pytest.raises(CannotDecrypt):
        decrypt([NEW], bytes(sealed), about=ROW)


@pytest.mark.parametrize("cut", [0, 1, HEAD, HEAD + 5, HEAD + 12, HEAD + 20])
def test_a_truncated_ciphertext_does_not_open(cut: int) -> None:
    with pytest.raises(CannotDecrypt):
        decrypt([NEW], encrypt([NEW], b"secret", about=ROW)[:cut], about=ROW)


@pytest.mark.parametrize("keys", [[], [b"short"]])
def test_without_a_whole_key_nothing_is_sealed(keys: list[bytes]) -> None:
    with pytest.raises(CannotEncrypt):
        encrypt(keys, b"secret", about=ROW)
