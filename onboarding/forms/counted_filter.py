"""A list's filter whose every choice says how many rows it would show, by one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from django.db.models import Model, Prefetch, Q, QuerySet
from django.http import QueryDict

from onboarding.forms.list_filter import LONGEST_SEARCH, ListFilter
from onboarding.queries.facets import Conditions, facets_of
from onboarding.queries.keyset import Page

_Row = TypeVar("_Row", bound=Model)
SEARCH = "q"
# {field: ({value: words}, words for no choice)}
Words: TypeAlias = Mapping[str, tuple[Mapping[str, Any], Any]]


class CountedFilter(ListFilter, Generic[_Row]):
    """Rows narrowed by conditions, by columns as they are, and by free words in `q`.

    `columns` are {field: column}. `implied` is what holds in a field where nothing is chosen, and
    `every` the choice that lifts it.
    """

    columns: ClassVar[Mapping[str, str]] = {}
    implied: ClassVar[Mapping[str, str]] = {}
    every: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        data: QueryDict,
        *,
        rows: QuerySet[_Row],
        known: Mapping[str, Conditions],
        words: Words,
    ) -> None:
        """Count the rows and offer the choices.

        Of a field of `columns` the values are found, so its words are left empty.
        """
        super().__init__(data)
        self._rows, self._known = rows, known
        self._facets = facets_of(rows, self.columns, known)
        chosen = self._chosen()
        for name, (said, whatever) in words.items():
            counts = self._counts(name, chosen)
            offered = said or {value: value for value in sorted(counts)}
            self.offer(name, offered, counts=counts, whatever=whatever)

    @property
    def total(self) -> int:
        """Return how many rows match. No statement; only where the filter is valid."""
        return self._facets.total(self._chosen())

    @property
    def is_nothing_there(self) -> bool:
        """Tell whether there is no row at all, whatever the filter."""
        return not self.given and not self._facets.counted

    def narrow(self) -> QuerySet[_Row]:
        """Return the rows that match. Only after is_valid()."""
        rows = self._rows
        for name, value in self._chosen().items():
            column = self.columns.get(name)
            rows = rows.filter(Q(**{column: value}) if column else self._known[name][value])
        return rows

    def found(
        self, *related: "str | Prefetch[Any, Any, Any]", order: Sequence[str] = ("name", "id")
    ) -> Page[_Row]:
        """Return a page of the rows that match, with what is `related`; none for a refused filter.

        A place in the URL that cannot be read refuses it too.
        """
        if not self.is_valid():
            return Page([])
        return self.page(self.narrow().prefetch_related(*related), order=order)

    def _chosen(self) -> dict[str, str]:
        """Return the choice in each field but the search, with what is implied."""
        given = {**self.implied, **self.given}
        return {
            name: value
            for name, value in given.items()
            if name != SEARCH and value != self.every.get(name)
        }

    def _counts(self, name: str, chosen: Mapping[str, str]) -> Mapping[str, int]:
        counts = self._facets.of(name, chosen)
        if name not in self.every:
            return counts
        others = {field: value for field, value in chosen.items() if field != name}
        return {**counts, self.every[name]: self._facets.total(others)}


def searched(data: QueryDict) -> str:
    """Return the words looked for, as many as the field takes."""
    return str(data.get(SEARCH, "")).strip()[:LONGEST_SEARCH]


def matching(text: str, columns: Iterable[str]) -> Q:
    """Match rows that have the words in any of these columns; all rows for no words."""
    found = Q()
    for column in columns if text else ():
        found |= Q(**{f"{column}__icontains": text})
    return found
