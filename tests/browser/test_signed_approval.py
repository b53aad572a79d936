"""Approvals signed with passkeys, by Chromium's virtual authenticator: from enrolment to audit.

The passkeys are Chromium's own, the API server is real, and the last word has a script that shares
no code with the portal.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from onboarding.demo.people import DEMO_PASSWORD
from tests.browser.conftest import PATIENCE_MS, Cast, Person
from tests.support.real_processes import ROOT, Live

SIGNED, FORGED, REPLAYED = "payments-signed", "payments-forged", "payments-replayed"
LANES = "BULKHEAD_SIGNED_LANES"


@pytest.fixture
def demanding(live_of_its_own: Live) -> Live:
    """A portal whose auditor finds no other approvals, with lanes that have to be signed."""
    return live_of_its_own.told(**{LANES: "network,security"})


@pytest.fixture
def cast_at(browser: Browser, demanding: Live) -> Iterator[Cast]:
    """At localhost by its name: browsers know no passkeys of an IP address."""
    with demanding.web() as address, demanding.sweeper():
        cast = Cast(browser, address.replace("127.0.0.1", "localhost"))
        yield cast
        cast.leave()


def test_a_signed_approval_from_enrolment_to_the_auditors_desk(
    cast_at: Cast, demanding: Live, tmp_path: Path
) -> None:
    pat, dana, frank = cast_at.pat, cast_at.dana, cast_at.frank
    enrol_the_first(pat, demanding)
    enrol_another(dana, confirmed_by=pat)
    wishes = demanding.act("wish", SIGNED, FORGED, REPLAYED)

    approve_plainly(pat, wishes[SIGNED])
    approve_with_passkey(dana, wishes[SIGNED])
    assert demanding.act("wait", SIGNED)[SIGNED]["state"] == "ready"
    assert demanding.act("states", SIGNED)[SIGNED]["deviations"] == 0
    root = demanding.run("manage", "approval_root").strip()
    code, said = audit(frank, tmp_path / "honest.json", root)
    assert code == 0, said
    assert f"verified REQ-{wishes[SIGNED]} network by Dana" in said
    assert f"plain    REQ-{wishes[SIGNED]} platform by Pat: not signed" in said

    web_taken_over = replace(demanding, environment=demanding.environment | {LANES: ""})
    web_taken_over.act("approve_all", FORGED)
    web_taken_over.act("replay", SIGNED, REPLAYED)
    refused = demanding.act("blocked", FORGED, REPLAYED)
    assert f"REQ-{wishes[FORGED]} is not signed" in refused[FORGED]
    assert f"REQ-{wishes[REPLAYED]} is signed for another request" in refused[REPLAYED]
    code, said = audit(frank, tmp_path / "forged.json", root)
    assert code == 1
    assert f"WRONG    REQ-{wishes[FORGED]} network by Dana: not signed" in said
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def enrol_the_first(pat: Person, live: Live) -> None:
    """Pat's key is confirmed by whoever runs the server."""
    add_passkey(pat)
    ask(pat)
    shown = pat.page.locator("code").first.inner_text()
    said = live.run("manage", "confirm_approval_key", "pat", "--fingerprint", shown)
    assert "of pat (Pat) is confirmed" in said
    pat.open("/approval-keys/")
    expect(pat.page.get_by_text("Confirmed", exact=True)).to_be_visible()
    pat.check_page()


def enrol_another(person: Person, *, confirmed_by: Person) -> None:
    """A platform admin compares the fingerprint and confirms with an own key."""
    add_passkey(person)
    ask(person)
    shown = person.page.locator("code").first.inner_text()
    assert confirmed_by.open("/approval-keys/") == 200
    others = confirmed_by.page.locator("section[aria-labelledby=others]")
    expect(others.locator("code")).to_have_text(shown)
    confirmed_by.check_page()
    others.get_by_role("button", name="Confirm").click()
    expect(confirmed_by.page.locator("main")).to_contain_text("is confirmed.")


def add_passkey(person: Person) -> None:
    """Register one for signing in, on allauth's own page."""
    authenticator = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session = person.page.context.new_cdp_session(person.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
    assert person.open("/accounts/2fa/webauthn/add/") == 200
    if person.page.url.split("?")[0].endswith("/reauthenticate/"):
        person.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        person.click("button", "Confirm")
    person.page.get_by_label("Name").fill("Laptop")
    person.page.locator("#mfa_webauthn_add").click()
    person.page.wait_for_url("**/accounts/2fa/**", wait_until="load")
    expect(person.page.locator("#mfa_webauthn_add")).to_have_count(0, timeout=PATIENCE_MS)


def ask(person: Person) -> None:
    assert person.open("/approval-keys/") == 200
    person.check_page()
    person.page.get_by_role("button", name="Ask to enrol it").click()
    expect(person.page.locator("main")).to_contain_text("Another person has to confirm it.")
    person.check_page()


def approve_plainly(person: Person, request: str) -> None:
    assert person.open(f"/approvals/{request}/") == 200
    person.click("button", "Approve for platform")
    expect(person.page.locator("main")).to_contain_text(f"You approved REQ-{request} for platform")


def approve_with_passkey(person: Person, request: str) -> None:
    """Only with it: no button is without. A reason of two lines is signed as it is sent."""
    assert person.open(f"/approvals/{request}/") == 200
    page = person.page
    expect(page.get_by_role("button", name="Approve for network", exact=True)).to_have_count(0)
    page.get_by_label("Reason").fill("Read it.\nLooks right.")
    person.check_page()
    page.get_by_role("button", name="Approve for network with passkey").click()
    expect(page.locator("main")).to_contain_text(f"You approved REQ-{request} for network")
    assert person.open(f"/approvals/{request}/") == 200
    given = page.locator("section[aria-labelledby=approvals] li")
    expect(given.filter(has_text="Network approval")).to_contain_text("Signed with passkey")
    expect(given.filter(has_text="Platform approval")).to_contain_text("Not signed")
    person.check_page()


def audit(frank: Person, to: Path, root: str) -> tuple[int, str]:
    """Frank exports the whole history and has the script look at it, pinned to the root."""
    assert frank.open("/history/") == 200
    with frank.page.expect_download() as waiting:
        frank.page.get_by_text("JSON", exact=True).click()
    waiting.value.save_as(to)
    script = ROOT / "deploy" / "verify_approvals.py"
    argv = [sys.executable, str(script), str(to), f"--root={root}", "--demand", "network"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
