"""Whoever sits down after Frank has signed out finds nothing of his, not even with Back."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserType

from tests.browser.conftest import Cast

# Playwright switches off what keeps whole pages for the Back button; people's browsers have it.
KEEPS_PAGES = "--disable-back-forward-cache"


@pytest.fixture
def frank_and_next(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], portal: str
) -> Iterator[Cast]:
    browser = browser_type.launch(**browser_type_launch_args, ignore_default_args=[KEEPS_PAGES])
    cast = Cast(browser, portal)
    yield cast
    cast.leave()
    browser.close()


def test_back_after_signing_out_shows_nothing(frank_and_next: Cast) -> None:
    frank = frank_and_next.frank
    assert frank.open("/history/") == 200
    assert "Every decision and every change" in frank.page.content()
    frank.click("button", "Sign out")
    for _ in range(2):
        frank.page.go_back()
        frank.page.wait_for_load_state("load")
        assert "Every decision and every change" not in frank.page.content()
        assert "/accounts/login/" in frank.page.url
