"""Findings → the risk of a request: the worst finding decides, and says why.

Lanes and the decision page read it. A request without findings is of low risk.
"""

from collections.abc import Iterable

from onboarding.domain.risk import Risk
from onboarding.reachability.lint.finding import Finding, Severity

RISKS = {Severity.INFO: Risk.LOW, Severity.WARNING: Risk.MEDIUM, Severity.ERROR: Risk.HIGH}


def risk_of(findings: Iterable[Finding]) -> Risk:
    """Return the risk that the worst finding carries."""
    ranked = list(Risk)
    return max((RISKS[one.severity] for one in findings), key=ranked.index, default=Risk.LOW)


def reasons_for(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return what makes the risk what it is, each once; () where nothing raises it."""
    every = tuple(findings)
    risk = risk_of(every)
    if risk is Risk.LOW:
        return ()
    deciding = (one for one in every if RISKS[one.severity] is risk)
    return tuple(dict.fromkeys(_reason(one) for one in deciding))


def _reason(finding: Finding) -> str:
    place = f" ({finding.rule or finding.policy})" if finding.policy else ""
    return f"{finding.code.title}{place}"
