"""A page in a browser that counts what its reader does: clicks, key strokes, pages that load."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Locator, Page, expect

Role = Literal["button", "checkbox", "link", "radio", "combobox", "searchbox", "textbox"]
Name = str | re.Pattern[str]
Step = Callable[["CountingPage"], None]
PATIENCE_SECONDS, PAUSE_MS = 15.0, 20.0
ARMED = "button[value=approve][data-armed]:focus"


@dataclass
class CountingPage:
    """Somebody's page, with what was done on it since the task began.

    Choosing from a list counts two clicks, going into a field one; each character is a key stroke.
    """

    page: Page
    clicks: int = 0
    keys: int = 0
    loads: int = 0
    asked_at: float = 0.0
    milliseconds: float = 0.0

    def __post_init__(self) -> None:
        self.page.on("load", self._count_load)

    def begin(self) -> None:
        """Go to Home; that is not counted."""
        self.asked_at = time.perf_counter()
        self.page.goto("/")
        self.clicks, self.keys, self.loads = 0, 0, 0

    def click(self, role: Role, name: Name) -> None:
        """Click on what has this name, and wait for the page that comes of it."""
        self._click(self.page.locator("body").get_by_role(role, name=name, exact=True).first)

    def write(self, label: Name, text: str) -> None:
        """Click into a field and type over what is there."""
        field = self._labelled(label)
        self._click(field)
        if field.input_value():
            self.press("Control+A")
        self.keys += len(text)
        self.page.keyboard.type(text)

    def choose(self, label: Name, option: Name) -> None:
        """Choose from a list: one click to open it, one on the option."""
        field = self._labelled(label)
        if isinstance(option, re.Pattern):
            found = field.locator("option", has_text=option).first.get_attribute("value")
            field.select_option(value=found)
        else:
            field.select_option(label=option)
        self.clicks += 2

    def press(self, key: str) -> None:
        """Press a key that leaves the page where it is."""
        self.keys += 1
        self.asked_at = time.perf_counter()
        self.page.keyboard.press(key)

    def send(self, key: str = "Enter") -> None:
        """Press Enter, or another key, and wait for the page that comes of it."""
        with self.page.expect_navigation(wait_until="load"):
            self.press(key)

    def approve(self) -> None:
        """Give the approval by Enter, after A if the button has no focus; see the next page."""
        button = self.page.locator("button[value=approve]")
        if button.evaluate("button => button !== document.activeElement"):
            self.press("a")
        else:
            expect(self.page.locator(ARMED)).to_be_visible()
        self.send()

    def wait_for(self, patterns: tuple[str, ...]) -> list[str]:
        """Wait until the page says all of them; return those that it does not come to say."""
        end = time.perf_counter() + PATIENCE_SECONDS
        while lacking := [one for one in patterns if not self.says(one)]:
            if time.perf_counter() > end:
                break
            self.page.wait_for_timeout(PAUSE_MS)
        self.milliseconds = (time.perf_counter() - self.asked_at) * 1000
        self.page.wait_for_load_state("load")
        return lacking

    def says(self, words: str) -> bool:
        """Tell whether the page says it; `words` is a pattern, blanks are all alike."""
        told = f"{self.page.title()} {self.page.locator('main').inner_text()}"
        return re.search(words, " ".join(told.split())) is not None

    def _labelled(self, label: Name) -> Locator:
        return self.page.locator("main").get_by_label(label, exact=True).first

    def _click(self, target: Locator) -> None:
        self.clicks += 1
        target.wait_for()
        self.asked_at = time.perf_counter()
        target.click()
        self.page.wait_for_load_state("load")

    def _count_load(self, _page: Page) -> None:
        self.loads += 1


def click(role: Role, name: Name) -> Step:
    """Return the step that clicks."""
    return lambda page: page.click(role, name)


def write(label: Name, text: str) -> Step:
    """Return the step that fills a field in."""
    return lambda page: page.write(label, text)


def choose(label: Name, option: Name) -> Step:
    """Return the step that chooses from a list."""
    return lambda page: page.choose(label, option)


def press(key: str) -> Step:
    """Return the step that presses a key."""
    return lambda page: page.press(key)


def send(key: str = "Enter") -> Step:
    """Return the step that presses Enter, or another key, for another page."""
    return lambda page: page.send(key)


def approve(times: int) -> Step:
    """Return the step that approves so many requests, one after the other."""

    def all_of_them(page: CountingPage) -> None:
        for _ in range(times):
            page.approve()

    return all_of_them


def see(*words: str) -> Step:
    """Return the step that looks for what the page must say on the way."""

    def look(page: CountingPage) -> None:
        if lacking := page.wait_for(words):
            raise AssertionError(f"on the way it does not say {', '.join(lacking)}")

    return look


def confirm(password: str) -> Step:
    """Return the step that gives the password once more, where it is asked for."""

    def once_more(page: CountingPage) -> None:
        if "/reauthenticate/" in page.page.url:
            page.write("Password", password)
            page.click("button", "Confirm")

    return once_more
