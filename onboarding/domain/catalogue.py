"""The catalogue as values: templates, sizes, environments, data classes, egress profiles.

Files under onboarding/catalogue/ are read into these by `plan.catalogue_files`; everything is
frozen, so one loaded catalogue can be shared by every thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onboarding.domain.lanes import Lane, SeparationRule
from onboarding.domain.objects import Manifest
from onboarding.domain.parameters import Parameter

# What a size is described by to whoever chooses it, so every size has them.
SHOWN_BOUNDS = frozenset(
    {
        *("requests.cpu", "limits.cpu", "requests.memory", "limits.memory"),
        *("pods", "requests.storage", "limits.ephemeral-storage", "services", "secrets"),
    }
)


@dataclass(frozen=True)
class Template:
    """A versioned object tree with typed slots. `phase` says when it is applied."""

    slug: str
    version: int
    title: str
    phase: str
    lanes: tuple[Lane, ...]
    parameters: Mapping[str, Parameter]
    body: Manifest
    why: str = ""

    @property
    def ref(self) -> str:
        """Return e.g. `allow-dns@1`, as written into annotations and history."""
        return f"{self.slug}@{self.version}"


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
    max_lifetime_days: int | None = None
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
