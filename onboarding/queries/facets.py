"""How many rows of a list each choice of its filter would show, all counted by one statement."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import Case, Count, Q, QuerySet, TextField, Value, When

# {value of a field: what holds for the rows it shows}
Conditions: TypeAlias = Mapping[str, Q]


@dataclass(frozen=True)
class Facets:
    """The rows of a list, counted by every column that can be chosen at once.

    `columns` names for each field of a filter what holds its values: a column, or several of which
    each holds one value or none. `counted` are the values of a row in every field, in their order,
    with the number of such rows.
    """

    columns: Mapping[str, tuple[str, ...]]
    counted: tuple[tuple[tuple[frozenset[str], ...], int], ...]

    def of(self, name: str, given: Mapping[str, str] | None = None) -> Counter[str]:
        """Return each value of a field with its number, under what is chosen in the other fields.

        Every value that any row has is there, with 0 where the other choices leave none.
        """
        others = {field: value for field, value in (given or {}).items() if field != name}
        place = [*self.columns].index(name)
        found: Counter[str] = Counter()
        for values, number in self.counted:
            for value in values[place]:
                found[value] += number if self._fits(values, others) else 0
        return found

    def total(self, given: Mapping[str, str]) -> int:
        """Return how many rows have all that is chosen."""
        return sum(number for values, number in self.counted if self._fits(values, given))

    def _fits(self, values: tuple[frozenset[str], ...], given: Mapping[str, str]) -> bool:
        places = {field: place for place, field in enumerate(self.columns)}
        return all(value in values[places[field]] for field, value in given.items())


def facets_of(
    rows: QuerySet[Any],
    columns: Mapping[str, str],
    known: Mapping[str, Conditions] | None = None,
) -> Facets:
    """Count the rows by these columns and conditions. One query, however many there are."""
    parts: dict[str, tuple[str, ...]] = {name: (column,) for name, column in columns.items()}
    for name, each in (known or {}).items():
        flags = {f"of_{name}_{number}": _flag(*one) for number, one in enumerate(each.items())}
        rows, parts[name] = rows.annotate(**flags), tuple(flags)
    every = [column for each in parts.values() for column in each]
    grouped = rows.order_by().values(*every).annotate(many=Count("pk"))
    return Facets(parts, tuple((_values(row, parts), row["many"]) for row in grouped))


def _flag(value: str, condition: Q) -> Case:
    """Return the value where the condition holds, and nothing elsewhere, as a column."""
    return Case(When(condition, then=Value(value)), default=Value(""), output_field=TextField())


def _values(
    row: Mapping[str, Any], columns: Mapping[str, tuple[str, ...]]
) -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset(str(row[column]) for column in each if row[column]) for each in columns.values()
    )
