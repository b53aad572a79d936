"""Objects as YAML for people and for kubectl.

The plain dumper leaves 1e3, 0o14 and y bare and kubectl reads them as numbers and booleans, so
every string that is not plainly a word is quoted.
"""

import re
from collections.abc import Iterable

import yaml

from onboarding.domain.objects import Json, Manifest
from onboarding.plan.fill import SLOT

_PLAIN = re.compile(r"\A[A-Za-z][A-Za-z0-9./_-]*\Z")
_NOT_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


class _Dumper(yaml.SafeDumper):
    """Quotes what another YAML reader might not take for text; indents lists under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.match(text) and text.lower() not in _NOT_WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


class _Slot(str):
    """The name of what is filled in, where a template's object has a slot."""

    __slots__ = ()


def _represent_slot(dumper: yaml.SafeDumper, slot: _Slot) -> yaml.MappingNode:
    key, name = (dumper.represent_scalar("tag:yaml.org,2002:str", part) for part in (SLOT, slot))
    return yaml.MappingNode("tag:yaml.org,2002:map", [(key, name)], flow_style=True)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Slot, _represent_slot)


# The order Kubernetes' own documentation writes fields in; what is not named follows by name.
_FIRST = (
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "type",
    "namespaceSelector",
    "podSelector",
    "policyTypes",
    "protocol",
)
_ORDER = {field: place for place, field in enumerate(_FIRST)}


def render_yaml(manifest: Manifest) -> str:
    """Return one object as a YAML document without separator.

    The order of fields is this function's: databases differ in the order they give back.
    """
    return yaml.dump(
        _ordered(manifest),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=1000,
    )


def render_template(body: Manifest) -> str:
    """Return a template's object as YAML, each slot as its file writes it: `{$slot: ports}`."""
    return render_yaml({field: _with_slots(value) for field, value in body.items()})


def render_documents(manifests: Iterable[Manifest]) -> str:
    """Return several objects as one YAML stream, in the given order."""
    return "---\n".join(render_yaml(manifest) for manifest in manifests)


def _with_slots(node: Json) -> Json:
    if isinstance(node, dict):
        if SLOT in node:
            return _Slot(node[SLOT])
        return {field: _with_slots(value) for field, value in node.items()}
    if isinstance(node, list):
        return [_with_slots(entry) for entry in node]
    return node


def _ordered(node: Json) -> Json:
    if isinstance(node, dict):
        fields = sorted(node, key=lambda field: (_ORDER.get(field, len(_ORDER)), field))
        return {field: _ordered(node[field]) for field in fields}
    if isinstance(node, list):
        return [_ordered(entry) for entry in node]
    return node
