"""A process of a portal that a test keeps in the middle of a run (tests/support/held_answer.py)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devcluster.processes import Child
from tests.support.held_answer import HOLD, IS_HELD
from tests.support.live_portal import wait_for
from tests.support.real_processes import Processes


@dataclass(frozen=True)
class Held:
    """A process that stops in the middle of its next run."""

    child: Child
    folder: Path

    def reach_the_middle(self) -> None:
        wait_for((self.folder / IS_HELD).exists, "it is in the middle of a run")

    def let_go(self) -> None:
        (self.folder / HOLD).unlink()

    def says(self, words: str) -> bool:
        return words in (self.folder / f"{self.child.name}.log").read_text(errors="replace")


@contextmanager
def holding(portal: Processes, *argv: str) -> Iterator[Held]:
    (portal.folder / IS_HELD).unlink(missing_ok=True)
    (portal.folder / HOLD).touch()
    child = portal.spawn("held", "-m", "tests.support.held_answer", *argv)
    try:
        yield Held(child, portal.folder)
    finally:
        (portal.folder / HOLD).unlink(missing_ok=True)
        child.stop()
