"""The sweeper's loops: what fails is done again, one that ends is noticed, a late one is told."""

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError
from structlog.testing import capture_logs

from onboarding.management.commands import reconcile as command
from onboarding.services import loops as looping
from onboarding.services.alive import Pulse
from onboarding.services.application_role import RoleTooStrong
from onboarding.services.loops import Loops

DATABASE_TROUBLES = [
    OperationalError("the connection is closed"),
    InterfaceError("connection already closed"),
    InternalError("cannot execute UPDATE in a read-only transaction"),
    ProgrammingError('column "found" does not exist'),
]
BUG = ZeroDivisionError("division by zero")


def failing(loops: Loops, *errors: BaseException) -> tuple[Callable[[], None], list[str]]:
    """Work that fails as told, then succeeds once and has the loops stop."""
    left, done = list(errors), list[str]()

    def work() -> None:
        if left:
            raise left.pop(0)
        done.append("done")
        loops.stopping.set()

    return work, done


@pytest.fixture
def loops(settings: Any) -> Iterator[Loops]:
    settings.SWEEP_SECONDS = 0.001
    loops = Loops()
    yield loops
    loops.stopping.set()
    loops.join(within=10)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was closed: a session that began while the database was read-only stays read-only."""
    closed: list[str] = []

    class Connection:
        def close(self) -> None:
            closed.append("closed")

    monkeypatch.setattr(looping, "connection", Connection())
    return closed


@pytest.mark.parametrize("error", [*DATABASE_TROUBLES, BUG], ids=lambda one: type(one).__name__)
def test_whatever_fails_is_done_again(loops: Loops, closed: list[str], error: Exception) -> None:
    work, done = failing(loops, error, error)
    loops.start("sweep", work, every=0.001)
    assert loops.watch() == ""
    assert done == ["done"]


@pytest.mark.parametrize("error", DATABASE_TROUBLES, ids=lambda one: type(one).__name__)
def test_after_database_trouble_a_new_session_begins(
    loops: Loops, closed: list[str], error: Exception
) -> None:
    work, _ = failing(loops, error)
    loops.repeat("sweep", work, every=0.001)
    assert len(closed) == 2  # as it failed, and at the end


def test_a_bug_is_logged_with_the_name_of_its_loop(
    loops: Loops, closed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    work, _ = failing(loops, BUG)
    loops.repeat("sweep 3", work, every=0.001)
    [said] = [record.msg for record in caplog.records if record.levelname == "ERROR"]
    assert said["loop"] == "sweep 3"
    assert "division by zero" in said["exception"]


@pytest.mark.parametrize(
    "error", [SystemExit(), RoleTooStrong("the role may too much")], ids=["ended", "role"]
)
def test_a_loop_that_ends_is_named_and_stops_the_others(
    loops: Loops, closed: list[str], error: BaseException
) -> None:
    loops.start("observe 1", lambda: None, every=0.001)
    loops.start("sweep 1", failing(loops, error)[0], every=0.001)
    assert loops.watch() == "sweep 1"
    loops.join(within=2)
    assert not any(thread.is_alive() for thread in loops.threads)


def test_the_command_ends_with_an_error_that_names_the_loop(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(loops: Loops, *, workers: int) -> None:
        loops.start(f"sweep {workers}", failing(loops, SystemExit())[0], every=0.001)

    monkeypatch.setattr(command, "start_loops", broken)
    monkeypatch.setattr(command, "free_claims_as_we_start", lambda: None)
    monkeypatch.setattr(command, "report_lacking_triggers", lambda: None)
    monkeypatch.setattr(command, "heard", lambda *_, **__: nullcontext())
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    with capture_logs() as lines:
        with pytest.raises(CommandError, match="The loop sweep 4 has ended") as ended:
            call_command("reconcile", loop=True)
    assert ended.value.returncode == 1
    assert [line["workers"] for line in lines if line["event"] == "sweeping"] == [4]


class TestPulse:
    @pytest.fixture
    def file(self, settings: Any, tmp_path: Path) -> Path:
        settings.ALIVE_FILE = str(tmp_path / "alive")
        return tmp_path / "alive"

    @staticmethod
    def is_touched(file: Path, beat: Callable[[], object]) -> bool:
        if file.exists():
            os.utime(file, (0, 0))
        beat()
        return file.exists() and file.stat().st_mtime > 0

    def test_a_turn_touches_the_file(self, file: Path) -> None:
        pulse = Pulse()
        assert self.is_touched(file, lambda: pulse.turns("sweep"))
        assert self.is_touched(file, lambda: pulse.turns("sweep"))

    def test_one_late_loop_keeps_all_others_from_touching_it(self, file: Path) -> None:
        pulse = Pulse()
        pulse.turns("sweep", again_within=-1)
        assert not self.is_touched(file, lambda: pulse.turns("observe"))
        assert pulse.late() == ["sweep"]
        assert self.is_touched(file, lambda: pulse.turns("sweep"))

    def test_nobody_waits_for_a_loop_that_has_nothing_more_to_do(self, file: Path) -> None:
        pulse = Pulse()
        pulse.turns("a task", again_within=-1)
        pulse.ends("a task")
        assert self.is_touched(file, pulse.beat)

    def test_without_a_file_nothing_is_written(self, tmp_path: Path, settings: Any) -> None:
        settings.ALIVE_FILE = ""
        Pulse().turns("sweep")
        assert [*tmp_path.iterdir()] == []

    def test_a_file_that_cannot_be_touched_ends_nothing(
        self, tmp_path: Path, settings: Any
    ) -> None:
        settings.ALIVE_FILE = str(tmp_path / "missing" / "alive")
        Pulse().turns("sweep")

    def test_whoever_watches_the_loops_touches_it_while_they_wait(
        self, file: Path, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looping, "WATCH_SECONDS", 0.001)
        rest = iter([False, True])
        monkeypatch.setattr(loops.stopping, "wait", lambda _seconds: next(rest))
        assert self.is_touched(file, loops.watch)
