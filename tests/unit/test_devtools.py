"""What `./dev` promises about secrets, processes and counting."""

import stat
from pathlib import Path

import pytest

from devtools.environment import KEY_VARIABLE, Environment, portal_environment
from devtools.places import State
from devtools.suite import Count, read_report
from devtools.supervise import read_procfile

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
