"""The filter of the clusters list: how they are. Every cluster is read anyway, so none is asked."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onboarding.forms.list_filter import ListFilter, choice_field


class HasState(Protocol):
    """A line of the list."""

    @property
    def state(self) -> str:
        """Return how the cluster is."""


_Line = TypeVar("_Line", bound=HasState)


class ClusterFilter(ListFilter):
    """Which clusters a platform admin wants to see."""

    passed_on = frozenset[str]()
    shortcut = "state"
    state = choice_field(_("Condition"))

    def __init__(
        self, data: QueryDict, *, states: Collection[str], words: Mapping[str, Any]
    ) -> None:
        """Offer every state, with how many clusters are so."""
        super().__init__(data)
        self.offer("state", words, counts=Counter(states), whatever=_("Any condition"))

    def narrow(self, lines: Iterable[_Line]) -> list[_Line]:
        """Return the lines that match. Only after is_valid()."""
        wanted = self.given.get("state")
        return [line for line in lines if wanted in {None, line.state}]
