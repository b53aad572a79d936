"""An auditor without a mouse: who opened a port, who reaches the internet, who approved what."""

import csv
import re
from io import StringIO

import pytest
from playwright.sync_api import expect

from tests.browser.by_keyboard.conftest import FILTERED, OPEN
from tests.browser.by_keyboard.hands import arrive, choose, enter, follow, press, tab_to, type_into
from tests.browser.conftest import Cast


@pytest.mark.usefixtures("asked")
def test_he_filters_history(cast_at: Cast) -> None:
    frank, page = cast_at.frank, cast_at.frank.page
    frank.open("/history/")
    type_into(frank, "Words", FILTERED)
    enter(frank)
    found = page.get_by_role("listitem").filter(has_text=FILTERED).last
    arrive(frank, "History")
    expect(page.locator(".bh-scope")).to_contain_text("1 event")
    expect(page.locator("#live")).to_have_text("1 event")
    expect(found).to_contain_text("Alice")
    tab_to(frank, found.locator("summary"))
    page.keyboard.press("Enter")
    expect(found.locator("details")).to_have_attribute("open", "")
    frank.check_page()


@pytest.mark.usefixtures("estate")
def test_he_finds_who_opened_8080_when_and_why_and_that_it_is_still_so(cast_at: Cast) -> None:
    frank, page = cast_at.frank, cast_at.frank.page
    frank.open("/")
    follow(frank, "Namespaces", re.compile(r"^Namespaces \(\d+\)"))
    type_into(frank, "Search", OPEN)
    enter(frank)
    follow(frank, OPEN, f"Overview, {OPEN}")
    follow(frank, "Revisions", f"Revisions of {OPEN}")
    for words in (
        "Opens TCP 8080 from ingress-nginx",
        "Asked by Alice",
        "Approved by",
        "Takes card payments for the shop.",
        "Still so: read back whole",
    ):
        expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("main time").first).to_be_visible()
    frank.check_page()


@pytest.mark.usefixtures("estate")
def test_he_lists_who_can_reach_the_internet(cast_at: Cast) -> None:
    frank, page = cast_at.frank, cast_at.frank.page
    frank.open("/")
    follow(frank, "Reachability", "Reachability")
    title, answer = re.compile("can reach the internet"), page.locator("#answer")
    follow(frank, "Who can reach the internet", title, at=answer)
    expect(page.locator("#live")).to_contain_text("can reach the internet")
    row = page.locator("main").get_by_role("row").filter(has_text=OPEN)
    expect(row).to_contain_text("egress-internet")
    frank.check_page()


@pytest.mark.usefixtures("estate")
def test_he_takes_home_everything_pat_approved_this_month(cast_at: Cast) -> None:
    frank, page = cast_at.frank, cast_at.frank.page
    frank.open("/")
    follow(frank, "History", "History")
    follow(frank, "This month", "History")
    type_into(frank, "Person", "Pat")
    choose(frank, "What", "Approval given")
    press(frank, "Filter")
    arrive(frank, "History")
    scope = page.locator(".bh-scope")
    for words in ("Person: Pat", "What: Approval given", "-01"):
        expect(scope).to_contain_text(words)
    tab_to(frank, page.get_by_role("button", name="CSV"))
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    rows = list(csv.DictReader(StringIO(waiting.value.path().read_text())))
    assert {row["actor"] for row in rows} == {"Pat"}
    expect(scope.locator("strong")).to_have_text(re.compile(rf"^\s*{len(rows)} events?\s*$"))
    expect(page.locator("#live")).to_have_text(re.compile(rf"^{len(rows)} events?$"))
    frank.check_page()
