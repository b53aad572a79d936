"""What of a namespace keeps pods apart and people out, and so is never left changed for a while."""

from collections.abc import Iterable

from onboarding.domain.objects import Key
from onboarding.plan.compare import Difference, is_reserved

_WHOLE = frozenset({"NetworkPolicy", "RoleBinding"})
# Selectors of policies choose namespaces by it.
_CHOSEN_BY = frozenset({"project"})


def is_of_the_fence(key: Key, differing: Iterable[Difference]) -> bool:
    """Tell whether such differences of an object may open what was approved to be closed."""
    return key.kind in _WHOLE or any(_opens(difference) for difference in differing)


def _opens(difference: Difference) -> bool:
    """Tell it of the Namespace, which takes part in policies by some of its labels only."""
    if difference.path[:2] != ("metadata", "labels") or len(difference.path) < 3:
        return False
    name = difference.path[2]
    return is_reserved(name) or name in _CHOSEN_BY
