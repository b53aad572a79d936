"""Answers as one JSON or YAML document, record by record.

Described field by field in docs/reachability.md; the schema's name changes when a reader of the
older one would misread the newer. Written as it is worked out, so size is no matter of memory.
"""

import json
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import yaml

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.asking import QueryAnswer
from onboarding.reachability.model import Side, Verdict
from onboarding.reachability.scalars import resolved

SCHEMA = "bulkhead.reachability/v1"
DIFFERENCE_SCHEMA = "bulkhead.reachability-difference/v1"
# A field whose value is a mapping or list goes out whole; a stream goes out entry by entry.
Stream: TypeAlias = Iterable[Manifest]


def write_json(head: Manifest, name: str, stream: Stream, tail: Manifest) -> Iterator[str]:
    """Yield the document's text: `head`, the entries of `stream` under `name`, `tail`."""
    yield "{\n"
    for field, value in head.items():
        yield f"  {_json(field)}: {_listed(value)},\n"
    yield f"  {_json(name)}: ["
    separator = "\n    "
    for entry in stream:
        yield separator + _json(entry)
        separator = ",\n    "
    yield "\n  ]" if separator.startswith(",") else "]"
    for field, value in tail.items():
        yield f",\n  {_json(field)}: {_listed(value)}"
    yield "\n}\n"


def write_yaml(head: Manifest, name: str, stream: Stream, tail: Manifest) -> Iterator[str]:
    """Yield the same document as YAML."""
    yield _yaml(head)
    opened = False
    for entry in stream:
        yield ("" if opened else f"{name}:\n") + _yaml([entry])
        opened = True
    if not opened:
        yield f"{name}: []\n"
    if tail:
        yield _yaml(tail)


def record_entries(answers: Iterable[QueryAnswer]) -> Iterator[Manifest]:
    """Yield one record for each pair of names, with its verdict and evidence."""
    for answer in answers:
        record = answer.record
        ports: Manifest = {
            "protocol": record.protocol.value,
            "port": record.first,
            "endPort": record.last,
        }
        said = verdict_fields(record.verdict)
        for source, destination in answer.pairs:
            yield {"from": source.id, "to": destination.id, **ports, **said}


def verdict_fields(verdict: Verdict) -> Manifest:
    """Return a verdict with its evidence as JSON values."""
    return {
        "verdict": "allowed" if verdict.allowed else "blocked",
        "certainty": verdict.certainty.value,
        "complete": verdict.is_complete,
        "reason": verdict.reason,
        "caveat": verdict.caveat,
        "egress": _side(verdict.egress),
        "ingress": _side(verdict.ingress),
    }


def _side(side: Side) -> Manifest:
    allowing: list[Json] = [
        {"policy": str(rule.policy), "direction": rule.direction.value, "rule": rule.index}
        for rule in side.allowing
    ]
    return {
        "isolating": [str(policy) for policy in side.isolating],
        "allowing": allowing,
        "exempt": side.exempt,
    }


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _listed(value: Json) -> str:
    """Return a value with one entry of a list per line."""
    if not isinstance(value, list) or not value:
        return _json(value)
    entries = ",\n    ".join(map(_json, value))
    return f"[\n    {entries}\n  ]"


class _Dumper(yaml.SafeDumper):
    """Quotes what another YAML reader would not take for text."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(resolved(text), str) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _yaml(value: Json) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
