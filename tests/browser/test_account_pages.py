"""A passkey from its first day: added after asking again, signed in with, and asked for instead."""

import re

import pytest
from playwright.sync_api import Browser, expect

from onboarding.demo.people import DEMO_PASSWORD
from tests.browser.conftest import PATIENCE_MS, Cast, Person
from tests.support.real_processes import Live

# What a phone or a laptop is: keeps passkeys, and knows its owner.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def live(live_of_its_own: Live) -> Live:
    """Elsewhere Bob signs in with his password alone."""
    return live_of_its_own


def test_a_passkey_is_added_signs_in_and_confirms(
    browser: Browser, portal: str, cast_at: Cast
) -> None:
    bob = at_a_laptop(browser, portal)
    sign_in(bob)
    add_passkey(bob)
    sign_out(bob)
    bob.open("/accounts/login/")
    bob.click("button", "Sign in with a passkey")
    expect(bob.page).to_have_url(re.compile(r":\d+/$"))
    add_address(bob)
    confirm_by_passkey(bob)
    expect(bob.page.locator("main")).to_contain_text("robert@example.com")
    bob.check_page()
    bob.page.context.close()
    read_history(cast_at.frank)
    complaints = [*bob.complaints, *cast_at.complaints]
    assert not complaints, "\n".join(complaints)


def at_a_laptop(browser: Browser, portal: str) -> Person:
    """Passkeys are for names, never for bare addresses."""
    address = portal.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=address, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    person = Person(context.new_page())
    person.listen()
    devtools = context.new_cdp_session(person.page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return person


def sign_in(bob: Person) -> None:
    bob.open("/")
    bob.page.get_by_label("Username or email").fill("bob")
    bob.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    bob.click("button", "Sign in")


def sign_out(bob: Person) -> None:
    bob.open("/accounts/logout/")
    bob.page.locator("main").get_by_role("button", name="Sign out", exact=True).click()
    bob.page.wait_for_load_state("load")


def add_passkey(bob: Person) -> None:
    bob.open("/accounts/2fa/webauthn/add/")
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("Confirm it is you")
    bob.check_page()
    bob.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    bob.click("button", "Confirm")
    bob.page.get_by_label("Passwordless").check()
    bob.check_page()
    bob.click("button", "Add")
    expect(bob.page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    bob.check_page()


def add_address(bob: Person) -> None:
    bob.open("/accounts/email/")
    bob.page.get_by_role("textbox", name="Email").fill("robert@example.com")
    bob.click("button", "Add email")


def confirm_by_passkey(bob: Person) -> None:
    bob.check_page()
    bob.click("link", "Use authenticator app or code")
    bob.check_page()
    bob.click("link", "Use a security key")
    bob.check_page()
    bob.click("button", "Use a security key")


def read_history(frank: Person) -> None:
    frank.open("/history/?actor=Bob")
    events = frank.page.get_by_role("listitem")
    for what, detail in (
        ("Added a second factor", "factors: passkey"),
        ("Signed in", "factors: passkey"),
        ("Changed the e-mail addresses", "added: robert@example.com"),
    ):
        expect(events.filter(has_text=what).filter(has_text=detail)).to_have_count(1)
    frank.check_page()
