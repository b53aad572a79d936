"""Random values for the parameters of a template, inside their bounds."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Any

from hypothesis import strategies as st

from onboarding.domain.catalogue import Template
from onboarding.domain.objects import Json
from onboarding.domain.parameters import PARTS, POD_SECURITY_LEVELS, Parameter

Values = st.SearchStrategy[Any]
# Few and alike, so that namespaces, labels and sources meet each other.
NAMES = st.one_of(
    st.sampled_from(["a", "web", "pay"]),
    st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True),
)
KEYS = st.sampled_from(["app", "project", "tier", "example.com/part"])


def values_of(template: Template) -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries({n: value_of(one) for n, one in template.parameters.items()})


def value_of(parameter: Parameter) -> Values:
    return STRATEGIES[parameter.type](parameter)


def _selector(parameter: Parameter, least: int = 0) -> Values:
    return st.dictionaries(KEYS, NAMES, min_size=least, max_size=min(parameter.max_items, 4))


def _ports(parameter: Parameter) -> Values:
    port = st.integers(parameter.low, parameter.high)
    return st.lists(port, min_size=1, max_size=parameter.max_items)


def _cidrs(parameter: Parameter) -> Values:
    """IPv4 alone, as the portal gives it."""
    ranges = st.builds(
        lambda address, bits: str(IPv4Network((address, bits), strict=False)),
        st.integers(0, 2**32 - 1),
        st.integers(1, 32),
    )
    return st.lists(ranges, max_size=min(parameter.max_items, 6))


def _parts(parameter: Parameter) -> Values:
    return st.fixed_dictionaries({n: value_of(one) for n, one in PARTS[parameter.type].items()})


STRATEGIES: Mapping[str, Callable[[Parameter], Values]] = {
    "name": lambda _parameter: NAMES,
    "label_value": lambda _parameter: NAMES,
    "group": lambda _parameter: NAMES,
    "pod_security": lambda _parameter: st.sampled_from(POD_SECURITY_LEVELS),
    "labels": lambda parameter: _selector(parameter, least=1),
    "selector": _selector,
    "tcp_ports": _ports,
    "cidrs": _cidrs,
    "quantities": lambda _parameter: st.just({"pods": "1"}),
    "ingress_source": _parts,
}
