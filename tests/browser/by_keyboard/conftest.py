"""One portal for every journey by keyboard, where everybody signs in once.

What it holds is made once in a session: files of other folders may come between those of this one.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from devcluster.control_plane import ControlPlane
from tests.browser.conftest import Cast
from tests.support.passing_namespaces import breaker_of, create_namespaces
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

OPEN, SHUT = "keys-open", "keys-shut"  # to the internet; both are ready
TAKEN = ("keys-taken-one", "keys-taken-two")  # blocked: the names are somebody else's
# They wait for decisions.
DECIDED, WRITTEN, FILTERED = "keyboard-decided", "keyboard-written", "keyboard-history"
TOGETHER = ("keyboard-both-one", "keyboard-both-two")
WAITING = (DECIDED, WRITTEN, FILTERED, *TOGETHER)


class Workers:
    """The sweeper of the portal, as long as nobody stops it."""

    def __init__(self, live: Live) -> None:
        self.live, self.running = live, ExitStack()

    def start(self) -> None:
        self.running.enter_context(self.live.sweeper())

    def stop(self) -> None:
        """End it; what it was about is finished then, or broken off."""
        self.running.close()


@pytest.fixture(scope="package")
def workers(live: Live) -> Iterator[Workers]:
    one = Workers(live)
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="package")
def cast_at(browser: Browser, live: Live, workers: Workers) -> Iterator[Cast]:
    with live.web() as address:
        cast = Cast(browser, address)
        yield cast
        cast.leave()


@pytest.fixture(autouse=True)
def calm(cast_at: Cast) -> Iterator[None]:
    """Axe and the consoles have nothing to say at the end."""
    yield
    complaints = cast_at.complaints
    cast_at.forget()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def asked(live: Live) -> dict[str, str]:
    """The public ids of the requests."""
    ids: dict[str, str] = live.act("wish", *WAITING, OPEN, *TAKEN)
    live.act("look")  # nothing is approved together on a cluster that nobody has looked at
    return ids


@pytest.fixture(scope="session")
def estate(live: Live, control_plane: ControlPlane, asked: dict[str, str]) -> None:
    """The four namespaces, as far as the workers bring them, and the cluster looked at."""
    create_namespaces(breaker_of(RawApi.from_kubeconfig(control_plane.kubeconfig)), *TAKEN)
    live.act("approve_all", OPEN, *TAKEN)
    live.act("onboard", SHUT)
    with live.sweeper():
        assert live.act("settle", OPEN, SHUT) == {OPEN: "ready", SHUT: "ready"}
    live.act("look")
