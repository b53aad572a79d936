"""What lint says: a code that is explained once, and findings that point at an object and a rule.

Checks make findings out of codes; pages, the command line, `risk.py` and `docs/lint.md` read them.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from onboarding.domain.objects import Json
from onboarding.reachability.model import Policy, PolicyRef, RuleRef


class Severity(StrEnum):
    """How much a finding matters, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Code:
    """One kind of fault. `id` and `name` never change their meaning once published.

    `bad` and `mended` are YAML documents that join the stage of `stage.py`: the first has exactly
    this finding, the second has none. `severity` is the worst case, `milder` says when it is less.
    """

    id: str
    name: str
    severity: Severity
    title: str
    why: str
    bad: str
    mended: str
    milder: str = ""


@dataclass(frozen=True)
class Finding:
    """One fault in one place. `message` is for people; `field` is e.g. `spec.egress[0].to[1]`.

    `policy` is None where no single policy is to blame, `rule` where no single rule is.
    """

    code: Code = field(repr=False)
    severity: Severity
    message: str
    policy: PolicyRef | None = None
    rule: RuleRef | None = None
    field: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the finding as JSON values; what does not apply is null or ""."""
        return {
            "code": self.code.id,
            "name": self.code.name,
            "severity": self.severity.value,
            "message": self.message,
            "policy": str(self.policy) if self.policy else None,
            "direction": self.rule.direction.value if self.rule else None,
            "rule": self.rule.index if self.rule else None,
            "field": self.field,
        }


def about(
    policy: Policy,
    code: Code,
    message: str,
    *,
    field: str = "spec",
    severity: Severity | None = None,
) -> Finding:
    """Return a finding about a policy as a whole."""
    return Finding(code, severity or code.severity, message, policy=policy.ref, field=field)
