"""Which approvals have to be signed is read from the environment, and a slip in it is noticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.check import DEMO, PRODUCTION

ROOT = Path(__file__).parents[2]
SHOW = "from portal import settings; print(sorted(settings.SIGNED_LANES))"


def settings_with(**environment: str) -> tuple[int, str]:
    """What the settings say, or how they refuse, in a process of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BULKHEAD_")}
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env=kept | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip() or done.stderr


def test_production_has_network_and_security_signed() -> None:
    assert settings_with(**PRODUCTION) == (0, "['network', 'security']")
    assert settings_with(**DEMO) == (0, "[]")


def test_every_lane_can_be_named() -> None:
    named = "platform,network,security"
    assert (
        settings_with(**DEMO, BULKHEAD_SIGNED_LANES=named)[1]
        == "['network', 'platform', 'security']"
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BULKHEAD_SIGNED_LANES", "network,securty", "no such lane: ['securty']"),
        ("BULKHEAD_APPROVAL_ROOTS", "AAAA", "each root is 32 bytes"),
    ],
)
def test_a_slip_stops_every_process(name: str, value: str, words: str) -> None:
    code, said = settings_with(**DEMO, **{name: value})
    assert code != 0
    assert words in said
