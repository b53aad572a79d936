"""Which objects a selector selects: by its meaning, and from an index of bits.

Bit i of a result stands for item i. `NotIn` and `DoesNotExist` select what lacks the key; `Exists`
selects an empty value too. Source: Kubernetes documentation, "Labels and Selectors".
"""

from collections.abc import Iterable

from onboarding.reachability.model import Labels, Operator, Requirement, Selector
from onboarding.reachability.sets import united


def matches(selector: Selector, labels: Labels) -> bool:
    """Tell whether an object with these labels is selected."""
    return all(labels.get(key) == value for key, value in selector.labels) and all(
        _holds(requirement, labels) for requirement in selector.expressions
    )


def _holds(requirement: Requirement, labels: Labels) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case Operator.IN:
            return value in requirement.values
        case Operator.NOT_IN:
            return value not in requirement.values
        case Operator.EXISTS:
            return value is not None
        case Operator.DOES_NOT_EXIST:
            return value is None


class LabelIndex:
    """Items by label, as bits. Each selector is worked out once."""

    def __init__(self, labelled: Iterable[tuple[int, Labels]]) -> None:
        """Index items given as (bits that stand for the item, its labels)."""
        self.everything = 0
        self._values: dict[str, dict[str, int]] = {}
        self._known: dict[Selector, int] = {}
        for bits, labels in labelled:
            self.everything |= bits
            for key, value in labels.items():
                values = self._values.setdefault(key, {})
                values[value] = values.get(value, 0) | bits

    def select(self, selector: Selector) -> int:
        """Return the bits of everything selected."""
        known = self._known.get(selector)
        if known is None:
            known = self._known[selector] = self._work_out(selector)
        return known

    def _work_out(self, selector: Selector) -> int:
        selected = self.everything
        for key, value in selector.labels:
            selected &= self._values.get(key, {}).get(value, 0)
        for requirement in selector.expressions:
            selected &= self._meeting(requirement)
        return selected

    def _meeting(self, requirement: Requirement) -> int:
        values = self._values.get(requirement.key, {})
        listed = [bits for value, bits in values.items() if value in requirement.values]
        match requirement.operator:
            case Operator.IN:
                return united(listed)
            case Operator.NOT_IN:
                return self.everything & ~united(listed)
            case Operator.EXISTS:
                return united(values.values())
            case Operator.DOES_NOT_EXIST:
                return self.everything & ~united(values.values())
