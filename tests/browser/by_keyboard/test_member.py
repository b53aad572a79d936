"""A member without a mouse: why a call is blocked, and what he can do about it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.by_keyboard.conftest import SHUT
from tests.browser.by_keyboard.hands import arrive, enter, follow, press, type_into
from tests.browser.conftest import Cast, Person

pytestmark = pytest.mark.usefixtures("estate")
TITLE = f"Connectivity, {SHUT}"


def test_he_asks_why_an_address_is_blocked_and_suggests_the_change(cast_at: Cast) -> None:
    bob, main = cast_at.bob, cast_at.bob.page.locator("main")
    ask_about(bob, "8.8.8.8", TITLE, "#answer")
    expect(bob.page.get_by_role("heading", name=f"Answer for {SHUT} to 8.8.8.8")).to_be_focused()
    expect(bob.page.locator("#live")).to_contain_text("No. A may not send it")
    for words in ("What would allow it", "Internet HTTPS", "Alice"):
        expect(main).to_contain_text(words)
    type_into(bob, "What you need it for (optional)", "DNS over HTTPS.")
    press(bob, "Suggest this change")
    arrive(bob, f"Overview, {SHUT}")
    expect(bob.page.locator("#live")).to_contain_text("Suggested.")
    expect(main).to_contain_text("Waits for a lead of the team.")
    bob.check_page()
    lead_opens_it(cast_at.alice)


def test_he_is_told_what_to_do_with_the_name_of_a_host(cast_at: Cast) -> None:
    bob, page = cast_at.bob, cast_at.bob.page
    ask_about(bob, "api.stripe.com", f"Error: {TITLE}", "#error-summary")
    expect(page.locator("#error-summary")).to_contain_text("addresses, not names")
    expect(page.locator("main")).to_contain_text("dig +short api.stripe.com")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("To (B)")).to_be_focused()
    bob.check_page()


def ask_about(bob: Person, address: str, title: str, at: str) -> None:
    """From Home to the answer."""
    bob.open("/")
    follow(bob, SHUT, f"Overview, {SHUT}")
    follow(bob, "Connectivity", TITLE)
    type_into(bob, "To (B)", address)
    enter(bob)
    arrive(bob, title, at=bob.page.locator(at))


def lead_opens_it(alice: Person) -> None:
    """From Home to the change as it was suggested; hers is to send it."""
    alice.open("/")
    follow(alice, SHUT, f"Overview, {SHUT}")
    follow(alice, re.compile("^Open it"), f"Change {SHUT}")
    expect(alice.page.get_by_role("radio", name="Internet HTTPS")).to_be_checked()
    type_into(alice, "Reason for this request", "Bob needs DNS over HTTPS.")
    press(alice, "Submit for approval")
    arrive(alice, re.compile(f"{SHUT}, REQ-"))
    expect(alice.page.locator("#progress")).to_contain_text("Waiting for decisions.")
    alice.check_page()
