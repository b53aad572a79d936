"""The catalogue as values: templates, sizes, environments, data classes, what may be opened.

Files under onboarding/catalogue/ are read into these by `plan.catalogue_files`; everything is
frozen, so one loaded catalogue can be shared by every thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.parameters import Parameter
from onboarding.domain.spec import NamespaceSpec, Opening

# What a size is described by to whoever chooses it, so every size has them.
SHOWN_BOUNDS = frozenset(
    {
        *("requests.cpu", "limits.cpu", "requests.memory", "limits.memory"),
        *("pods", "requests.storage", "limits.ephemeral-storage", "services", "secrets"),
    }
)


# What a template's slots take from the namespace and its cluster; nobody is asked for it.
GIVEN = frozenset({"name", "namespace", "project", "members", "private_ranges"})


class OpeningDirection(StrEnum):
    """Which way an opening lets traffic through, seen from its namespace."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True)
class Template:
    """A versioned object tree with typed slots. `phase` says when it is applied.

    One with a `direction` is an opening, asked for by itself: `opens` completes "Opens …" with its
    values, `includes` names templates that it lets through as well, and `max_days` is the longest
    lifetime of a namespace that has it. `reach` is the most it may ever let pass, with slots.
    """

    slug: str
    version: int
    title: str
    phase: str
    lanes: tuple[Lane, ...]
    parameters: Mapping[str, Parameter]
    body: Manifest
    why: str = ""
    direction: OpeningDirection | None = None
    opens: str = ""
    includes: frozenset[str] = frozenset()
    max_days: int | None = None
    reach: Manifest = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """Return e.g. `allow-dns@1`, as written into annotations and history."""
        return f"{self.slug}@{self.version}"

    @property
    def asked(self) -> Mapping[str, Parameter]:
        """Return the parameters whose values people give."""
        return {name: one for name, one in self.parameters.items() if name not in GIVEN}


@dataclass(frozen=True)
class Size:
    """Exact bounds of a namespace: quota as Kubernetes quantities, and container defaults."""

    slug: str
    title: str
    quota: Mapping[str, str]
    default_limits: Mapping[str, str]
    default_requests: Mapping[str, str]
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One option of a form field, with what choosing it costs in approvals.

    `access` names the kinds of access an environment grants beside running workloads,
    `separation` the rules for who decides about a namespace in it, `pod_security` the level
    its pods must meet.
    """

    slug: str
    title: str
    note: str = ""
    lanes: tuple[Lane, ...] = ()
    template: str | None = None
    access: tuple[str, ...] = ()
    separation: tuple[SeparationRule, ...] = ()
    pod_security: str = ""


@dataclass(frozen=True)
class Catalogue:
    """Everything a request may be made of."""

    templates: Mapping[str, Template]
    sizes: Mapping[str, Size]
    environments: Mapping[str, Choice]
    data_classes: Mapping[str, Choice]
    egress: Mapping[str, Choice]
    access: Mapping[str, Choice]
    lifetimes: tuple[int | None, ...]
    kind_lanes: Mapping[str, tuple[Lane, ...]]
    risk_lanes: Mapping[str, tuple[Lane, ...]]
    reserved_names: tuple[str, ...] = field(default=())

    def opening(self, template: str, key: str, **values: Json) -> Opening:
        """Return an opening of the version of a template that is on offer. Raise KeyError."""
        return Opening(key, template, self.templates[template].version, values)

    def by_today(self, spec: NamespaceSpec) -> NamespaceSpec:
        """Return the spec with its openings in the versions on offer, where those ask for the same.

        What is in force keeps what was approved; rendered anew, it is rendered by today's versions.
        """
        return spec.changed(openings=tuple(map(self._by_today, spec.openings)))

    def _by_today(self, opening: Opening) -> Opening:
        known = self.templates.get(opening.template)
        if known and known.direction and known.asked.keys() == opening.values.keys():
            return replace(opening, version=known.version)
        return opening

    def template_of(self, opening: Opening) -> Template | None:
        """Return the template version of an opening, None where it is not on offer."""
        known = self.templates.get(opening.template)
        is_on_offer = known and known.direction and known.version == opening.version
        return known if is_on_offer else None
