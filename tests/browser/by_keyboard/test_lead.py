"""A lead without a mouse: what she asks for, and what no form offers."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.by_keyboard.conftest import SHUT
from tests.browser.by_keyboard.hands import arrive, enter, follow, pick, press, tab_to, type_into
from tests.browser.conftest import Cast

NAME, WEB = "payments-keyboard", "payments-keyboard-web"


def test_she_sends_a_request(cast_at: Cast) -> None:
    alice, page = cast_at.alice, cast_at.alice.page
    alice.open("/")
    name = page.get_by_label("Namespace name")
    follow(alice, "Request a namespace", "Request a namespace", at=name)
    type_into(alice, "Namespace name", NAME)
    expect(page.get_by_role("status").filter(has_text="is free")).to_have_count(1)
    type_into(alice, "Purpose", "Settles card payments.")
    expect(page.locator("#live")).to_contain_text("Preview updated")
    press(alice, "Submit for approval")
    arrive(alice, re.compile(f"{NAME}, REQ-"))
    expect(page.locator("#progress")).to_contain_text("Waiting for decisions.")
    expect(page.locator("main")).to_contain_text("Pat can decide")
    expect(page.locator("main")).not_to_contain_text("Dana can decide")
    alice.check_page()


def test_an_empty_form_says_error_first_and_its_summary_has_the_focus(cast_at: Cast) -> None:
    alice, page = cast_at.alice, cast_at.alice.page
    alice.open("/requests/new/")
    press(alice, "Submit for approval")
    arrive(alice, "Error: Request a namespace", at=page.locator("#error-summary"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Namespace name")).to_be_focused()
    expect(page.get_by_label("Namespace name")).to_have_attribute("aria-invalid", "true")
    alice.check_page()


def test_she_asks_for_the_web_entry_and_the_internet(cast_at: Cast) -> None:
    alice, page = cast_at.alice, cast_at.alice.page
    alice.open("/requests/new/")
    type_into(alice, "Namespace name", WEB)
    type_into(alice, "Purpose", "Takes orders on the web.")
    pick(alice, "ingress", "web entry")
    type_into(alice, "Component", "web")
    type_into(alice, "Ports (TCP)", "8080")
    pick(alice, "egress", "Internet HTTPS")
    expect(page.locator("#approvals")).to_contain_text("HTTPS to public addresses")
    press(alice, "Submit for approval")
    arrive(alice, re.compile(f"{WEB}, REQ-"))
    for words in ("Dana can decide", "TCP 8080", "Internet HTTPS"):
        expect(page.locator("main")).to_contain_text(words)
    alice.check_page()


@pytest.mark.usefixtures("estate")
def test_she_is_told_whom_to_ask_for_traffic_from_elsewhere(cast_at: Cast) -> None:
    alice, page = cast_at.alice, cast_at.alice.page
    alice.open("/")
    follow(alice, SHUT, f"Overview, {SHUT}")
    follow(alice, "Connectivity", f"Connectivity, {SHUT}")
    type_into(alice, "From (A)", "kube-system")
    type_into(alice, "To (B)", SHUT)
    type_into(alice, "Port", "9090")
    enter(alice)
    arrive(alice, f"Connectivity, {SHUT}", at=page.locator("#answer"))
    expect(page.locator("#live")).to_contain_text("No.")
    for words in ("Nothing that can be asked for", "Ask who gives network approval: Dana"):
        expect(page.locator("main")).to_contain_text(words)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab_to(alice, page.get_by_role("button", name="Copy the message"))
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("Copied")
    assert SHUT in page.evaluate("navigator.clipboard.readText()")
    alice.check_page()
