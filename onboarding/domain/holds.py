"""What holds up the end of a namespace or of its pods, read from what the API server says.

Kubernetes tells it in three places: `metadata.finalizers` of the Namespace (a controller's own),
`spec.finalizers` (Kubernetes' own, unless others were added) and the conditions the namespace
controller writes while content is left. Its messages are the only place that names the content:
k8s.io/kubernetes pkg/controller/namespace/deletion, status_condition_utils.go.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from onboarding.domain.objects import Json, Manifest, branch, items, text

KUBERNETES = "kubernetes"  # the finalizer every namespace has, which the controller takes off
# As in: Some resources are remaining: configmaps. has 1 resource instances, widgets.x.io has 2 …
_REMAINING = re.compile(r"([a-z0-9][a-z0-9.-]*?)\.? has \d+ resource instances")
# As in: Some content in the namespace has finalizers remaining: x.io/y in 1 resource instances, …
_FINALIZERS = re.compile(r"([^\s,:]+) in \d+ resource instances")
# As in: Discovery failed for some groups, 1 failing: … custom.metrics.x.io/v1beta1: …
_API = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+/v[a-z0-9]+)")
MOST_NAMES = 20


class HoldKind(StrEnum):
    """What sort of thing has to go first."""

    NAMESPACE_FINALIZERS = "namespace-finalizers"
    SPEC_FINALIZERS = "spec-finalizers"
    CONTENT_FINALIZERS = "content-finalizers"
    CONTENT = "content"
    SILENT_APIS = "silent-apis"
    PODS = "pods"


@dataclass(frozen=True)
class Hold:
    """One thing that holds up an end: finalizers, types of content, APIs, or pods, by name."""

    kind: HoldKind
    names: tuple[str, ...]

    def dump(self) -> Manifest:
        """Return the hold as a row stores it."""
        return {"kind": self.kind.value, "names": [*self.names]}


def load_holds(stored: object) -> tuple[Hold, ...]:
    """Return what `dump` wrote; () for null."""
    rows = stored if isinstance(stored, list) else []
    return tuple(Hold(HoldKind(row["kind"]), tuple(row["names"])) for row in rows)


def holds_of(namespace: Manifest) -> tuple[Hold, ...]:
    """Return what holds a Terminating namespace, as far as the API server says."""
    own = _finalizers(branch(namespace, "metadata"))
    others = [name for name in _finalizers(branch(namespace, "spec")) if name != KUBERNETES]
    said = {text(one, "type"): text(one, "message") for one in _conditions(namespace)}
    content = said.get("NamespaceContentRemaining", "")
    finalizers = said.get("NamespaceFinalizersRemaining", "")
    apis = said.get("NamespaceDeletionDiscoveryFailure", "")
    found = (
        Hold(HoldKind.NAMESPACE_FINALIZERS, _bounded(own)),
        Hold(HoldKind.SPEC_FINALIZERS, _bounded(others)),
        Hold(HoldKind.CONTENT_FINALIZERS, _bounded(_FINALIZERS.findall(finalizers))),
        Hold(HoldKind.CONTENT, _bounded(_REMAINING.findall(content))),
    )
    silent = (Hold(HoldKind.SILENT_APIS, _bounded(_API.findall(apis))),) if apis else ()
    return (*(hold for hold in found if hold.names), *silent)


def remaining(namespace: Manifest) -> str:
    """Return what keeps a Terminating namespace from going, in the server's own words."""
    state = text(namespace, "status", "phase") or "Terminating"
    own = _finalizers(branch(namespace, "metadata"))
    held = f"Finalizers on the namespace itself: {', '.join(_bounded(own))}." if own else ""
    messages = [text(one, "message") for one in _conditions(namespace)]
    return " ".join(part for part in (f"The namespace is {state}.", held, *messages) if part)


def _conditions(namespace: Manifest) -> list[Manifest]:
    return [one for one in items(namespace, "status", "conditions") if one.get("status") == "True"]


def _finalizers(part: Manifest) -> list[str]:
    named: Json = part.get("finalizers")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _bounded(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names once each, in order, and not without end: others wrote them."""
    return tuple(name[:253] for name in [*dict.fromkeys(names)][:MOST_NAMES])
