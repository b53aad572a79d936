"""Fields of objects, read with their types and named in every complaint.

Used by `workloads.py` and `reading.py`. NetworkPolicies have a stricter reader, `policies.py`;
here fields nobody asks for are left alone.
"""

import ipaddress
from collections.abc import Iterator

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.model import LAST_PORT, Protocol


class BadField(ValueError):
    """A field has a value the API server would refuse. `field` is e.g. `spec.replicas`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


def mapping_at(tree: Manifest, field: str) -> Manifest:
    """Return the mapping at a path with dots, {} where it is missing. Raise BadField."""
    node: Json = tree
    walked: list[str] = []
    for step in field.split("."):
        node = node.get(step) if isinstance(node, dict) else None
        walked.append(step)
        if node is None:
            return {}
        if not isinstance(node, dict):
            raise BadField(".".join(walked), "fields are expected here")
    return node if isinstance(node, dict) else {}


def value_at(tree: Manifest, field: str) -> Json:
    """Return the value at a path with dots, None where it is missing. Raise BadField."""
    *parents, last = field.split(".")
    return (mapping_at(tree, ".".join(parents)) if parents else tree).get(last)


def text_at(tree: Manifest, field: str) -> str:
    """Return the text at a path, "" where it is missing. Raise BadField."""
    return as_text(value_at(tree, field), field)


def as_text(value: Json, field: str) -> str:
    """Return a value that must be text, "" for none. Raise BadField."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadField(field, f"{shown(value)} is not text; put it in quotes")
    return value


def flag_at(tree: Manifest, field: str) -> bool:
    """Return the boolean at a path, False where it is missing. Raise BadField."""
    value = value_at(tree, field)
    if value is not None and not isinstance(value, bool):
        raise BadField(field, f"{shown(value)} is neither true nor false")
    return bool(value)


def number_at(tree: Manifest, field: str, default: int) -> int:
    """Return the whole number at a path, from 0 up. Raise BadField."""
    value = value_at(tree, field)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadField(field, f"{shown(value)} is not a whole number from 0 up")
    return value


def labels_at(tree: Manifest, field: str) -> dict[str, str]:
    """Return labels, all of them text. Raise BadField naming the label that is not."""
    labels = mapping_at(tree, field)
    for key, value in labels.items():
        if not isinstance(value, str):
            raise BadField(
                f"{field}.{key}", f"{shown(value)} is not text; put the label's value in quotes"
            )
    return {key: str(value) for key, value in labels.items()}


def entries_at(tree: Manifest, field: str) -> Iterator[tuple[str, Manifest]]:
    """Yield each mapping of the list at a path, with its own path. Raise BadField."""
    for place, entry in values_at(tree, field):
        if not isinstance(entry, dict):
            raise BadField(place, "fields are expected here")
        yield place, entry


def values_at(tree: Manifest, field: str) -> Iterator[tuple[str, Json]]:
    """Yield each value of the list at a path, with its own path. Raise BadField."""
    listed = value_at(tree, field)
    if listed is not None and not isinstance(listed, list):
        raise BadField(field, "a list is expected here")
    for number, entry in enumerate(listed or ()):
        yield f"{field}[{number}]", entry


def as_port(value: Json, field: str) -> int:
    """Return a port from 1 to 65535. Raise BadField."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LAST_PORT:
        raise BadField(field, f"{shown(value)} is not a port from 1 to {LAST_PORT}")
    return value


def as_protocol(value: Json, field: str) -> Protocol:
    """Return a protocol, TCP for none. Raise BadField."""
    if value is None or value == "":
        return Protocol.TCP
    try:
        return Protocol(str(value))
    except ValueError as error:
        raise BadField(field, f"{shown(value)} is none of {', '.join(Protocol)}") from error


def as_address(value: Json, field: str) -> str:
    """Return an IP address as it is written. Raise BadField."""
    try:
        return str(ipaddress.ip_address(as_text(value, field)))
    except ValueError as error:
        raise BadField(field, f"{shown(value)} is not an IP address") from error


def as_range(value: Json, field: str) -> str:
    """Return a CIDR. Raise BadField."""
    try:
        return str(ipaddress.ip_network(as_text(value, field), strict=False))
    except ValueError as error:
        raise BadField(field, f"{shown(value)} is not a CIDR such as 10.0.0.0/8") from error


def shown(value: Json) -> str:
    """Return a value as people would write it in YAML."""
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else repr(value)
