"""The one definition of drift: how a live object of a namespace differs from the planned one.

A forced apply does not repair everything and a dry run does not show everything, so the live
object is compared whole. Equal are: a missing list and an empty one, a missing protocol and TCP,
quantities of the same amount, labels in any order. Never equal are a missing peer selector and an
empty one: `namespaceSelector: {}` means every namespace.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onboarding.domain.objects import Json, Manifest, branch, text
from onboarding.domain.ownership import PORTAL_IDENTITY
from onboarding.domain.quantities import check_quantity, quantity

# Labels and annotations under these names mean something to the fence, so an extra one is drift.
RESERVED_PREFIXES = ("bulkhead.dev/", "pod-security.kubernetes.io/")
RESERVED_NAMES = frozenset({"ns-id"})
_BOOKKEEPING = frozenset({"apiVersion", "kind", "metadata", "status"})
_WITH_QUANTITIES = frozenset({"ResourceQuota", "LimitRange"})


@dataclass(frozen=True)
class Difference:
    """One place where live and wanted differ; None stands for absent."""

    path: tuple[str, ...]
    wanted: Json
    live: Json

    def __str__(self) -> str:
        """Return e.g. `spec.egress`."""
        return ".".join(self.path)


def differences(wanted: Manifest, live: Manifest | None) -> tuple[Difference, ...]:
    """Return every difference in what the portal owns of an object; () when equal."""
    if live is None:
        return (Difference(path=(), wanted=wanted, live=None),)
    return (
        *_metadata_differences("labels", wanted, live),
        *_metadata_differences("annotations", wanted, live),
        *_body_differences(wanted, live),
    )


def is_reserved(name: str) -> bool:
    """Tell whether a label or annotation of this name belongs to the portal alone."""
    return name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES)


def _metadata_differences(part: str, wanted: Manifest, live: Manifest) -> Iterator[Difference]:
    intended, found = branch(wanted, "metadata", part), branch(live, "metadata", part)
    foreign = {name for name in found if is_reserved(name) and name not in intended}
    for name in sorted({*intended, *foreign}):
        if (part, name, text(wanted, "kind")) == ("annotations", PORTAL_IDENTITY, "Namespace"):
            continue  # written with the POST alone: namespaces made before it was lack it
        if intended.get(name) != found.get(name):
            yield Difference(("metadata", part, name), intended.get(name), found.get(name))


def _body_differences(wanted: Manifest, live: Manifest) -> Iterator[Difference]:
    kind = text(wanted, "kind")
    if kind == "Namespace":  # its spec holds finalizers, which are Kubernetes' own business
        return
    intended, found = _body(wanted, kind), _body(live, kind)
    yield from _tree_differences((), intended, found)


def _body(manifest: Manifest, kind: str) -> dict[str, Json]:
    body = {field: value for field, value in manifest.items() if field not in _BOOKKEEPING}
    normal = _normal(body, with_quantities=kind in _WITH_QUANTITIES)
    if not isinstance(normal, dict):
        return {}
    if kind == "NetworkPolicy":
        spec = normal.setdefault("spec", {})
        if isinstance(spec, dict):
            spec.setdefault("podSelector", {})
    return normal


def _tree_differences(
    path: tuple[str, ...], wanted: Mapping[str, Json], live: Mapping[str, Json]
) -> Iterator[Difference]:
    for field in sorted({*wanted, *live}):
        intended, found = wanted.get(field), live.get(field)
        if isinstance(intended, dict) and isinstance(found, dict):
            yield from _tree_differences((*path, field), intended, found)
        elif intended != found:
            yield Difference((*path, field), intended, found)


def _normal(node: Json, *, with_quantities: bool) -> Json:
    """Return the tree without absent and empty lists, protocols and amounts spelled one way."""
    if isinstance(node, dict):
        pairs = {
            field: _normal(value, with_quantities=with_quantities)
            for field, value in node.items()
            if value is not None and value != []
        }
        if "port" in pairs:
            pairs.setdefault("protocol", "TCP")
        return pairs
    if isinstance(node, list):
        return [_normal(value, with_quantities=with_quantities) for value in node]
    if with_quantities and isinstance(node, str) and not check_quantity(node):
        return str(quantity(node).normalize())
    return node
