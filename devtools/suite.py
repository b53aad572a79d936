"""`./dev test`: the whole suite, once on each database, on one real control plane.

Nothing is skipped: what a test needs is installed or started here, and a test that skips itself
fails the run. What touches no database runs once, in the first leg. The last line is the count over
all legs.
"""

import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import devcluster
from devtools.bootstrap import install_packages, may_install_packages
from devtools.cluster import GIVEN_VARIABLE
from devtools.interrupts import Stopped, raise_when_asked_to_stop
from devtools.places import PYTHON, ROOT
from devtools.postgres import start_postgres
from devtools.promtool import find_promtool
from devtools.valkey import find_valkey

CONTROL_PLANE_VARIABLE = "BULKHEAD_TEST_CONTROL_PLANE"
BROWSER_VARIABLE = "BULKHEAD_TEST_CHROMIUM"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WORKERS = "2"
# Their conftest.py refuses a test that asks for a database.
WITHOUT_DATABASE = ("tests/unit", "tests/differential")


class SomethingMissing(Exception):
    """A part the tests need cannot be had; the message says what to install."""


@dataclass(frozen=True)
class Leg:
    """One pass of the suite. `database` serves a database and yields its address."""

    name: str
    database: Callable[[], AbstractContextManager[str]]


@dataclass(frozen=True)
class Count:
    """Tests of one leg. A skipped test counts as failed: nobody looked."""

    passed: int
    failed: int
    skipped: int

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )

    @property
    def is_good(self) -> bool:
        return self.passed > 0 and self.failed == 0

    def __str__(self) -> str:
        skipped = f" ({self.skipped} of them skipped themselves)" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bulkhead-sqlite-") as folder:
        yield f"sqlite:///{folder}/db.sqlite3"


@contextmanager
def postgres() -> Iterator[str]:
    server = start_postgres()
    try:
        yield server.url
    finally:
        server.stop()


LEGS = (Leg("sqlite", sqlite), Leg("postgres", postgres))


def test(leg_name: str | None, arguments: Sequence[str]) -> int:
    """Run the legs: both for the whole suite, SQLite for chosen tests, or the one named."""
    raise_when_asked_to_stop()
    wanted = leg_name or ("sqlite" if arguments else None)
    legs = [leg for leg in LEGS if wanted in (None, leg.name)]
    try:
        with ExitStack() as stack:
            counts = _run_legs(legs, arguments, _provide(stack))
    except Stopped:
        print("stopped", flush=True)
        return 1
    return _summarise(counts)


def _run_legs(
    legs: Sequence[Leg], arguments: Sequence[str], environment: dict[str, str]
) -> dict[str, Count]:
    counts: dict[str, Count] = {}
    for leg in legs:
        print(f"=== {leg.name}", flush=True)
        told_already = [f"--ignore={folder}" for folder in WITHOUT_DATABASE if counts]
        with leg.database() as url:
            counts[leg.name] = _run_pytest(
                [*arguments, *told_already], environment | {"BULKHEAD_DATABASE_URL": url}
            )
    return counts


def _summarise(counts: dict[str, Count]) -> int:
    total = sum(counts.values(), Count(0, 0, 0))
    print()
    for name, count in counts.items():
        print(f"{name}: {count}")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 0 if all(count.is_good for count in counts.values()) else 1


def _provide(stack: ExitStack) -> dict[str, str]:
    """Everything that tests use besides a database; what was started ends with `stack`."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bulkhead-test-")))
    find_valkey()
    find_promtool()
    provided = {
        "BULKHEAD_DEMO": "1",
        "BULKHEAD_STATE_DIR": str(folder),
        BROWSER_VARIABLE: find_browser(),
        # Playwright's event loop makes Django take every query for an asynchronous one.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    if not os.environ.get(GIVEN_VARIABLE):
        plane = stack.enter_context(devcluster.start(folder / "cluster"))
        provided[CONTROL_PLANE_VARIABLE] = str(plane.layout.folder)
    return dict(os.environ) | provided


def find_browser() -> str:
    """Chromium's program, installed if this is root on Debian. Raises SomethingMissing."""
    if not _browser_on_path() and may_install_packages():
        install_packages("chromium", "fonts-dejavu-core")
    found = _browser_on_path()
    if found is None:
        raise SomethingMissing("the browser tests need Chromium: apt-get install chromium")
    return found


def _browser_on_path() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _run_pytest(arguments: Sequence[str], environment: dict[str, str]) -> Count:
    with tempfile.TemporaryDirectory(prefix="bulkhead-report-") as folder:
        report = Path(folder) / "report.xml"
        options = ["-n", WORKERS, "--dist", "loadfile", f"--junitxml={report}"]
        command = [str(PYTHON), "-m", "pytest", *options, *arguments]
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        count = read_report(report) if report.exists() else Count(0, 0, 0)
    # Pytest may fail without a failing test, for example while collecting.
    if status != 0 and count.failed == 0:
        return Count(count.passed, 1, count.skipped)
    return count


def read_report(report: Path) -> Count:
    """Count the tests of a JUnit report, as pytest writes it."""
    passed = failed = skipped = 0
    for case in ET.parse(report).getroot().iter("testcase"):
        outcomes = {outcome.tag for outcome in case}
        skipped += "skipped" in outcomes
        if outcomes & {"failure", "error", "skipped"}:
            failed += 1
        else:
            passed += 1
    return Count(passed, failed, skipped)
