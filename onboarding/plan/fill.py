"""Fill a template's typed slots. A slot is a mapping {$slot: name} and takes a whole value.

{$slot: name.part} takes one part of a value that is made of several.
"""

from collections.abc import Mapping

from onboarding.domain.catalogue import Template
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.parameters import PARTS, Parameter, check_value

SLOT = "$slot"


class BadParameter(ValueError):
    """A value does not fit its slot. The text names template, slot and reason."""


def fill(template: Template, values: Mapping[str, Json]) -> Manifest:
    """Return the template's object with every slot filled. Raise BadParameter if a value is bad."""
    return _tree(template, template.body, values)


def fill_reach(template: Template, values: Mapping[str, Json]) -> Manifest:
    """Return the template's reach bound with every slot filled. Raise BadParameter."""
    return _tree(template, template.reach, values)


def slot_parameter(slot: str, parameters: Mapping[str, Parameter]) -> Parameter | None:
    """Return what a slot takes, a whole parameter or a part of one; None where there is no such."""
    name, _dot, part = slot.partition(".")
    parameter = parameters.get(name)
    if parameter is None or not part:
        return parameter
    return PARTS.get(parameter.type, {}).get(part)


def slots_of(tree: Json) -> set[str]:
    """Return the names of all slots in a tree."""
    if isinstance(tree, dict):
        if SLOT in tree:
            return {str(tree[SLOT])}
        return {name for value in tree.values() for name in slots_of(value)}
    if isinstance(tree, list):
        return {name for value in tree for name in slots_of(value)}
    return set()


def _tree(template: Template, tree: Manifest, values: Mapping[str, Json]) -> Manifest:
    for name, parameter in template.parameters.items():
        if name not in values:
            raise BadParameter(f"{template.ref}: {name} is missing")
        problems = check_value(parameter, values[name])
        if problems:
            raise BadParameter(f"{template.ref}: {name}: {' '.join(problems)}")
    filled = _filled(tree, template.parameters, values)
    if not isinstance(filled, dict):
        raise BadParameter(f"{template.ref}: the template is not an object")
    return filled


def _filled(node: Json, parameters: Mapping[str, Parameter], values: Mapping[str, Json]) -> Json:
    if isinstance(node, dict):
        if SLOT in node:
            return _value_for(str(node[SLOT]), parameters, values)
        return {key: _filled(value, parameters, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, parameters, values) for value in node]
    return node


def _value_for(slot: str, parameters: Mapping[str, Parameter], values: Mapping[str, Json]) -> Json:
    name, _dot, part = slot.partition(".")
    parameter, value = parameters[name], values[name]
    if not part:
        return _shaped(parameter, value)
    parts = value if isinstance(value, dict) else {}
    return _shaped(PARTS[parameter.type][part], parts[part])


def _shaped(parameter: Parameter, value: Json) -> Json:
    """Give a value the form its place in a manifest has."""
    if parameter.type == "selector":
        return {"matchLabels": value} if value else {}
    if parameter.type == "tcp_ports" and isinstance(value, list):
        return [{"protocol": "TCP", "port": port} for port in value]
    return value
