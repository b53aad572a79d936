"""Dana goes through the queue by keys: one for each approval, and none of what she did not see."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Cast, Person
from tests.support.real_processes import Live

NAMES = ("turn-one", "turn-two", "turn-three")
READY = "button[value=approve][data-armed]:focus"
QUEUE = "/approvals/?q=turn-"  # nothing else that waits in the portal of all browser tests
LARGE, SMALL = {"width": 1440, "height": 900}, {"width": 1024, "height": 600}


def test_dana_approves_what_waits_with_one_key_each(cast_at: Cast, live: Live) -> None:
    asked = live.act("wish", *NAMES)
    dana, page = cast_at.dana, cast_at.dana.page
    page.set_viewport_size(LARGE)
    open_first_by_keys(dana)
    dana.check_page()
    for name in NAMES:
        expect(page).to_have_title(f"New namespace {name}, REQ-{asked[name]} · Bulkhead")
        expect(page.locator(READY)).to_be_visible()
        page.keyboard.press("Space")
        expect(page.locator(READY)).to_be_visible()
        approve(page)
    expect(page.locator("main")).to_contain_text("It was the last one.")
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def test_what_is_not_in_sight_takes_a_key_more_and_keys_can_be_turned_off(
    cast_at: Cast, live: Live
) -> None:
    live.act("wish", "turn-small")
    dana, page = cast_at.dana, cast_at.dana.page
    page.set_viewport_size(SMALL)
    open_first_by_keys(dana)
    expect(page.locator("button:focus")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    dana.check_page()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("a")
    expect(page.locator("button[value=approve]:focus")).to_have_count(0)
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("a")
    expect(page.locator("button[value=approve]")).to_be_focused()
    approve(page)
    expect(page.locator("main")).to_contain_text("You approved")


def test_who_opens_it_with_the_mouse_approves_nothing_by_scrolling(
    cast_at: Cast, live: Live
) -> None:
    live.act("wish", "turn-mouse")
    dana, page = cast_at.dana, cast_at.dana.page
    page.set_viewport_size(LARGE)
    assert dana.open(QUEUE) == 200
    page.get_by_role("link", name="turn-mouse").click()
    expect(page).to_have_title(re.compile("New namespace turn-mouse"))
    expect(page.locator("button:focus")).to_have_count(0)
    page.keyboard.press("Space")
    page.keyboard.press("a")
    expect(page.locator("button[value=approve]")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("button[value=approve]")).to_be_focused()
    approve(page)
    expect(page.locator("main")).to_contain_text("You approved")


def open_first_by_keys(dana: Person) -> None:
    """Go to the list, to its first row and into it: two keys."""
    assert dana.open(QUEUE) == 200
    dana.page.keyboard.press("j")
    with dana.page.expect_navigation():
        dana.page.keyboard.press("Enter")


def approve(page: Page) -> None:
    """Press Enter on the button that has the focus."""
    with page.expect_navigation():
        page.keyboard.press("Enter")
