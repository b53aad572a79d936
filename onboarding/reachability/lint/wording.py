"""How findings name things. Short, without the words of the API where everyday ones do."""

from collections.abc import Iterable

from onboarding.reachability.model import Operator, Pod, PortMatch, Requirement, Rule, Selector

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
    labels = ", ".join(f"{key}={value}" for key, value in sorted(pod.labels.items()))
    return pod.name or labels or "pods without labels"


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
