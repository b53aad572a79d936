"""Kubernetes objects as plain trees, and the key that names one.

Everything that leaves the portal for a cluster is such a tree; text templates for manifests do not
exist here, so no input can change the shape of an object.
"""

from dataclasses import dataclass
from typing import TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Manifest: TypeAlias = dict[str, Json]


@dataclass(frozen=True, order=True)
class Key:
    """Names one object on one cluster. `namespace` is "" for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return e.g. `NetworkPolicy payments-prod/deny-all` or `Namespace payments-prod`."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


def branch(tree: Manifest, *path: str) -> Manifest:
    """Return the mapping at `path`, or an empty one where it or a step on the way is missing."""
    node: Json = tree
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def text(tree: Manifest, *path: str) -> str:
    """Return the string at `path`, or "" where it is missing or no string."""
    *parents, last = path
    value = branch(tree, *parents).get(last)
    return value if isinstance(value, str) else ""


def items(tree: Manifest, *path: str) -> list[Manifest]:
    """Return the mappings in the list at `path`; anything else in it is left out."""
    *parents, last = path
    value = branch(tree, *parents).get(last)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def key_of(manifest: Manifest) -> Key:
    """Return the key of an object as it names itself."""
    return Key(
        kind=text(manifest, "kind"),
        namespace=text(manifest, "metadata", "namespace"),
        name=text(manifest, "metadata", "name"),
    )


def copied(tree: Manifest) -> Manifest:
    """Return a deep copy; trees hold nothing but JSON values."""
    return cast("Manifest", _copied(tree))


def _copied(node: Json) -> Json:
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_copied(value) for value in node]
    return node
