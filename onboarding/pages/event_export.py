"""History as a file: CSV for a spreadsheet, JSON for a program. Streamed, one event at a time.

A cell that begins like a formula is given an apostrophe, because spreadsheets run what they open
(OWASP, "CSV Injection"). JSON holds the values as they are, and the bytes each leaf was made from.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from django.db.models import QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.invisible import shown
from onboarding.domain.objects import Manifest, text
from onboarding.models import Event
from onboarding.pages.event_lines import details_of, recorded_effect
from onboarding.pages.event_sentences import body_of, words_of
from onboarding.queries.events import in_pieces

CHUNK = 2000
# Also as East Asian keyboards write them: spreadsheets take full-width signs for the same.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
# What stands in a column of its own in the table of events; the rest is read off the event's body.
_STORED = (
    "actor_id", "actor", "via", "ip", "action", "object_kind", "object_id", "object_label", "team",
    "cluster", "namespace", "request", "run", "note", "leaf",
)  # fmt: skip
COLUMNS = (
    "id", "at", "actor_id", "actor", "via", "ip", "action", "what", "object_kind", "object_id",
    "object_label", "team", "cluster", "namespace", "request", "run", "note", "leaf",
    "approval", "verdict", "digest", "effect", "reason",
)  # fmt: skip
_DECIDED = frozenset({Action.LANE_APPROVED, Action.REQUEST_RETURNED, Action.REQUEST_REJECTED})


class _Echo(Protocol):
    def writerow(self, row: list[str], /) -> str: ...


class _Line:
    """A file whose write returns its text: csv.writer then returns the line it made."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def csv_lines(events: QuerySet[Event], words: Sequence[str] = ()) -> Iterator[str]:
    """Yield the CSV, header first; `words` are what each event must hold."""
    writer: _Echo = csv.writer(_Line())
    yield writer.writerow(list(COLUMNS))
    for event in in_pieces(events, CHUNK, words):
        values = fields_of(event)
        yield writer.writerow([harmless(values[column]) for column in COLUMNS])


def json_lines(events: QuerySet[Event], words: Sequence[str] = ()) -> Iterator[str]:
    """Yield one JSON array, an event a line; `words` are what each event must hold."""
    yield "["
    before = "\n"
    for event in in_pieces(events, CHUNK, words):
        entry = {**fields_of(event), "id": event.pk, "canonical": bytes(event.canonical).decode()}
        yield before + json.dumps(entry, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n"


def fields_of(event: Event) -> dict[str, str]:
    """Return the columns of one event as text; times in UTC ISO.

    `approval` is the lane a decision was on and `verdict` what was said, `effect` what changed,
    `reason` why, in the words of whoever decided or of the worker.
    """
    body = body_of(event)
    is_decision = event.action in _DECIDED
    return {
        "id": str(event.pk),
        "at": iso(event.at),
        "what": words_of(event.action),
        **{name: str(getattr(event, name) or "") for name in _STORED},
        "approval": text(body, "lane"),
        "verdict": text(body, "vote"),
        "digest": text(body, "digest"),
        "effect": "; ".join([*_place(body), *recorded_effect(body), *details_of(event, body)]),
        "reason": event.note if is_decision else text(body, "reason") or text(body, "because"),
    }


def _place(body: Manifest) -> list[str]:
    """Return what stands in the sentence of an event, and in no column: its revision and step."""
    said = {"generation": "revision %s", "phase": "step %s"}
    return [words % body[name] for name, words in said.items() if body.get(name)]


def iso(moment: datetime) -> str:
    """Return e.g. `2026-11-24T14:02:00.123456Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula, or turns what is read."""
    readable = shown(text)
    return f"'{readable}" if readable.lstrip(" ").startswith(FORMULA_STARTS) else readable
