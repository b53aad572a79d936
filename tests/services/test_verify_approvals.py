"""An auditor verifies every approval of an export; the script shares no code with the portal."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from onboarding.demo.scenario import approve, ask
from onboarding.domain.actions import Action
from onboarding.domain.approval import to_text
from onboarding.domain.canonical import canonical
from onboarding.domain.lanes import Lane
from onboarding.models import Event, Request, User
from onboarding.pages.event_export import json_lines
from onboarding.services import history
from onboarding.services.approval_keys import confirm_at_console, revoke_approval_key
from onboarding.services.approval_root import roots
from onboarding.services.history import CONSOLE
from tests.support.approval_keys import approve_signed, asked, confirmed_by, enrolled, key_of, sign
from tests.support.requests import spec_of
from tests.support.soft_passkey import ORIGIN, SoftPasskey

pytestmark = pytest.mark.usefixtures("cast", "cluster")
SCRIPT = Path(__file__).parents[2] / "deploy" / "verify_approvals.py"
Entry = dict[str, Any]


@dataclass
class Desk:
    """The auditor's: an export that can be tampered with, and the script."""

    folder: Path

    def audit(
        self, *options: str, change: Callable[[Entry], None] | None = None
    ) -> tuple[int, str]:
        """Export, change each event, hash it again, and verify; the exit code and the output."""
        entries: list[Entry] = json.loads("".join(json_lines(Event.objects.order_by("-id"))))
        for entry in entries if change else ():
            changed = {**entry, "canonical": json.loads(entry["canonical"])}
            change(changed)  # type: ignore[misc]  # there is one, or nothing is iterated
            entry.update(changed, canonical=canonical(changed["canonical"]).decode())
            leaf = hashlib.sha256(b"\x00" + entry["canonical"].encode())
            entry["leaf"] = leaf.hexdigest()
        return self.run([entry for entry in entries if not entry.get("gone")], *options)

    def run(self, entries: object, *options: str) -> tuple[int, str]:
        path = self.folder / "history.json"
        path.write_text(json.dumps(entries), "utf-8")
        is_pinned = any(option.startswith("--root=") for option in options)
        root = () if is_pinned else (f"--root={to_text(roots()[0])}",)
        demand = () if "--demand" in options else ("--demand", "")
        argv = [sys.executable, "-I", str(SCRIPT), str(path), *root, *demand, *options]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def danas(now: datetime, cast: dict[str, User]) -> SoftPasskey:
    return enrolled("dana", now=now)


@pytest.fixture
def decided(danas: SoftPasskey, now: datetime) -> Request:
    """Pat approved without a signature, Dana with one."""
    request = approve(ask(spec_of(), now=now), "pat", Lane.PLATFORM, now=now)
    signed = sign(danas, request, Lane.NETWORK, now=now)
    return approve_signed(request, Lane.NETWORK, signed, now=now)


def of_dana(change: Callable[[Entry], None]) -> Callable[[Entry], None]:
    """The change, to Dana's approval only."""

    def only_hers(entry: Entry) -> None:
        if entry["action"] == "portal:lane:approved" and entry["actor"] == "Dana":
            change(entry["canonical"])

    return only_hers


def test_every_approval_has_a_line(desk: Desk, decided: Request) -> None:
    code, said = desk.audit("--demand", "network,security", "--origin", ORIGIN)
    assert code == 0, said
    assert f"plain    {decided.label} platform by Pat: not signed" in said
    assert f"verified {decided.label} network by Dana: KEY-" in said


def test_one_that_is_demanded_and_not_signed_is_wrong(desk: Desk, decided: Request) -> None:
    code, said = desk.audit("--demand", "platform")
    assert code == 1
    assert f"WRONG    {decided.label} platform by Pat: not signed" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said["body"].update(lane="security"), "signed for another lane"),
        (lambda said: said["body"].update(digest="sha256:0"), "another request or content"),
        (lambda said: said["about"].update(id="2222222222"), "another request or content"),
        (lambda said: said["actor"].update(id="1000000"), "signed for another person"),
        (lambda said: said.update(at="2026-11-25T09:00:00+00:00"), "signed for another time"),
        (lambda said: said["body"]["signed"]["proof"].update(nonce="AAAA"), "something else"),
        (
            lambda said: said["body"]["signed"].update(
                statement=said["body"]["signed"]["statement"].replace("approve", "reject")
            ),
            "something else",
        ),
    ],
    ids=["lane", "digest", "request", "person", "time", "nonce", "statement"],
)
def test_whatever_is_flipped_is_noticed(
    change: Callable[[Entry], None], words: str, desk: Desk, decided: Request
) -> None:
    code, said = desk.audit(change=of_dana(change))
    assert code == 1
    assert words in said


def test_an_event_that_is_not_what_its_hash_says_is_noticed(desk: Desk, decided: Request) -> None:
    entries = json.loads("".join(json_lines(Event.objects.all())))
    entries[0]["canonical"] = entries[0]["canonical"].replace('"v":1', '"v":2')
    assert desk.run(entries)[0] == 1


def test_which_lanes_are_demanded_has_to_be_said(desk: Desk, decided: Request) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "history.json", "--root=AAAA"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "--demand" in done.stderr) == (2, True)


def test_where_no_lane_is_a_demanded_one_all_are(desk: Desk, decided: Request) -> None:
    code, said = desk.audit("--demand", "security")
    assert code == 1
    assert f"WRONG    {decided.label} platform by Pat: not signed" in said
    assert f"verified {decided.label} network by Dana" in said


