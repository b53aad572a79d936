"""An approver without a mouse: the way to what waits, one request decided, several at once."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.by_keyboard.conftest import DECIDED, TOGETHER, WRITTEN
from tests.browser.by_keyboard.hands import arrive, enter, leave_by, press, tab_to
from tests.browser.conftest import Cast, Person

QUEUE = re.compile(r"^Approvals \(\d+\) · Bulkhead$")


def test_she_finds_a_request_in_the_queue_and_decides_it(
    cast_at: Cast, asked: dict[str, str]
) -> None:
    dana, page = cast_at.dana, cast_at.dana.page
    dana.open("/approvals/")
    arrive(dana, QUEUE)
    page.keyboard.press("/")
    page.keyboard.type(DECIDED)
    enter(dana)
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=f"New namespace {DECIDED}")).to_be_focused()
    enter(dana)
    expect(page).to_have_title(f"New namespace {DECIDED}, REQ-{asked[DECIDED]} · Bulkhead")
    tab_to(dana, page.get_by_role("button", name="Approve for network"), most=120)
    dana.check_page()
    page.locator("button[value=approve]:focus").wait_for()
    enter(dana)
    expect(page.locator("main")).to_contain_text("You approved")


@pytest.mark.usefixtures("asked")
def test_she_approves_two_at_once_and_is_told_of_each(cast_at: Cast) -> None:
    dana, page = cast_at.dana, cast_at.dana.page
    dana.open("/approvals/?q=keyboard-both")
    for name in TOGETHER:
        tab_to(dana, page.get_by_role("row").filter(has_text=name).get_by_role("checkbox"))
        page.keyboard.press("Space")
    press(dana, "Review what is ticked")
    arrive(dana, "Approve several (2)")
    dana.check_page()
    press(dana, "Approve what is ticked")
    arrive(dana, "2 of 2 approved")
    expect(page.locator("#live")).to_have_text("2 of 2 approved")
    for name in TOGETHER:
        expect(page.get_by_role("listitem").filter(has_text=name)).to_contain_text("approved")
    dana.check_page()


def test_one_key_leads_from_any_page_to_approvals(cast_at: Cast) -> None:
    dana = cast_at.dana
    for address in ("/", "/namespaces/", "/help/", "/accounts/2fa/"):
        assert dana.open(address) == 200
        leave_by(dana, "g")
        arrive(dana, QUEUE)


def test_no_key_leaves_a_form_in_which_she_wrote(cast_at: Cast, asked: dict[str, str]) -> None:
    dana, page = cast_at.dana, cast_at.dana.page
    dana.open(f"/approvals/{asked[WRITTEN]}/")
    page.keyboard.press("r")
    page.keyboard.type("Which port?")
    page.keyboard.press("Tab")
    page.keyboard.press("g")
    dana.check_page()  # takes longer than a page that would come
    expect(page.locator("textarea[name=reason]")).to_have_value("Which port?")
    for key in ("r", "Control+A", "Delete", "Tab"):
        page.keyboard.press(key)
    leave_by(dana, "g")
    arrive(dana, QUEUE)


def test_no_key_leaves_words_that_are_shown_again(cast_at: Cast, asked: dict[str, str]) -> None:
    dana, page = cast_at.dana, cast_at.dana.page
    dana.open(f"/approvals/{asked[WRITTEN]}/")
    reason = page.locator("textarea[name=reason]")
    reason.fill("Which port?")
    page.locator("input[name=digest]").evaluate("field => { field.value = 'of before' }")
    press(dana, "Reject")
    expect(page.locator("#conflict")).to_contain_text("Your reason is kept below")
    page.keyboard.press("g")
    dana.check_page()  # takes longer than a page that would come
    expect(reason).to_have_value("Which port?")
    reason.fill("")
    page.keyboard.press("Tab")
    page.locator("main").evaluate("main => main.setAttribute('data-shown-once', '')")
    page.keyboard.press("g")
    dana.check_page()
    expect(reason).to_have_count(1)
    page.locator("main").evaluate("main => main.removeAttribute('data-shown-once')")
    leave_by(dana, "g")
    arrive(dana, QUEUE)


def test_she_turns_the_keys_off_where_she_is(cast_at: Cast) -> None:
    dana, page = cast_at.dana, cast_at.dana.page
    dana.open("/help/")
    turn(dana, "off")
    page.keyboard.press("g")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    assert page.url.endswith("/help/")
    turn(dana, "on")
    leave_by(dana, "g")
    arrive(dana, QUEUE)


def turn(dana: Person, how: str) -> None:
    """By the list of keys, which every page has at its end."""
    keyboard = dana.page.keyboard
    tab_to(dana, dana.page.get_by_role("button", name="Keys"))
    keyboard.press("Enter")
    use = dana.page.get_by_role("dialog", name="Keys").get_by_label("Use these keys")
    tab_to(dana, use)
    dana.check_page()
    keyboard.press("Space")
    expect(use).to_be_checked(checked=how == "on")
    keyboard.press("Escape")
