"""What Alice sees while she fills the form in: who could talk to whom, before anything is sent."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Cast, Person

NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1360, "height": 900}


def begin(alice: Person) -> Locator:
    """Open the form, name the namespace, and return the preview."""
    assert alice.open("/requests/new/") == 200
    page = alice.page
    page.get_by_label("Namespace name").fill("payments-live")
    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Purpose").fill("Settles card payments.")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("You can submit")
    return preview


def row(preview: Locator, name: str) -> Locator:
    return preview.get_by_role("row").filter(has_text=name).first


def choose(alice: Person, egress: str) -> None:
    alice.page.get_by_role("radio", name=re.compile(f"^{egress}")).check()


def test_choosing_the_internet_shows_at_once_what_opens_and_who_must_agree(cast_at: Cast) -> None:
    alice = cast_at.alice
    preview = begin(alice)
    expect(preview).not_to_contain_text("Public addresses")
    lanes = alice.page.locator("#approvals").get_by_role("listitem")
    expect(lanes.filter(has_text="Network approval:")).to_have_count(0)
    choose(alice, "Internet")
    expect(row(preview, "Public addresses")).to_contain_text("TCP 443")
    expect(row(preview, "Public addresses")).to_contain_text("Opens")
    expect(lanes.filter(has_text="Network approval:")).to_contain_text("HTTPS to public addresses")
    alice.check_page()
    choose(alice, "Nothing")
    expect(preview).not_to_contain_text("Public addresses")
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def test_open_egress_is_flagged_in_the_matrix_and_explained_under_it(cast_at: Cast) -> None:
    alice = cast_at.alice
    preview = begin(alice)
    expect(preview).to_contain_text("Low risk")
    choose(alice, "Open")
    expect(preview).to_contain_text("High risk")
    flag = row(preview, "outside the cluster").get_by_role("link", name="BH001")
    flag.click()
    expect(alice.page.locator(":target")).to_contain_text("BH001")
    expect(alice.page.get_by_label("Namespace name")).to_have_value("payments-live")
    alice.check_page()
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_the_matrix_never_pushes_the_page_sideways(cast_at: Cast, size: dict[str, int]) -> None:
    alice = cast_at.alice
    alice.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    preview = begin(alice)
    choose(alice, "Open")
    expect(preview).to_contain_text("High risk")
    width = alice.page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"]


def test_dana_reads_before_and_after_and_opens_what_stays(cast_at: Cast) -> None:
    alice, dana = cast_at.alice, cast_at.dana
    preview = begin(alice)
    choose(alice, "Internet")
    expect(row(preview, "Public addresses")).to_contain_text("TCP 443")
    alice.click("button", "Submit for approval")
    expect(alice.page.locator("#progress")).to_contain_text("Waiting for decisions.")
    assert dana.open(alice.page.url.replace("/requests/", "/approvals/")) == 200
    moved = dana.page.get_by_role("region", name="Changed paths, table")
    public = moved.get_by_role("row").filter(has_text="Public addresses")
    for words in ("Not there", "TCP 443", "egress-internet@1", "Opens"):
        expect(public).to_contain_text(words)
    kept = dana.page.get_by_role("region", name="Unchanged paths, table")
    expect(kept).to_be_hidden()
    dana.page.get_by_text(re.compile("directions stay blocked")).first.click()
    expect(kept).to_be_visible()
    expect(kept).to_contain_text("deny-all@1")
    dana.check_page()
    assert not cast_at.complaints, "\n".join(cast_at.complaints)