@pytest.mark.parametrize("action", ["portal:lane:approved", "portal:request:approved"])
def test_what_took_effect_needs_its_approvals(action: str, desk: Desk, decided: Request) -> None:
    def without_approvals(entry: Entry) -> None:
        entry["gone"] = entry["action"] == action
        if entry["action"] == "portal:request:approved":
            entry["canonical"]["body"]["digest"] = "sha256:1"

    code, said = desk.audit(change=without_approvals)
    is_missed = "it took effect, and no approval of it is in the export" in said
    assert (code, is_missed) == ((2, True) if action == "portal:lane:approved" else (0, False))


def test_an_export_without_approvals_tells_nothing(desk: Desk) -> None:
    assert desk.run([])[0] == 2


ODD = {
    "no body": lambda said: said.update(body=7),
    "no time": lambda said: said.update(at="yesterday"),
    "no subject": lambda said: said.update(about=None),
    "no proof": lambda said: said["body"]["signed"].update(proof=[1]),
    "no client data": lambda said: said["body"]["signed"]["proof"].update(clientDataJSON="MQ"),
    "a statement that is a list": lambda said: said["body"]["signed"].update(statement="[]"),
    "too deep": lambda said: said["body"]["signed"].update(statement="[" * 50_000),
}


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_event_does_not_end_the_audit(odd: str, desk: Desk, decided: Request) -> None:
    code, said = desk.audit(change=of_dana(ODD[odd]))
    assert "Traceback" not in said
    assert (code, "WRONG" in said) == (1, True), said
    assert f"plain    {decided.label} platform by Pat: not signed" in said


def test_a_senseless_confirmation_is_passed_over(
    desk: Desk, danas: SoftPasskey, decided: Request, now: datetime
) -> None:
    key = key_of(danas)
    for statement in ("[" * 50_000, "{}", "7"):
        evidence = {"statement": statement, "proof": {}}
        history.record(
            Action.APPROVAL_KEY_CONFIRMED,
            actor=CONSOLE,
            at=now,
            about=history.about_user(key.person),
            body={"key": key.public_id, "signed": evidence, "by_key": None},
        )
    entries = [*reversed(json.loads("".join(json_lines(Event.objects.all()))))]
    moved = [{**one, "id": str(100_000 - at)} for at, one in enumerate(entries)]
    code, said = desk.run(moved)
    assert (code, "verified" in said) == (0, True), said


def test_a_key_that_is_asked_for_twice_stays_the_first(
    desk: Desk, danas: SoftPasskey, decided: Request, now: datetime
) -> None:
    history.record(
        Action.APPROVAL_KEY_ASKED,
        actor=CONSOLE,
        at=now,
        about=history.about_user(key_of(danas).person),
        body={"key": key_of(danas).public_id, "signed": {"statement": "{}", "proof": {}}},
    )
    code, said = desk.audit()
    assert (code, "is asked for a second time" in said) == (1, True)
    assert f"verified {decided.label} network by Dana" in said


def test_another_root_vouches_for_nobody(desk: Desk, decided: Request) -> None:
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    code, said = desk.audit(f"--root={to_text(stranger)}")
    assert code == 1
    assert "was not confirmed by anybody entitled" in said


def test_another_origin_than_the_pinned_one_is_noticed(desk: Desk, decided: Request) -> None:
    code, said = desk.audit("--origin", "https://portal.example.org")
    assert (code, "was not confirmed" in said or "another site" in said) == (1, True)


def test_what_is_missing_cannot_be_told(desk: Desk, decided: Request) -> None:
    def leave_out(entry: Entry) -> None:
        entry["gone"] = entry["action"] == "portal:approval-key:asked"

    code, said = desk.audit(change=leave_out)
    assert code == 2
    assert "is missing" in said
    assert desk.run({"no": "list"})[0] == 2


def test_a_chain_of_people_is_followed_and_a_revocation_counts(
    desk: Desk, danas: SoftPasskey, now: datetime
) -> None:
    pats, erins = enrolled("pat", now=now), SoftPasskey()
    confirmed_by("pat", pats, asked("erin", erins, now=now), now=now)
    request = ask(spec_of(data_class="restricted"), now=now)
    signed = sign(erins, request, Lane.SECURITY, now=now)
    approve_signed(request, Lane.SECURITY, signed, now=now)
    revoke_approval_key(key_of(erins), actor=CONSOLE, by=None, now=now + timedelta(minutes=1))
    code, said = desk.audit("--demand", "security")
    assert (code, "verified" in said) == (0, True), said

    def earlier(entry: Entry) -> None:
        if entry["action"] == "portal:approval-key:revoked":
            entry["canonical"]["at"] = now.isoformat()

    code, said = desk.audit(change=earlier)
    assert (code, "was revoked before" in said) == (1, True)


@pytest.mark.parametrize(
    "private",
    [Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)],
    ids=["EdDSA", "RS256"],
)
def test_every_kind_of_passkey_is_verified(private: Any, desk: Desk, now: datetime) -> None:
    passkey = SoftPasskey(private=private)
    asked("dana", passkey, now=now)
    confirm_at_console("dana", now=now)
    request = ask(spec_of(), now=now)
    signed = sign(passkey, request, Lane.NETWORK, now=now)
    approve_signed(request, Lane.NETWORK, signed, now=now)
    code, said = desk.audit("--demand", "network")
    assert (code, "verified" in said) == (0, True), said
