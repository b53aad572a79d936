"""What a team asks for: a typed, versioned wish. The plan is made from it and nothing else.

Stored as JSON with a `v` field; `load_spec` is the only reader, so an older row keeps its meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from onboarding.domain.objects import Json, Manifest

SPEC_VERSION = 2
PURPOSE_LENGTH = 500
WHY_LENGTH = 1000
COMMENT_LENGTH = 1000
MAX_PORTS = 8
MAX_OPENINGS = 16


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
class Opening:
    """One permitted path of a namespace: a template version with typed values.

    `key` names it in the namespace, a DNS label. `values` are JSON by the template's parameters.
    """

    key: str
    template: str
    version: int
    values: Mapping[str, Json] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """Return the template version as it is written everywhere, e.g. `allow-ingress@1`."""
        return f"{self.template}@{self.version}"

    @property
    def object_name(self) -> str:
        """Return what its object is called where the template leaves that open: a DNS label."""
        return f"{self.template}-{self.key}"[:63].rstrip("-")

    @property
    def effect(self) -> tuple[str, Mapping[str, Json]]:
        """Return what it lets through by what was asked for: equal effects are the same.

        The key makes no difference, nor does the order of a list.
        """
        return self.template, {name: _in_order(value) for name, value in self.values.items()}


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
    openings: tuple[Opening, ...]
    lifetime_days: int | None

    def changed(self, **fields: object) -> "NamespaceSpec":
        """Return the spec with some fields replaced."""
        return replace(self, **fields)  # type: ignore[arg-type]  # checked by the dataclass


def _in_order(value: Json) -> Json:
    return sorted(value, key=str) if isinstance(value, list) else value


class UnknownSpec(ValueError):
    """A stored spec is of a version or shape this release cannot read."""


def dump_spec(spec: NamespaceSpec) -> Manifest:
    """Return the spec as JSON with its version."""
    fields: Manifest = asdict(spec)
    openings: list[Json] = [asdict(opening) for opening in spec.openings]
    return {"v": SPEC_VERSION, **fields, "openings": openings}


def load_spec(stored: Manifest) -> NamespaceSpec:
    """Return the spec in `stored`. Raise UnknownSpec for another version or a missing field."""
    fields = dict(stored)
    version = fields.pop("v", None)
    reader = _READERS.get(version) if isinstance(version, int) else None
    if reader is None:
        raise UnknownSpec(f"Unknown version of a stored request: {version!r}")
    try:
        openings = tuple(reader(fields))
        return NamespaceSpec(
            **{
                **fields,  # type: ignore[arg-type]  # fields are checked on their way in
                "scope": Scope(str(fields["scope"])),
                "openings": openings,
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownSpec(f"A stored request cannot be read: {error}") from error


def _openings(fields: Manifest) -> Iterator[Opening]:
    stored = fields["openings"]
    if not isinstance(stored, list):
        raise TypeError("openings")
    for one in stored:
        fields = one if isinstance(one, dict) else {}
        match fields["key"], fields["template"], fields["version"], fields["values"]:
            case str(key), str(template), int(version), dict(values):
                yield Opening(key, template, version, values)
            case _:
                raise TypeError("openings")


def _openings_of_one(fields: Manifest) -> Iterator[Opening]:
    """Yield what the first version said by one exposure and one profile of three, and take it out.

    The keys are such that the objects keep the names they have.
    """
    exposure, egress = fields.pop("exposure"), str(fields.pop("egress"))
    if "openings" in fields:
        raise TypeError("openings")
    if exposure is not None:
        if not isinstance(exposure, dict) or not isinstance(exposure["ports"], list):
            raise TypeError("exposure")
        values = {name: exposure[name] for name in ("source", "component", "ports")}
        yield Opening(str(exposure["source"]), "allow-ingress", 1, values)
    if egress != "none":
        yield Opening(egress, f"egress-{egress}", 1)


_READERS = {1: _openings_of_one, 2: _openings}
