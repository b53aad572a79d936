"""What a team asks for: a typed, versioned wish. The plan is made from it and nothing else.

Stored as JSON with a `v` field; `load_spec` is the only reader, so an older row keeps its meaning.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from onboarding.domain.objects import Json, Manifest

SPEC_VERSION = 1
PURPOSE_LENGTH = 500
WHY_LENGTH = 1000
COMMENT_LENGTH = 1000
MAX_PORTS = 8


class RequestKind(StrEnum):
    """What a request would do to its namespace."""

    ONBOARD = "onboard"
    CHANGE = "change"
    RETIRE = "retire"
    ADOPT = "adopt"


class Scope(StrEnum):
    """Which pods inside the namespace may talk to each other."""

    PROJECT = "project"
    NAMESPACE = "namespace"


@dataclass(frozen=True)
class Exposure:
    """Pods labelled app=`component` accept TCP `ports` (pod ports) from one ingress source."""

    source: str
    component: str
    ports: tuple[int, ...]


@dataclass(frozen=True)
class NamespaceSpec:
    """One namespace as a team wants it. `lifetime_days` None means no end."""

    team: str
    cluster: str
    environment: str
    name: str
    project: str
    purpose: str
    data_class: str
    size: str
    scope: Scope
    exposure: Exposure | None
    egress: str
    lifetime_days: int | None

    def changed(self, **fields: object) -> "NamespaceSpec":
        """Return the spec with some fields replaced."""
        return replace(self, **fields)  # type: ignore[arg-type]  # checked by the dataclass


class UnknownSpec(ValueError):
    """A stored spec is of a version or shape this release cannot read."""


def dump_spec(spec: NamespaceSpec) -> Manifest:
    """Return the spec as JSON with its version."""
    fields: Manifest = asdict(spec)
    if spec.exposure:
        fields["exposure"] = {**asdict(spec.exposure), "ports": [*spec.exposure.ports]}
    return {"v": SPEC_VERSION, **fields}


def load_spec(stored: Manifest) -> NamespaceSpec:
    """Return the spec in `stored`. Raise UnknownSpec for another version or a missing field."""
    fields = dict(stored)
    if fields.pop("v", None) != SPEC_VERSION:
        raise UnknownSpec(f"Unknown version of a stored request: {stored.get('v')!r}")
    try:
        return NamespaceSpec(
            **{
                **fields,  # type: ignore[arg-type]  # fields are checked on their way in
                "scope": Scope(str(fields["scope"])),
                "exposure": _load_exposure(fields["exposure"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownSpec(f"A stored request cannot be read: {error}") from error


def _load_exposure(stored: Json) -> Exposure | None:
    if stored is None:
        return None
    if not isinstance(stored, dict) or not isinstance(stored["ports"], list):
        raise TypeError("exposure")
    ports = tuple(port for port in stored["ports"] if isinstance(port, int))
    return Exposure(source=str(stored["source"]), component=str(stored["component"]), ports=ports)
