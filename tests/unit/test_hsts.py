"""What browsers are told to remember of HTTPS: for how long, and for which names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.check import DEMO, PRODUCTION

ROOT = Path(__file__).parents[2]
SHOW = (
    "from portal import settings as s;"
    "print(s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)"
)


def hsts(**environment: str) -> str:
    """Seconds, subdomains, preload; or how the settings refuse."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BULKHEAD_")}
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(
        command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("host", "31536000 False False"),
        ("subdomains", "31536000 True False"),
        ("preload", "31536000 True True"),
    ],
)
def test_each_scope_says_no_more_than_its_name(scope: str, said: str) -> None:
    assert hsts(**PRODUCTION, BULKHEAD_HSTS_SCOPE=scope) == said


def test_names_that_are_not_the_portals_are_left_alone_by_default() -> None:
    assert hsts(**PRODUCTION) == "31536000 False False"


def test_it_can_be_short_for_a_trial_and_nothing_is_said_without_https() -> None:
    assert hsts(**PRODUCTION, BULKHEAD_HSTS_SECONDS="300") == "300 False False"
    assert hsts(**DEMO, BULKHEAD_HSTS_SCOPE="preload") == "0 False False"


def test_a_slip_stops_every_process() -> None:
    assert "BULKHEAD_HSTS_SCOPE is one of" in hsts(**PRODUCTION, BULKHEAD_HSTS_SCOPE="all")
