"""How findings name things. Short, without the words of the API where everyday ones do."""

from collections.abc import Iterable

from onboarding.reachability.assume import ASSUMED
from onboarding.reachability.endpoints import named_labels
from onboarding.reachability.model import (
    Operator,
    Pod,
    Policy,
    PortMatch,
    Requirement,
    Rule,
    Selector,
)

_WORDS = {
    Operator.IN: "in",
    Operator.NOT_IN: "not in",
    Operator.EXISTS: "is set",
    Operator.DOES_NOT_EXIST: "is not set",
}


def labelled(selector: Selector) -> str:
    """Return e.g. `app=web, tier in (a, b)`."""
    return ", ".join(
        [f"{key}={value}" for key, value in selector.labels]
        + [_requirement(requirement) for requirement in selector.expressions]
    )


def _requirement(requirement: Requirement) -> str:
    values = f" ({', '.join(sorted(requirement.values))})" if requirement.values else ""
    return f"{requirement.key} {_WORDS[requirement.operator]}{values}"


def named(pod: Pod) -> str:
    """Return the pod's name, or its labels where it is one of a class."""
    return pod.name or _labels(pod.labels.items()) or "pods without labels"


def named_for(policy: Policy, pod: Pod) -> str:
    """Return how a finding about a policy calls a pod of its peers; "" if only by its namespace.

    Of other teams' pods it tells no label that the policy does not ask for. Who knows a pod's name
    has its file; the names of assumed pods are labels.
    """
    if pod.namespace == policy.ref.namespace:
        return named(pod)
    asked_for = named_labels((policy,))
    name = "" if pod.kind == ASSUMED else pod.name
    return name or _labels(label for label in pod.labels.items() if label in asked_for)


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels))


def port(match: PortMatch) -> str:
    """Return e.g. `TCP 8080`, `UDP 53 to 60`, `every TCP port`."""
    if match.name:
        return f"{match.protocol} port “{match.name}”"
    if (match.first, match.last) == (PortMatch.first, PortMatch.last):
        return f"every {match.protocol} port"
    last = f" to {match.last}" if match.last != match.first else ""
    return f"{match.protocol} {match.first}{last}"


def ports(rule: Rule) -> str:
    """Return the rule's ports, e.g. `UDP 53 and TCP 53`."""
    return " and ".join(port(match) for match in rule.ports) or "every port"


def listing(names: Iterable[str], *, shown: int = 3) -> str:
    """Return e.g. `a, b, c and 4 others`."""
    every = list(names)
    left = len(every) - shown
    if left <= 0:
        return " and ".join([*filter(None, [", ".join(every[:-1])]), *every[-1:]])
    return f"{', '.join(every[:shown])} and {left} {'other' if left == 1 else 'others'}"
