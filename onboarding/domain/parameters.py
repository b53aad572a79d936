"""Typed slots of a template: what may be filled in, and within which bounds.

A value enters a slot of an object tree whole; it never becomes part of a text that is parsed
again. So no input changes which objects there are, or their kind.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onboarding.domain import names
from onboarding.domain.labels import is_label_key, is_label_value
from onboarding.domain.objects import Json
from onboarding.domain.quantities import check_quantity

# Of Kubernetes' three Pod Security levels: `privileged` would let pods out of NetworkPolicy.
STRICT = "restricted"
POD_SECURITY_LEVELS = ("baseline", STRICT)


@dataclass(frozen=True)
class Parameter:
    """A slot's type and bounds. `max_items` bounds lists and mappings; `low`/`high` numbers.

    `title` and `help` are for whoever gives the value, where people do.
    """

    type: str
    max_items: int = 64
    low: int = 1
    high: int = 65535
    title: str = ""
    help: str = ""


# What a person can be asked for: the form has a field for each of them.
ASKABLE = frozenset({"label_value", "ingress_source", "tcp_ports"})

# What a value is made of that fills several slots: {$slot: source.pods} takes one part of it.
PARTS: Mapping[str, Mapping[str, Parameter]] = {
    "ingress_source": {
        "namespace": Parameter("name"),
        "pods": Parameter("selector", max_items=4),
    },
}


def check_value(parameter: Parameter, value: Json) -> list[str]:
    """Return what is wrong with `value` for the slot, in words; [] when it may be filled in."""
    return CHECKS[parameter.type](parameter, value)


def _check_name(_parameter: Parameter, value: Json) -> list[str]:
    return names.check_dns_label(value) if isinstance(value, str) else ["must be text"]


def _check_label_value(_parameter: Parameter, value: Json) -> list[str]:
    return names.check_label_value(value) if isinstance(value, str) else ["must be text"]


def _check_group(_parameter: Parameter, value: Json) -> list[str]:
    return names.check_group(value) if isinstance(value, str) else ["must be text"]


def _check_pod_security(_parameter: Parameter, value: Json) -> list[str]:
    return [] if value in POD_SECURITY_LEVELS else [f"is one of {', '.join(POD_SECURITY_LEVELS)}"]


def _check_labels(parameter: Parameter, value: Json) -> list[str]:
    if not isinstance(value, dict) or not value:
        return ["must name at least one label"]
    return _check_selector(parameter, value)


def _check_selector(parameter: Parameter, value: Json) -> list[str]:
    """A selector may be empty (every pod); `labels` may not."""
    if not isinstance(value, dict) or len(value) > parameter.max_items:
        return [f"must be a mapping of at most {parameter.max_items} labels"]
    return [
        f"{key}={text} is not a label"
        for key, text in value.items()
        if not is_label_key(key) or not isinstance(text, str) or not is_label_value(text)
    ]


def _check_ports(parameter: Parameter, value: Json) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= parameter.max_items:
        return [f"must be a list of 1 to {parameter.max_items} ports"]
    return [
        f"{port} is not a port between {parameter.low} and {parameter.high}"
        for port in value
        if isinstance(port, bool)
        or not isinstance(port, int)
        or not parameter.low <= port <= parameter.high
    ]


def _check_cidrs(parameter: Parameter, value: Json) -> list[str]:
    """Address ranges that are cut out of an allowed one, so /0 can never be meant."""
    if not isinstance(value, list) or len(value) > parameter.max_items:
        return [f"must be a list of at most {parameter.max_items} address ranges"]
    wrong = []
    for cidr in value:
        try:
            network = ipaddress.ip_network(str(cidr), strict=True)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if network.prefixlen == 0:
            wrong.append(f"{cidr} covers every address")
    return wrong


def _check_quantities(parameter: Parameter, value: Json) -> list[str]:
    if not isinstance(value, dict) or not 1 <= len(value) <= parameter.max_items:
        return ["must be a mapping of resource quantities"]
    return [
        f"{resource}: {problem}"
        for resource, quantity in value.items()
        for problem in check_quantity(quantity if isinstance(quantity, str) else "")
    ]


def _check_parts(parameter: Parameter, value: Json) -> list[str]:
    if not isinstance(value, dict) or value.keys() != PARTS[parameter.type].keys():
        return [f"must be a mapping of {' and '.join(PARTS[parameter.type])}"]
    return [
        f"{name} {problem}"
        for name, part in PARTS[parameter.type].items()
        for problem in check_value(part, value[name])
    ]


CHECKS: Mapping[str, Callable[[Parameter, Json], list[str]]] = {
    "name": _check_name,
    "label_value": _check_label_value,
    "pod_security": _check_pod_security,
    "labels": _check_labels,
    "selector": _check_selector,
    "group": _check_group,
    "tcp_ports": _check_ports,
    "cidrs": _check_cidrs,
    "quantities": _check_quantities,
    "ingress_source": _check_parts,
}
