"""Pages of a list by what the last row was, never by OFFSET: right while rows come and go.

A cursor is the position and the last row's values in the order of the list, as it stands in the
URL. It is no secret and no promise: whoever writes one gets a page of what they may see anyway.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.translation import gettext as _

from onboarding.domain.invisible import unstorable_in
from onboarding.domain.refusals import Invalid

PAGE_SIZE = 50
LONGEST_CURSOR = 1000
LARGEST_NUMBER = 2**63 - 1
_Row = TypeVar("_Row", bound=Model)
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """Some rows of a list. `start` is the number of the first, `next` "" where none follow."""

    rows: list[_Item]
    next: str = ""
    start: int = 1

    @property
    def is_first(self) -> bool:
        """Tell whether nothing comes before."""
        return self.start == 1

    @property
    def end(self) -> int:
        """Return the number of the last row."""
        return self.start + len(self.rows) - 1


@dataclass(frozen=True)
class Count:
    """How many there are, or that there are more than anybody counted."""

    number: int
    is_more: bool = False


def page_of(
    rows: QuerySet[_Row],
    *,
    order: Sequence[str] = ("name", "id"),
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Page[_Row]:
    """Return the rows that follow the cursor. One query. Raise Invalid for one that is none.

    `order` names columns of the rows, of what they point to or annotated, of which none is ever
    NULL, and ends with a unique one; a "-" before a name turns it round.
    """
    seen, values = _read(rows, order, cursor) if cursor else (0, ())
    following = rows.filter(_after(order, values)) if cursor else rows
    found = list(following.order_by(*order)[: size + 1])
    shown = found[:size]
    is_last = len(found) <= size
    following_on = "" if is_last else _written(shown[-1], order, seen + size)
    return Page(shown, following_on, seen + 1)


def page_of_known(
    rows: Sequence[_Item],
    *,
    key: Callable[[_Item], tuple[str, ...]],
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Page[_Item]:
    """Return the same of rows that were worked out, by a key of texts that is each one's own.

    They stand in the order of the key. How many came before is counted. Raise Invalid for a cursor
    that is none.
    """
    last = _read_key(cursor) if cursor else ()
    if cursor and rows and len(last) != len(key(rows[0])):
        raise _no_place()
    following = [row for row in rows if key(row) > last]
    seen = len(rows) - len(following)
    shown = following[:size]
    is_last = len(following) <= size
    following_on = "" if is_last else _packed([seen + size, *key(shown[-1])])
    return Page(shown, following_on, seen + 1)


def bounded_count(rows: QuerySet[Any], limit: int = 10_000) -> Count:
    """Return how many rows there are, without counting further than `limit`. One query."""
    number = rows.order_by()[: limit + 1].count()
    return Count(min(number, limit), number > limit)


def _after(order: Sequence[str], values: Sequence[object]) -> Q:
    """Match what follows: later in the first column, or equal there and later in the second…"""
    condition, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        column = name.removeprefix("-")
        direction = "lt" if name.startswith("-") else "gt"
        condition |= equal & Q(**{f"{column}__{direction}": value})
        equal &= Q(**{column: value})
    return condition


def _written(row: Model, order: Sequence[str], seen: int) -> str:
    return _packed([seen, *(_plain(_value(row, name.removeprefix("-"))) for name in order)])


def _packed(place: Sequence[str | int]) -> str:
    text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _value(row: Any, path: str) -> object:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _plain(value: object) -> str | int:
    if isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read(rows: QuerySet[Any], order: Sequence[str], cursor: str) -> tuple[int, tuple[object, ...]]:
    """Return how many rows came before, and the last one's values. Raise Invalid."""
    try:
        seen, *values = _parts(cursor)
        columns = [_column(rows, name.removeprefix("-")) for name in order]
        pairs = zip(columns, values, strict=True)
        return _position(seen), tuple(_typed(column, value) for column, value in pairs)
    except (ValueError, TypeError, ValidationError, RecursionError) as wrong:
        raise _no_place() from wrong


def _read_key(cursor: str) -> tuple[str, ...]:
    """Return the last row's key of texts. Raise Invalid."""
    try:
        seen, *values = _parts(cursor)
        _position(seen)
        return tuple(_text(value) for value in values)
    except (ValueError, TypeError, RecursionError) as wrong:
        raise _no_place() from wrong


def _no_place() -> Invalid:
    words = _("The place in the list cannot be read. Begin with its first page.")
    return Invalid(words, field="after")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _position(seen: object) -> int:
    if isinstance(seen, bool) or not isinstance(seen, int) or not 0 < seen <= LARGEST_NUMBER:
        raise ValueError(seen)
    return seen


def _parts(cursor: str) -> list[object]:
    if len(cursor) > LONGEST_CURSOR:
        raise ValueError("too long")
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except binascii.Error as wrong:
        raise ValueError(cursor) from wrong
    found = json.loads(text)
    if not isinstance(found, list) or not found:
        raise ValueError(cursor)
    return found


def _column(rows: QuerySet[Any], path: str) -> "Field[Any, Any]":
    """Return the column that a name of the order stands for. A wrong name is a bug."""
    if path in rows.query.annotations:
        return rows.query.annotations[path].output_field
    model: type[Model] = rows.model
    *steps, last = path.split("__")
    for step in [*steps, last]:
        column = model._meta.get_field(step)  # noqa: SLF001  # Django's documented name
        if step != last and isinstance(column.related_model, type):
            model = column.related_model
    if not isinstance(column, Field):
        raise FieldDoesNotExist(path)
    return column


def _typed(column: "Field[Any, Any]", value: object) -> object:
    """Return a value as its column holds it. Raise ValueError, TypeError or ValidationError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(value)
    if isinstance(value, str) and unstorable_in(value):
        raise ValueError(value)
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise ValueError(value)
    typed = column.to_python(value)
    if typed is None or isinstance(typed, int) != isinstance(value, int):
        raise ValueError(value)
    if isinstance(typed, datetime) and typed.tzinfo is None:
        raise ValueError(value)
    return typed
