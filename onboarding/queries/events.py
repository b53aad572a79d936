"""Reading history, newest first. Deep pages go by id, never by OFFSET.

Free words cannot be found by an index. So they are looked for in a bounded number of events at a
time, the newest first; an export goes through all of them, piece by piece.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, Func, Q, QuerySet, TextField, Value, When
from django.db.models.sql.compiler import SQLCompiler

from onboarding.domain.actions import Action
from onboarding.models import Event
from onboarding.queries.permissions import Permissions

# In how many events words are looked for at once.
SEARCHED = 20_000
_WORDS_STAND_IN = (
    "actor", "action", "object_label", "namespace", "request", "team", "note", "effect",
)  # fmt: skip
_OF_A_REVISION = (Action.NAMESPACE_WANTED.value, Action.NAMESPACE_RETIRING.value)


class _Effect(Func):
    """What a revision opens and closes, as its event recorded it: read off the bytes themselves.

    Of an event from before that was recorded there is none.
    """

    output_field = TextField()

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        """Return the SQL for SQLite."""
        template = "json_extract(CAST(%(expressions)s AS TEXT), '$.body.effect')"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        """Return the SQL for PostgreSQL."""
        template = "(convert_from(%(expressions)s, 'UTF8')::json #>> '{body,effect}')"
        return self.as_sql(compiler, connection, template=template, **context)


# Read of few events only: in a CASE nothing else of the bytes is parsed.
_EFFECT = Case(
    When(action__in=_OF_A_REVISION, then=_Effect("canonical")),
    default=Value(""),
    output_field=TextField(),
)


def visible_to(permissions: Permissions) -> QuerySet[Event]:
    """Return the whole record for auditors and platform admins, nothing for others."""
    rows = Event.objects.order_by("-id")
    return rows if permissions.reads_history else rows.none()


def with_words(events: QuerySet[Event], words: Sequence[str]) -> QuerySet[Event]:
    """Return the events that hold each of the words somewhere, whatever their case."""
    for word in words:
        anywhere = (Q(**{f"{column}__icontains": word}) for column in _WORDS_STAND_IN)
        events = events.alias(effect=_EFFECT).filter(reduce(or_, anywhere))
    return events


def end_of_search(events: QuerySet[Event]) -> int:
    """Return the id of the last event that words are looked for in; 0 if that is every one.

    One query that reads nothing but an index.
    """
    following = events.order_by("-pk").values_list("pk", flat=True)[SEARCHED - 1 : SEARCHED + 1]
    found = list(following)
    return found[0] if len(found) > 1 else 0


def in_pieces(events: QuerySet[Event], size: int, words: Sequence[str] = ()) -> Iterator[Event]:
    """Yield events, newest first however they were ordered, with a statement for every `size`.

    However long the history, no statement takes long, and nothing is held open between two.
    """
    while words and (end := end_of_search(events)):
        yield from _pieces(with_words(events.filter(pk__gte=end), words), size)
        events = events.filter(pk__lt=end)
    yield from _pieces(with_words(events, words), size)


def _pieces(events: QuerySet[Event], size: int) -> Iterator[Event]:
    events = events.order_by("-pk")
    piece = list(events[:size])
    while piece:
        yield from piece
        piece = list(events.filter(pk__lt=piece[-1].pk)[:size])
