"""History as a file: CSV for a spreadsheet, JSON for a program. Streamed, one event at a time.

A cell that begins like a formula is given an apostrophe, because spreadsheets run what they open
(OWASP, "CSV Injection"). JSON holds the values as they are, and the bytes each leaf was made from.
"""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

from django.db.models import QuerySet

from onboarding.domain.invisible import shown
from onboarding.models import Event
from onboarding.pages.event_lines import words_of
from onboarding.queries.events import in_pieces

CHUNK = 2000
# Also as East Asian keyboards write them: spreadsheets take full-width signs for the same.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
COLUMNS = (
    "id", "at", "actor_id", "actor", "via", "ip", "action", "what", "object_kind", "object_id",
    "object_label", "team", "cluster", "namespace", "request", "run", "note", "leaf",
)  # fmt: skip


class _Echo(Protocol):
    def writerow(self, row: list[str], /) -> str: ...


class _Line:
    """A file whose write returns its text: csv.writer then returns the line it made."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def csv_lines(events: QuerySet[Event]) -> Iterator[str]:
    """Yield the CSV, header first."""
    writer: _Echo = csv.writer(_Line())
    yield writer.writerow(list(COLUMNS))
    for event in in_pieces(events, CHUNK):
        values = fields_of(event)
        yield writer.writerow([harmless(values[column]) for column in COLUMNS])


def json_lines(events: QuerySet[Event]) -> Iterator[str]:
    """Yield one JSON array, an event a line."""
    yield "["
    before = "\n"
    for event in in_pieces(events, CHUNK):
        entry = {**fields_of(event), "id": event.pk, "canonical": bytes(event.canonical).decode()}
        yield before + json.dumps(entry, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n"


def fields_of(event: Event) -> dict[str, str]:
    """Return the columns of one event as text; times in UTC ISO."""
    values = {
        name: str(getattr(event, name) or "")
        for name in COLUMNS
        if name not in {"id", "at", "what"}
    }
    return {"id": str(event.pk), "at": iso(event.at), "what": words_of(event.action), **values}


def iso(moment: datetime) -> str:
    """Return e.g. `2026-11-24T14:02:00.123456Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula, or turns what is read."""
    readable = shown(text)
    return f"'{readable}" if readable.lstrip(" ").startswith(FORMULA_STARTS) else readable
