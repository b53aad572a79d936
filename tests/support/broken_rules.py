"""One row for each way a spec can break a rule: as a spec, as answers on the form, and the words.

The rules, the service and the form are each run against every row, and must say the same.
"""

from dataclasses import dataclass, field

from onboarding.demo.openings import ANYTHING, WEB, exposed
from onboarding.domain.spec import MAX_PORTS, PURPOSE_LENGTH, Opening

LABEL = (
    "Use letters, digits, hyphens, dots and underscores, 63 characters at most, starting and "
    "ending with a letter or a digit."
)
NINE = tuple(range(8080, 8080 + MAX_PORTS + 1))


@dataclass(frozen=True)
class Broken:
    """What Alice asks for with `spec` differing, and the same on the form with `answers`.

    `asked_at` is the form's field where it is called otherwise than the rules call it.
    """

    field: str
    words: str
    spec: dict[str, object]
    answers: dict[str, str] = field(default_factory=dict)
    asked_at: str = ""

    @property
    def form_field(self) -> str:
        return self.asked_at or self.field

    def __str__(self) -> str:
        return f"{self.field}-{next(iter(self.spec.values()))!s:.24}"


def same(name: str, value: str, words: str) -> Broken:
    """A question that is asked under the name the spec has for it."""
    return Broken(name, words, {name: value}, {name: value})


def exposing(source: str, component: str, ports: tuple[int, ...]) -> dict[str, object]:
    return {"openings": (exposed(source, component, ports),)}


def with_ports(ports: tuple[int, ...], words: str) -> Broken:
    typed = ", ".join(map(str, ports))
    spec = exposing("ingress-nginx", "web", ports)
    return Broken("openings-0-ports", words, spec, {"ports": typed}, "ports")


def open_for(days: int | None) -> Broken:
    return Broken(
        "lifetime",
        "Open egress needs a lifetime of 30 days at most.",
        {"lifetime_days": days, "openings": (ANYTHING,)},
        {"lifetime": str(days).lower(), "egress": "open"},
    )


def lasting(days: int) -> Broken:
    words = f"A lifetime of {days} days is not on offer: 7, 30, 90, 365, no end."
    return Broken("lifetime", words, {"lifetime_days": days}, {"lifetime": str(days)})


BROKEN = (
    same("cluster", "prod-us", "“prod-us” is not a cluster that can be asked for."),
    same("environment", "nowhere", "“nowhere” is not an environment."),
    same("environment", "", "Choose an environment."),
    same("environment", "x" * 90, f"“{'x' * 40}…” is not an environment."),
    same("name", "", "Enter a name."),
    same("name", "Payments", "Use lowercase letters only."),
    same("name", " payments", "Use only the letters a to z, digits and hyphens."),
    same("name", "kube-payments", "kube-payments is reserved for the platform (kube-*)."),
    same("project", "system:masters", LABEL),
    same("data_class", "secret", "“secret” is not a data class."),
    same("size", "huge", "“huge” is not a size."),
    same("scope", "cluster", "“cluster” is not a scope."),
    Broken(
        "openings-1-template",
        "“0.0.0.0/0@0” is not on offer.",
        {"openings": (WEB, Opening("web", "0.0.0.0/0", 0))},
        {"egress": "0.0.0.0/0"},
        "egress",
    ),
    same("purpose", "", "Say what the namespace is for."),
    same("purpose", "x" * 5000, f"Use at most {PURPOSE_LENGTH} characters; these are 5000."),
    same("purpose", "a\x7fb", "Leave out control characters; they cannot be read."),
    same("purpose", "a\u202eb", "Leave out control characters; they cannot be read."),
    Broken(
        "openings-0-source",
        "“0.0.0.0/0” is not an ingress source of dev-eu.",
        exposing("0.0.0.0/0", "web", (8080,)),
        {"ingress": "0.0.0.0/0"},
        "ingress",
    ),
    Broken(
        "openings-0-component",
        "Say which pods serve: the value of their app label.",
        exposing("ingress-nginx", "", (8080,)),
        {"component": ""},
        "component",
    ),
    Broken(
        "openings-0-component",
        LABEL,
        exposing("ingress-nginx", "{{7*7}}", (8080,)),
        {"component": "{{7*7}}"},
        "component",
    ),
    with_ports((), "Enter at least one port."),
    with_ports((0,), "0 is not a port. Ports run from 1 to 65535."),
    with_ports((8080, 65536), "65536 is not a port. Ports run from 1 to 65535."),
    with_ports((8080, 8443, 8080), "8080 is there twice."),
    with_ports(NINE, "At most 8 ports; these are 9."),
    lasting(-5),
    lasting(0),
    lasting(45),
    open_for(None),
    open_for(90),
)
