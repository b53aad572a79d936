"""Risk: the worst finding of a request decides it, and says why."""

import pytest

from onboarding.domain.risk import Risk
from onboarding.reachability.lint import CODES, Finding, Severity
from onboarding.reachability.model import Direction, PolicyRef, RuleRef
from onboarding.reachability.risk import RISKS, reasons_for, risk_of

POLICY = PolicyRef("payments-prod", "allow")


def finding(severity: Severity, code: int = 0) -> Finding:
    return Finding(
        CODES[code], severity, "…", policy=POLICY, rule=RuleRef(POLICY, Direction.EGRESS, 1)
    )


def test_every_severity_has_its_risk() -> None:
    assert RISKS == {"error": Risk.HIGH, "warning": Risk.MEDIUM, "info": Risk.LOW}


@pytest.mark.parametrize(
    ("severities", "risk"),
    [
        ([], Risk.LOW),
        ([Severity.INFO], Risk.LOW),
        ([Severity.INFO, Severity.WARNING], Risk.MEDIUM),
        ([Severity.WARNING, Severity.ERROR, Severity.INFO], Risk.HIGH),
    ],
)
def test_the_worst_finding_decides(severities: list[Severity], risk: Risk) -> None:
    assert risk_of(finding(severity) for severity in severities) is risk


def test_reasons_are_those_that_decide_each_once() -> None:
    findings = [finding(Severity.WARNING, 1), *[finding(Severity.ERROR)] * 2]
    assert reasons_for(findings) == (f"{CODES[0].title} (payments-prod/allow egress[1])",)
    assert risk_of(findings) is Risk.HIGH


def test_low_risk_needs_no_reason() -> None:
    assert reasons_for([finding(Severity.INFO)]) == ()


def test_a_reason_without_a_policy_is_the_title_alone() -> None:
    assert reasons_for([Finding(CODES[0], Severity.ERROR, "…")]) == (CODES[0].title,)
