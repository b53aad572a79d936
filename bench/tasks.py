"""What people's tasks cost them: `./dev bench tasks URL`.

The portal at URL is one of the demo, filled by `./dev volume`. Every person does every task in a
Chromium of this machine (BULKHEAD_TEST_CHROMIUM says which). It decides, asks and invites: on one
portal it runs once. Counts are asserted where they have a bound; milliseconds are told.
"""

import argparse
import base64
import hmac
import os
import secrets
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, Page, sync_playwright

from bench.rig.counting_page import CountingPage
from bench.rig.people_task import Task
from bench.rig.tasks_of_offices import (
    KEEPER,
    of_an_admin,
    of_an_approver,
    of_an_auditor,
    of_trouble,
)
from bench.rig.tasks_of_teams import of_a_lead, of_a_member
from onboarding.demo.people import DEMO_PASSWORD

CHROMIUM = os.environ.get("BULKHEAD_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SIZE = (1440, 900)
PATIENCE_MS = 20_000.0
HEAD = "| person | task | answered? | clicks | keys | page loads | ms of the answer |"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench tasks", description=__doc__)
    parser.add_argument("url", help="of a portal filled by ./dev volume")
    parser.add_argument("--only", default="", help="tasks whose person or words hold this")
    chosen = parser.parse_args(arguments)
    failed = 0
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    with _chromium() as browser:
        people: dict[str, CountingPage] = {}
        for task in _all_tasks(secrets.token_hex(2)):
            if chosen.only not in f"{task.person} {task.words}":
                continue
            if "second factor" in task.words:
                _add_second_factor(_sign_in(browser, chosen.url, KEEPER))
            if task.person not in people:
                people[task.person] = CountingPage(_sign_in(browser, chosen.url, task.person))
            failed += not _do(task, people[task.person])
    return 1 if failed else 0


def _all_tasks(token: str) -> Iterator[Task]:
    yield from of_a_lead(token)
    yield from of_a_member()
    yield from of_an_auditor()
    yield from of_an_approver()
    yield from of_trouble()
    yield from of_an_admin(token)


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def _do(task: Task, page: CountingPage) -> bool:
    """Do a task and print its line; tell whether it was answered within its bounds."""
    page.begin()
    try:
        for step in task.steps:
            step(page)
        lacking = page.wait_for(task.says)
        trouble = f"does not say {', '.join(lacking)}" if lacking else ""
    except (AssertionError, Error) as error:
        trouble = f"stopped: {str(error).splitlines()[0]}"
    if not trouble:
        trouble = _beyond("clicks", page.clicks, task.most_clicks)
        trouble += _beyond("keys", page.keys, task.most_keys)
    answered = f"no: {trouble} ({page.page.url})" if trouble else "yes"
    counts = f"{page.clicks} | {page.keys} | {page.loads} | {page.milliseconds:.0f}"
    print(f"| {task.person} | {task.words} | {answered} | {counts} |", flush=True)
    return not trouble


def _beyond(what: str, number: int, most: int | None) -> str:
    return "" if most is None or number <= most else f"{number} {what}, at most {most}"


def _sign_in(browser: Browser, url: str, person: str) -> Page:
    width, height = SIZE
    context = browser.new_context(base_url=url, viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username or email").fill(person)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()
    return page


def _add_second_factor(page: Page) -> None:
    """Give somebody an authenticator app, so that there is one to lose."""
    page.goto("/accounts/2fa/totp/activate/")
    if page.get_by_label("Password", exact=True).count():
        page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    code = _code_of(page.locator("#authenticator_secret").input_value())
    page.locator("input[name=code]").fill(code)
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_load_state("load")
    page.context.close()


def _code_of(secret: str) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    [number] = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
