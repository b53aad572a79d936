"""Programs that are built from Go modules once per machine and kept in the user's cache.

The cache lies outside any checkout, so a fresh clone and every test run share one build.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devcluster.toolchain import GoMissing, find_go

PROGRESS_SECONDS = 15.0
Say = Callable[[str], None]


class BuildFailed(Exception):
    """There is no compiler, or it failed; the message says why."""


@dataclass(frozen=True)
class Build:
    """What is built: `name` for people, `wanted` the folder in the cache, `programs` its files.

    `source` holds go.mod; `command` says how `go` builds into a folder; `finish` sets that right.
    """

    name: str
    wanted: Path
    programs: tuple[str, ...]
    source: Path
    command: Callable[[Path, Path], list[str]]
    takes: str
    finish: Callable[[Path], object] = lambda _folder: None

    @property
    def is_complete(self) -> bool:
        return all((self.wanted / name).is_file() for name in self.programs)


def say_on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """The user's cache folder for this project."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "bulkhead"


def built(build: Build, say: Say = say_on_stderr) -> Path:
    """The folder with the programs; made on the first call on a machine, while others wait.

    Raises BuildFailed.
    """
    if not build.is_complete:
        build.wanted.parent.mkdir(parents=True, exist_ok=True)
        with _only_one_builder(build, say):
            if not build.is_complete:
                _make(build, say)
    return build.wanted


@contextmanager
def _only_one_builder(build: Build, say: Say) -> Iterator[None]:
    with (build.wanted.parent / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process is building {build.name}; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(build: Build, say: Say) -> None:
    """Build beside `wanted` and rename, so that a folder in the cache is always whole."""
    try:
        go = find_go(cache_folder(), say)
    except GoMissing as error:
        raise BuildFailed(str(error)) from error
    say(f"building {build.name}: {build.takes} …")
    parent = build.wanted.parent
    draft = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    try:
        _run_with_progress(build, build.command(go, draft), log=parent / "build.log", say=say)
        build.finish(draft)
        draft.chmod(0o755)
        shutil.rmtree(build.wanted, ignore_errors=True)
        draft.rename(build.wanted)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    say(f"{build.name}: built and kept in {build.wanted}")


def _run_with_progress(build: Build, command: list[str], *, log: Path, say: Say) -> None:
    """Run the build, and say every so often that it is still at work."""
    started = time.monotonic()
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    with log.open("wb") as output:
        compiling = subprocess.Popen(
            command, cwd=build.source, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while (status := _status_within(compiling, PROGRESS_SECONDS)) is None:
                minutes, seconds = divmod(int(time.monotonic() - started), 60)
                say(f"  still building after {minutes} min {seconds:02} s")
        finally:
            compiling.kill()
            compiling.wait()
    if status != 0:
        words = log.read_text(errors="replace")[-2000:]
        raise BuildFailed(f"`go build` failed with status {status}:\n{words}")


def _status_within(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
