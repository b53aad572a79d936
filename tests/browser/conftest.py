"""Chromium, and people in it who sign in by the form, on a portal in real processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from devcluster.control_plane import ControlPlane
from onboarding.demo.people import DEMO_PASSWORD
from tests.support.passing_namespaces import breaker_of, end
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live, set_up

CHROMIUM = os.environ.get("BULKHEAD_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000.0
# A busy machine takes longer for a page than the usual five seconds; only failures wait so long.
expect.set_options(timeout=PATIENCE_MS)
# A refused page is one of the things the tests ask for, and its status is asserted there; a preview
# that newer input replaces is aborted on purpose, which htmx reports as these two.
EXPECTED = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")


def pytest_itemcollected(item: pytest.Item) -> None:
    """They drive a real Chromium."""
    item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, control_plane: ControlPlane) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("browser")
    with set_up(folder, control_plane) as live, nothing_left(live):
        yield live


@pytest.fixture
def live_of_its_own(tmp_path: Path, control_plane: ControlPlane) -> Iterator[Live]:
    """For a test that leaves people with passkeys, or that reads the whole history."""
    folder = tmp_path / "portal"
    folder.mkdir()
    with set_up(folder, control_plane) as live, nothing_left(live):
        yield live


@contextmanager
def nothing_left(live: Live) -> Iterator[None]:
    """Afterwards its namespaces end: what a later portal finds of this name is not its own."""
    try:
        yield
    finally:
        end(breaker_of(RawApi.from_kubeconfig(live.plane.kubeconfig)), live.act("namespaces"))


@pytest.fixture
def breaker(control_plane: ControlPlane) -> RawApi:
    """Somebody who may delete on the cluster what is the portal's."""
    return breaker_of(RawApi.from_kubeconfig(control_plane.kubeconfig))


@pytest.fixture
def portal(live: Live) -> Iterator[str]:
    """The address of a portal whose web process and worker run."""
    with live.web() as address, live.sweeper():
        yield address


@dataclass
class Person:
    """Somebody at a browser of their own. `complaints` is what its console and axe said."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go there and return the status."""
        answer = self.page.goto(path)
        assert answer is not None
        return answer.status

    def click(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).click()
        self.page.wait_for_load_state("load")

    def check_page(self) -> None:
        """Ask axe about the page as it stands, in both themes."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            found = Axe().run(self.page)
            for violation in found.response["violations"]:
                where = [node["target"] for node in violation["nodes"]][:5]
                self.complaints.append(
                    f"{self.page.url} {scheme}: {violation['id']}: {violation['help']} at {where}"
                )

    def listen(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.complaints.append(f"{self.page.url}: {message.text}")


class Cast:
    """The people, each signed in when first needed."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._signed_in: dict[str, Person] = {}

    def __getattr__(self, name: str) -> Person:
        if name not in self._signed_in:
            self._signed_in[name] = self._sign_in(name)
        return self._signed_in[name]

    def _sign_in(self, name: str) -> Person:
        context = self._browser.new_context(base_url=self._address, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MS)
        person = Person(context.new_page())
        person.listen()
        assert person.open("/") == 200
        person.page.get_by_label("Username or email").fill(name)
        person.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        if not self._signed_in:  # the page is the same for everybody
            person.check_page()
        person.click("button", "Sign in")
        person.check_page()
        assert urlsplit(person.page.url).path == "/", f"{name} is not signed in"
        return person

    @property
    def complaints(self) -> list[str]:
        return [words for person in self._signed_in.values() for words in person.complaints]

    def forget(self) -> None:
        """What was complained of until now has been told."""
        for person in self._signed_in.values():
            person.complaints.clear()

    def leave(self) -> None:
        for person in self._signed_in.values():
            person.page.context.close()


@pytest.fixture
def cast_at(browser: Browser, portal: str) -> Iterator[Cast]:
    cast = Cast(browser, portal)
    yield cast
    cast.leave()
