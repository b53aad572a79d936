"""What is signed for an approval: one form, every field in it, and nothing that reads two ways."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from onboarding.domain.approval import (
    Enrolment,
    LaneWord,
    Unreadable,
    challenge_of,
    differing,
    fingerprint,
    new_nonce,
    read_sent,
    read_signed,
    read_statement,
    read_time,
    to_bytes,
    to_text,
)
from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WORD = LaneWord("P1", "REQ", "network", "approve", "sha256:1", "Fine.", "7")
ENROLMENT = Enrolment("P1", "7", b"\x01\x02", b"key", ("network",), False, NOW)
PROOF = {
    "nonce": to_text(bytes(16)),
    "credentialId": "AQ",
    "authenticatorData": "AQ",
    "clientDataJSON": "AQ",
    "signature": "AQ",
}


def test_a_statement_says_all_that_is_decided_and_of_the_reason_its_hash() -> None:
    said = WORD.statement(expires_at=NOW)
    assert said == {
        "v": 1,
        "kind": "decision",
        "portal": "P1",
        "request": "REQ",
        "lane": "network",
        "vote": "approve",
        "digest": "sha256:1",
        "reason": hashlib.sha256(b"Fine.").hexdigest(),
        "person": "7",
        "expires_at": "2026-11-24T09:00:00+00:00",
    }


def test_one_word_for_many_names_each_and_is_of_another_kind() -> None:
    said = replace(WORD, parts=(("A", "sha256:2"),)).statement(expires_at=NOW)
    assert said["kind"] == "decisions"
    assert said["parts"] == [{"request": "A", "digest": "sha256:2"}]


@pytest.mark.parametrize(
    "field", ["portal", "request", "lane", "vote", "digest", "reason", "person"]
)
def test_every_field_makes_another_statement(field: str) -> None:
    first, second = (
        word.statement(expires_at=NOW) for word in (WORD, replace(WORD, **{field: "other"}))
    )
    assert differing(first, second) == [field]
    nonce = new_nonce()
    assert challenge_of(canonical(first), nonce) != challenge_of(canonical(second), nonce)


def test_what_is_signed_is_the_nonce_and_the_hash_of_the_statement() -> None:
    assert challenge_of(b"{}", b"n" * 16) == b"n" * 16 + hashlib.sha256(b"{}").digest()
    assert new_nonce() != new_nonce()


@pytest.mark.parametrize(
    "statement",
    [
        *(b'{"b":1,"a":2}', b'{"a": 2}', b'{"a":1,"a":2}', b"[]", b"{", b"\xff", b'{"a":NaN}'),
        *(b'{"a":"\\ud800"}', b'{"a":' * 20_000),
    ],
    ids=lambda statement: repr(statement[:12]),
)
def test_a_statement_in_any_other_form_is_none(statement: bytes) -> None:
    with pytest.raises(Unreadable):
        read_statement(statement)


def test_an_enrolment_is_read_as_it_was_written() -> None:
    assert Enrolment.read(canonical(ENROLMENT.statement())) == ENROLMENT


@pytest.mark.parametrize(
    "tamper",
    [
        {"more": "yes"},
        {"confirms": "true"},
        {"kind": "decision"},
        {"lanes": "network"},
        {"lanes": None},
        {"asked_at": "2026-11-24T09:00:00"},
        {"credential": "AQI="},
    ],
    ids=str,
)
def test_an_enrolment_with_anything_else_is_none(tamper: dict[str, Json]) -> None:
    with pytest.raises(Unreadable):
        Enrolment.read(canonical({**ENROLMENT.statement(), **tamper}))


@pytest.mark.parametrize("missing", ["person", "public_key", "lanes"])
def test_an_enrolment_that_lacks_something_is_none(missing: str) -> None:
    said = ENROLMENT.statement()
    del said[missing]
    with pytest.raises(Unreadable, match=missing):
        Enrolment.read(canonical(said))


def test_a_signature_is_read_as_it_was_kept() -> None:
    signed = read_signed("{}", PROOF)
    assert signed.proof() == PROOF
    assert read_sent(json.dumps({"statement": "{}", **PROOF})) == signed


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {**PROOF, "more": "AQ"},
        {**PROOF, "nonce": "AQ"},
        {**PROOF, "signature": "AQ=="},
        {**PROOF, "signature": "A Q"},
        {**PROOF, "signature": 1},
        [],
    ],
    ids=str,
)
def test_a_signature_of_other_parts_is_none(proof: object) -> None:
    with pytest.raises(Unreadable):
        read_signed("{}", proof)


NOT_TEXT = json.dumps({"statement": "\ud800", **PROOF})


@pytest.mark.parametrize(
    "sent",
    ["", "[]", "{", "1", '{"statement":"{}"}', "x" * 70_000, "[" * 60_000, NOT_TEXT],
    ids=lambda sent: repr(sent[:12]),
)
def test_what_no_page_sends_is_unreadable(sent: str) -> None:
    with pytest.raises(Unreadable):
        read_sent(sent)


@pytest.mark.parametrize("stored", ["", "yesterday", "2026-11-24T09:00:00", None])
def test_a_time_needs_its_zone(stored: object) -> None:
    with pytest.raises(Unreadable):
        read_time(stored)


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff\xfe\xfd", bytes(range(64))])
def test_bytes_survive_their_text(raw: bytes) -> None:
    assert to_bytes(to_text(raw)) == raw
    assert "=" not in to_text(raw)


def test_a_fingerprint_can_be_read_aloud() -> None:
    assert fingerprint(b"key") == "2c70 e12b 7a06 46f9"


@pytest.mark.parametrize(
    "other", [{"person": "8"}, {"lanes": ("network", "security")}, {"confirms": True}], ids=str
)
def test_a_fingerprint_is_of_all_that_a_key_is_enrolled_for(other: dict[str, object]) -> None:
    changed = replace(ENROLMENT, **other)  # type: ignore[arg-type]  # each is of its field's type
    assert fingerprint(canonical(changed.statement())) != fingerprint(
        canonical(ENROLMENT.statement())
    )
