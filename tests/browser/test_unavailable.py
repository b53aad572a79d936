"""What somebody typed while nothing can be stored: said, kept on the page, sent again from it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Cast
from tests.support.real_processes import Processes, on_database, own_database

NARROW = {"width": 390, "height": 844}
REASON = 'Which ports?\nSay "why", too.'


@contextmanager
def nobody_writes(url: str) -> Iterator[None]:
    """Hold what every decision has to write."""
    kind, _, where = url.partition("://")
    if kind == "sqlite":
        with closing(sqlite3.connect(where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    folder, _, name = where.partition("@/")[2].rpartition("/")
    user = where.partition("@")[0]
    with psycopg.connect(f"host={folder} user={user} dbname={name}") as other:
        other.execute("LOCK TABLE onboarding_request IN EXCLUSIVE MODE")
        yield


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Processes]:
    with own_database(tmp_path) as url:
        owner = on_database(tmp_path, url)
        owner.run("tests.support.portal_without_cluster")
        yield owner


@pytest.fixture
def people(owner: Processes, browser: Browser) -> Iterator[Cast]:
    with owner.as_application().web() as address:
        cast = Cast(browser, address)
        yield cast
        cast.leave()


def test_what_was_typed_is_kept_until_it_can_be_stored(owner: Processes, people: Cast) -> None:
    pat, page = people.pat, people.pat.page
    [asked] = json.loads(owner.run("tests.support.scenario", "ask", "open")).values()
    pat.open(f"/approvals/{asked}/")
    page.locator("#id_reason").fill(REASON)
    with nobody_writes(owner.environment["BULKHEAD_DATABASE_URL"]):
        pat.click("button", "Return")
        expect(page.get_by_role("heading", level=1)).to_have_text("What you sent was not stored")
        expect(page.locator("main")).to_contain_text("did not finish in time")
        pat.check_page()
        page.set_viewport_size(NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        pat.check_page()
    pat.click("button", "Send it again")
    pat.open(f"/requests/{asked}/")
    expect(page.locator("main")).to_contain_text('Say "why", too.')
    assert people.complaints == []
