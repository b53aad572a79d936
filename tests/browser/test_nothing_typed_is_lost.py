"""Sessions end while Alice types, at submit and in two tabs, with script and without it."""

from collections.abc import Iterator
from secrets import token_hex

import pytest
from playwright.sync_api import Browser, Page, expect

from onboarding.demo.people import DEMO_PASSWORD
from tests.browser.conftest import PATIENCE_MS, Cast, Person

PURPOSE = 'Settles "card" payments & more.\n\nTwice a day.'
# What these journeys bring about: somebody was signed out, and what was saved between the two
# sign-ins is refused, by its old proof. The banner says so.
REFUSED = (
    "Response Status Error Code 401",
    "Response Status Error Code 403 from /requests/started/",
)


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def alice(request: pytest.FixtureRequest, browser: Browser, portal: str) -> Iterator[Person]:
    """Alice, signed in, in a browser that runs scripts or does not."""
    context = browser.new_context(base_url=portal, java_script_enabled=request.param)
    context.set_default_timeout(PATIENCE_MS)
    person = Person(context.new_page())
    person.listen()
    person.open("/")
    sign_in(person.page)
    yield person
    context.close()
    assert not unexpected(person.complaints, *REFUSED[:1])


def unexpected(complaints: list[str], *known: str) -> list[str]:
    return [words for words in complaints if not any(text in words for text in known)]


def sign_in(page: Page) -> None:
    page.get_by_label("Username or email").fill("alice")
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state("load")


def fill_in(page: Page, name: str) -> None:
    page.goto("/requests/new/")
    page.get_by_label("Namespace name").fill(name)
    page.get_by_label("Purpose").fill(PURPOSE)
    page.get_by_role("radio", name="Restricted").check()


def lose_session(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_load_state("load")


def check_it_is_all_there(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name="This form was not sent")).to_be_visible()
    expect(page.get_by_label("Namespace name")).to_have_value(name)
    expect(page.get_by_label("Purpose")).to_have_value(PURPOSE)
    expect(page.get_by_role("radio", name="Restricted")).to_be_checked()


def test_at_submit_the_form_comes_back_after_signing_in_and_can_be_sent(alice: Person) -> None:
    page, name = alice.page, f"payments-{token_hex(3)}"
    fill_in(page, name)
    lose_session(page)
    page.context.clear_cookies(name="csrftoken")
    submit(page)
    expect(page.locator("#main").get_by_text("It is kept")).to_be_visible()
    sign_in(page)
    check_it_is_all_there(page, name)
    lose_session(page)
    submit(page)
    sign_in(page)
    check_it_is_all_there(page, name)
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_while_typing_the_page_stays_and_goes_on_after_signing_in_elsewhere(cast_at: Cast) -> None:
    alice = cast_at.alice
    page = alice.page
    fill_in(page, "Payments")
    name = page.get_by_label("Namespace name")
    expect(page.locator("#name-status")).to_contain_text("lowercase")
    expect(page.locator("#live")).to_contain_text("Preview updated")
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("payments-going-on")
    expect(page.locator("#name-status")).to_contain_text("is free")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    lose_session(page)
    page.get_by_label("Purpose").press_sequentially(" And on.")
    banner = page.locator("#signed-out")
    expect(banner).to_be_visible()
    expect(page.get_by_label("Purpose")).to_have_value(PURPOSE + " And on.")
    alice.check_page()
    with page.context.expect_page() as opened:
        banner.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(opened.value)
    opened.value.close()
    if banner.is_visible():
        banner.get_by_role("button", name="I have signed in again").click()
    expect(banner).to_be_hidden()
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("payments-going-on")
    assert not unexpected(cast_at.complaints, *REFUSED)


def test_two_tabs_lose_nothing_of_either(alice: Person) -> None:
    one = alice.page
    two = one.context.new_page()
    fill_in(one, "payments-one")
    fill_in(two, "payments-two")
    lose_session(one)
    submit(one)
    sign_in(one)
    check_it_is_all_there(one, "payments-one")
    submit(two)  # its proof of origin is that of the sign-in before
    check_it_is_all_there(two, "payments-two")
