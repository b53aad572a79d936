"""What an API server says of time: a token's claims, and the Date of its answers."""

import base64
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace

import pytest
import urllib3

from onboarding.cluster.connections import Connection, HttpClient
from onboarding.cluster.server_time import ServerClock, date_of, life_of, life_until
from tests.support.tokens import jwt

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def encoded(payload: bytes) -> str:
    return f"e30.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.c2ln"


@pytest.mark.parametrize("off", [timedelta(0), timedelta(days=31), timedelta(days=-31)])
def test_a_token_lives_from_iat_to_exp_whatever_the_clock_that_wrote_them(off: timedelta) -> None:
    assert life_of(jwt(NOON + off, HOUR)) == HOUR


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b.c",
        "e30.e30.e30",
        encoded(b"[]"),
        encoded(b"\xff"),
        encoded(b"[" * 100_000),
        encoded(json.dumps({"iat": 1, "exp": "2"}).encode()),
        encoded(json.dumps({"iat": 1}).encode()),
        encoded(json.dumps({"iat": 2, "exp": 2}).encode()),
        encoded(json.dumps({"iat": 2, "exp": 1}).encode()),
        encoded(json.dumps({"iat": 0, "exp": 10**30}).encode()),
        encoded(json.dumps({"iat": 0.5, "exp": 1e308}).encode()),
        encoded(b'{"iat": 0, "exp": Infinity}'),
    ],
)
def test_what_says_nothing_sensible_of_its_life_says_nothing(token: str) -> None:
    assert life_of(token) is None


def test_a_life_below_nothing_is_none() -> None:
    assert life_of(jwt(NOON, -HOUR)) is None


@pytest.mark.parametrize("off", [timedelta(0), timedelta(days=2), timedelta(hours=-1)])
def test_an_expiry_is_translated_by_the_date_of_its_own_answer(off: timedelta) -> None:
    written = (NOON + off + HOUR).isoformat()
    assert life_until(written, by=NOON + off) == HOUR


@pytest.mark.parametrize("expires", ["", "soon", "2026-11-24T13:00:00", NOON.isoformat()])
def test_an_expiry_that_is_none_or_past_is_no_life(expires: str) -> None:
    assert life_until(expires, by=NOON) is None


def test_without_a_date_nobody_knows_what_an_expiry_means() -> None:
    assert life_until((NOON + HOUR).isoformat(), by=None) is None


def test_a_date_is_read_and_nothing_else() -> None:
    assert date_of("Tue, 24 Nov 2026 12:00:00 GMT") == NOON
    for wrong in ("", "yesterday", "Tue, 24 Nov 99999 12:00:00 GMT", "2026-11-24"):
        assert date_of(wrong) is None


def test_a_clock_goes_on_after_the_answer_that_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ServerClock()
    assert clock.now() is None
    clock.hear(NOON, arrived=100.0)
    clock.hear(None, arrived=900.0)
    monkeypatch.setattr("onboarding.cluster.server_time.time.monotonic", lambda: 130.0)
    assert clock.now() == NOON + timedelta(seconds=30.5)


def test_what_was_heard_long_ago_says_nothing_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ServerClock()
    clock.hear(NOON, arrived=100.0)
    monkeypatch.setattr("onboarding.cluster.server_time.time.monotonic", lambda: 161.0)
    assert clock.now() is None


LIST = b'{"kind": "NamespaceList", "apiVersion": "v1"}'
REFUSAL = b'{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Unauthorized"}'


@pytest.mark.parametrize(
    ("status", "body", "is_heard"),
    [(200, LIST, True), (401, REFUSAL, True), (404, b"<html>", False), (503, b"", False)],
    ids=["answer", "refusal", "page", "nothing"],
)
def test_the_clock_is_the_servers_and_not_of_what_stands_in_front(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, is_heard: bool
) -> None:
    headers = {"Date": "Tue, 24 Nov 2026 12:00:00 GMT", "Content-Type": "application/json"}
    answer = urllib3.HTTPResponse(BytesIO(body), headers, status, preload_content=False)
    line = HttpClient(Connection("https://127.0.0.1:1", "", "token"))
    sent = SimpleNamespace(response=answer)
    monkeypatch.setattr(line._client, "call_api", lambda *_, **__: sent)
    line.send("GET", "/api/v1/namespaces")
    shown = line.server_clock.now()
    assert (shown is not None and shown - NOON < timedelta(minutes=1)) == is_heard
