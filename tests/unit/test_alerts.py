"""What can be wrong has its alert, its case, its line of the runbook. promtool agrees."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools.promtool import ALERTS, TESTS, find_promtool
from onboarding.domain.wrong import ONLY_WARNED_OF, Wrong

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "operations.md").read_text().split("## When something is red")[1]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def key_of(alert: dict[str, Any]) -> str:
    """What an alert is called in the runbook."""
    return str(alert["annotations"]["runbook"]).rpartition(": ")[2]


@pytest.mark.parametrize("what", Wrong)
def test_everything_that_can_be_wrong_has_one_alert_as_severe_as_the_page(what: Wrong) -> None:
    [alert] = [one for one in alerts() if f'what="{what}"' in one["expr"]]
    assert key_of(alert) == what
    expected = "warning" if what in ONLY_WARNED_OF else "critical"
    assert alert["labels"] == {"severity": expected}


def test_no_outage_waits_for_its_alert() -> None:
    assert [one["alert"] for one in alerts() if "for" in one] == []


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_every_alert_has_its_line_in_the_runbook(alert: dict[str, Any]) -> None:
    assert re.search(rf"^\| .*`{key_of(alert)}`.* \|", RUNBOOK, re.MULTILINE)


def test_every_alert_has_its_case() -> None:
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    tried = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tried == {one["alert"] for one in alerts()}


@pytest.mark.parametrize(("what", "file"), [("check", ALERTS), ("test", TESTS)])
def test_prometheus_own_tool_agrees(what: str, file: Path) -> None:
    command = [str(find_promtool()), what, "rules", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
