"""What Pat sees of the whole: wide and narrow, in both themes, and while it changes."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Cast

NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1360, "height": 900}


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_the_page_fits_and_can_be_read(cast_at: Cast, size: dict[str, int]) -> None:
    pat = cast_at.pat
    pat.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    assert pat.open("/") == 200
    pat.click("link", "System")
    processes = pat.page.get_by_role("region", name="Processes, table")
    expect(processes.get_by_role("row").filter(has_text="sweeper")).to_contain_text("Lives")
    pat.check_page()
    assert pat.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def test_the_poll_swaps_the_state_and_keeps_the_focus(cast_at: Cast) -> None:
    pat = cast_at.pat
    assert pat.open("/system/") == 200
    link = pat.page.get_by_role("region", name="Clusters, table").get_by_role("link").first
    link.focus()
    with pat.page.expect_response("**/system/state/"):
        pass
    expect(link).to_be_focused()
    assert not cast_at.complaints, "\n".join(cast_at.complaints)
