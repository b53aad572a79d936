"""Values at the edges of a template's parameters: where what it renders is most likely wrong.

For proofs and previews. Two corners, everything least and everything most, and from each corner
every edge of every single parameter. Pure, and the same in every run.
"""

from collections.abc import Callable, Iterator, Mapping

from onboarding.domain.catalogue import Template
from onboarding.domain.objects import Json
from onboarding.domain.parameters import PARTS, POD_SECURITY_LEVELS, Parameter

# Short and alike, so that a namespace meets another of its name and a label one of its value.
_LEAST = "a"
_MOST = "z" * 63


def boundary_values(template: Template) -> Iterator[Mapping[str, Json]]:
    """Yield values for every parameter, each within its bounds."""
    return _around({name: edges_of(one) for name, one in template.parameters.items()})


def edges_of(parameter: Parameter) -> list[Json]:
    """Return the edges of one parameter, the least first and the most last."""
    return EDGES[parameter.type](parameter)


def _around(edges: Mapping[str, list[Json]]) -> Iterator[dict[str, Json]]:
    for corner in (0, -1):
        values = {name: found[corner] for name, found in edges.items()}
        yield values
        for name, found in edges.items():
            for edge in found:
                if edge != values[name]:
                    yield {**values, name: edge}


def _texts(_parameter: Parameter) -> list[Json]:
    return [_LEAST, _MOST]


def _labels(parameter: Parameter) -> list[Json]:
    many: dict[str, Json] = {
        f"example.com/{number}": _MOST for number in range(parameter.max_items)
    }
    # The keys that templates themselves select by.
    return [{"app": _LEAST}, {"project": _LEAST}, many]


def _selector(parameter: Parameter) -> list[Json]:
    return [{}, *_labels(parameter)]


def _ports(parameter: Parameter) -> list[Json]:
    count = min(parameter.max_items, parameter.high - parameter.low + 1)
    first: list[Json] = [*range(parameter.low, parameter.low + count)]
    apart: list[Json] = [*range(parameter.high, parameter.low - 1, -2)][:count]
    return [[parameter.low], [parameter.high], first, apart]


def _cidrs(parameter: Parameter) -> list[Json]:
    """IPv4 alone, as the portal gives it: an exception lies inside the range it is taken from."""
    single: list[Json] = [f"10.0.{number}.1/32" for number in range(parameter.max_items)]
    return [[], ["10.0.0.0/8"], ["0.0.0.0/1", "128.0.0.0/1"], single]


def _parts(parameter: Parameter) -> list[Json]:
    return [*_around({name: edges_of(part) for name, part in PARTS[parameter.type].items()})]


EDGES: Mapping[str, Callable[[Parameter], list[Json]]] = {
    "name": _texts,
    "label_value": _texts,
    "group": _texts,
    "pod_security": lambda _parameter: [*POD_SECURITY_LEVELS],
    "labels": _labels,
    "selector": _selector,
    "tcp_ports": _ports,
    "cidrs": _cidrs,
    "quantities": lambda _parameter: [{"pods": "1"}],
    "ingress_source": _parts,
}
