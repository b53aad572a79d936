"""What `./dev` promises about secrets, processes and counting."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from devtools import suite
from devtools.environment import KEY_VARIABLE, Environment, portal_environment
from devtools.places import State
from devtools.suite import Count, read_report
from devtools.supervise import SHORTEST_LIFE_SECONDS, ProcessEnded, Running, read_procfile

REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"><error/></testcase>
<testcase name="d"><skipped/></testcase><testcase name="e"><system-out/></testcase>
</testsuite></testsuites>"""


def environment_in(folder: Path) -> Environment:
    return portal_environment(State(folder).create(), redis_url="", port=8000)


def test_the_web_process_alone_is_not_given_the_key_to_clusters(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    given = {name: KEY_VARIABLE in environment.of(name) for name in read_procfile()}
    assert given == {"web": False, "worker": True, "beat": True, "sweeper": True}


@pytest.mark.parametrize("variable", [KEY_VARIABLE, "BULKHEAD_KUBECONFIG", "KUBECONFIG"])
def test_what_opens_a_cluster_for_the_caller_does_not_reach_the_web_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "somebody's")
    assert variable not in environment_in(tmp_path).of("web")


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first, second = environment_in(tmp_path), environment_in(tmp_path)
    assert first.worker == second.worker
    for name in ("secrets.env", "worker.env"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_skipped_test_counts_as_failed(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    assert read_report(tmp_path / "report.xml") == Count(passed=2, failed=3, skipped=1)


@pytest.mark.parametrize(
    ("count", "good"),
    [(Count(1, 0, 0), True), (Count(0, 0, 0), False), (Count(5, 1, 0), False)],
)
def test_a_leg_without_a_test_is_no_success(count: Count, good: bool) -> None:
    assert count.is_good is good


class Supervised:
    """One process that ends at once whenever it is started, on a clock that is turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 1000.0
        self.running = Running(Environment(dict(os.environ), {}), folder)

    def start(self) -> None:
        self.running.start("worker", "false")
        self.running.children["worker"].process.wait()

    def look(self, *, after: float) -> bool:
        """Look after it once more; return whether it was started again, and has ended since."""
        self.seconds += after
        before = self.running.children["worker"]
        self.running.restart_ended({"worker": "false"})
        self.running.children["worker"].process.wait()
        return self.running.children["worker"] is not before


@pytest.fixture
def supervised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervised]:
    supervised = Supervised(tmp_path)
    monkeypatch.setattr("time.monotonic", lambda: supervised.seconds)
    supervised.start()
    yield supervised
    supervised.running.stop()


def test_a_process_that_never_stays_up_stops_everything(supervised: Supervised) -> None:
    with pytest.raises(ProcessEnded, match="worker ended at once with status 1"):
        supervised.look(after=1)


def test_one_that_has_stayed_up_starts_again_after_longer_and_longer_pauses(
    supervised: Supervised,
) -> None:
    assert supervised.look(after=SHORTEST_LIFE_SECONDS)
    assert not supervised.look(after=0.5)
    assert supervised.look(after=1)
    assert not supervised.look(after=1)
    assert not supervised.look(after=2.5)
    assert supervised.look(after=0.5)
    assert supervised.look(after=SHORTEST_LIFE_SECONDS)


def test_what_touches_no_database_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def pytest_run(arguments: Sequence[str], _environment: dict[str, str]) -> suite.Count:
        ran.append([*arguments])
        return suite.Count(1, 0, 0)

    monkeypatch.setattr(suite, "_run_pytest", pytest_run)
    one, two = (suite.Leg(name, lambda: nullcontext("")) for name in ("one", "two"))
    suite._run_legs([one, two], [], {})
    assert ran == [[], ["--ignore=tests/unit", "--ignore=tests/differential"]]
    ran.clear()
    suite._run_legs([two], ["tests"], {})
    assert ran == [["tests"]]
