"""Hands on a keyboard. Nothing is focused by script: whoever tabs gets there, or nobody can."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Person

MOST_TABS = 60
MOST_CHOICES = 10
Words = str | re.Pattern[str]


def tab_to(person: Person, target: Locator, *, most: int = MOST_TABS) -> None:
    """Press Tab until it has the focus; fail when it is not on the way."""
    expect(target).to_be_visible()
    for _ in range(most):
        if has_focus(target):
            return
        person.page.keyboard.press("Tab")
    expect(target).to_be_focused()


def has_focus(target: Locator) -> bool:
    return bool(target.evaluate("one => one === document.activeElement"))


def type_into(person: Person, label: str, text: str) -> None:
    """Tab to a field and type over what it holds."""
    tab_to(person, person.page.locator("main").get_by_label(label, exact=True))
    person.page.keyboard.press("Control+A")
    person.page.keyboard.type(text)


def choose(person: Person, label: str, option: str) -> None:
    """Tab to a list and type what the option begins with."""
    chosen = person.page.locator("main").get_by_label(label, exact=True)
    tab_to(person, chosen)
    person.page.keyboard.type(option)
    expect(chosen.locator("option:checked")).to_have_text(re.compile(f"^{re.escape(option)}"))


def pick(person: Person, name: str, wanted: str) -> None:
    """Tab to a group of radio buttons and go down to one of them."""
    tab_to(person, person.page.locator(f"[name={name}]:checked"))
    button = person.page.get_by_role("radio", name=re.compile(wanted))
    for _ in range(MOST_CHOICES):
        if has_focus(button):
            break
        person.page.keyboard.press("ArrowDown")
    expect(button).to_be_focused()
    expect(button).to_be_checked()


def enter(person: Person) -> None:
    """Press Enter, and wait for the page that comes of it."""
    leave_by(person, "Enter")


def leave_by(person: Person, key: str) -> None:
    """Press a key, and wait for the page that comes of it."""
    with person.page.expect_navigation():
        person.page.keyboard.press(key)


def follow(person: Person, name: Words, title: Words, *, at: Locator | None = None) -> None:
    """Tab to a link, follow it, and arrive."""
    links = person.page.get_by_role("link", name=name, exact=isinstance(name, str))
    tab_to(person, links.first)
    enter(person)
    arrive(person, title, at=at)


def press(person: Person, button: str) -> None:
    """Tab to a button of the page and press it for the page that comes of it."""
    tab_to(person, person.page.locator("main").get_by_role("button", name=button, exact=True))
    enter(person)


def arrive(person: Person, title: Words, *, at: Locator | None = None) -> None:
    """The title says which page it is, and the focus is at its start or where it was put."""
    words = title if isinstance(title, re.Pattern) else f"{title} · Bulkhead"
    expect(person.page).to_have_title(words)
    expect(at or person.page.locator("body")).to_be_focused()
