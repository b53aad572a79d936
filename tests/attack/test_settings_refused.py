"""Every kind of process refuses to start with settings that would open the portal."""

import subprocess
import sys

import pytest

from devcluster.processes import choose_port
from devtools.check import PRODUCTION
from tests.support.real_processes import KEYS, ROOT, Processes

WEB = ("-m", "gunicorn", "portal.wsgi")
KINDS = {
    "web": WEB,
    "command line": ("manage.py", "check"),
    "worker": ("-m", "celery", "-A", "portal", "report"),
}
DANGEROUS = (
    ({"BULKHEAD_DEMO": "1"}, "BULKHEAD_DEMO and BULKHEAD_HTTPS are both set"),
    ({"BULKHEAD_SECRET_KEY": "short"}, "BULKHEAD_SECRET_KEY can be guessed"),
    ({"BULKHEAD_ALLOWED_HOSTS": "*"}, "BULKHEAD_ALLOWED_HOSTS holds *:"),
)


def ended(portal: Processes, argv: tuple[str, ...], **told: str) -> tuple[int, str]:
    """Run a process as in production; return how it ended and what it said."""
    own = {name: portal.environment[name] for name in ("PATH", "PYTHONPATH")}
    environment = own | PRODUCTION | {"BULKHEAD_STATE_DIR": str(portal.folder)} | told
    where = ("--bind", f"127.0.0.1:{choose_port()}") if argv == WEB else ()
    answer = subprocess.run(
        [sys.executable, *argv, *where],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize(("told", "words"), DANGEROUS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_process_starts(portal: Processes, kind: str, told: dict[str, str], words: str) -> None:
    code, said = ended(portal, KINDS[kind], **told)
    assert code != 0
    assert words in said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BULKHEAD_CLUSTER_CONCURRENCY", "1", "at least 2"),
        ("BULKHEAD_TOKEN_HOURS", "25", "a token lives for 1 to 24 hours"),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(
    portal: Processes, name: str, value: str, words: str
) -> None:
    code, said = ended(portal, KINDS["command line"], **{name: value})
    assert code != 0
    assert f"{name}: {words}" in said


def test_the_web_process_does_not_start_with_a_key_to_clusters(portal: Processes) -> None:
    code, said = ended(portal, WEB, **{KEYS: portal.environment[KEYS]})
    assert code != 0
    assert "Bulkhead does not start: BULKHEAD_CREDENTIAL_KEYS is set for the web process" in said
    assert "Traceback" not in said


def test_the_command_line_is_given_the_key(portal: Processes) -> None:
    code, said = ended(portal, KINDS["command line"], **{KEYS: portal.environment[KEYS]})
    assert (code, "no issues" in said) == (0, True), said
