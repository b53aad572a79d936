"""An answer over the estate as a file: CSV for a spreadsheet, JSON for a program.

Holds exactly what the address asks. Cells are made harmless as those of history's export are.
"""

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime

from onboarding.domain.objects import Json, Manifest
from onboarding.pages.event_export import harmless, iso
from onboarding.pages.reachability import pods_words, port_texts, why_words
from onboarding.queries.estate_answers import EstateAnswer, EstateRow, LookedAt

SCHEMA = "bulkhead.reachability-estate/v1"
COLUMNS = (
    "cluster", "namespace", "managed", "team", "environment", "data_class", "answer",
    "by_last_look", "certainty", "why_not_certain", "ports", "pods", "rules", "reason",
    "ends", "request", "approved_by", "seen_at",
)  # fmt: skip


def estate_csv(rows: Iterable[EstateRow], answer: EstateAnswer) -> str:
    """Return the rows as CSV, header first."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in _entries(rows, answer):
        writer.writerow([harmless(str(entry[column])) for column in COLUMNS])
    return text.getvalue()


def estate_json(
    rows: Iterable[EstateRow], answer: EstateAnswer, given: dict[str, str], *, now: datetime
) -> str:
    """Return the question, the looks it was answered from, and the rows."""
    document: Manifest = {
        "schema": SCHEMA,
        "question": dict(given),
        "answeredAt": iso(now),
        "clusters": [_look(one) for one in answer.looks],
        "rows": [_with_lists(entry) for entry in _entries(rows, answer)],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _entries(rows: Iterable[EstateRow], answer: EstateAnswer) -> Iterable[dict[str, str]]:
    seen = {look.cluster.pk: look.seen_at for look in answer.looks}
    for row in rows:
        yield _entry(row, seen[row.cluster.pk])


def _entry(row: EstateRow, seen_at: datetime | None) -> dict[str, str]:
    found, approved, managed = row.found, row.approved, row.row
    return {
        "cluster": row.cluster.name,
        "namespace": row.name,
        "managed": "yes" if managed else "no",
        "team": managed.team.slug if managed else "",
        "environment": approved.spec.environment if approved else "",
        "data_class": approved.spec.data_class if approved else "",
        "answer": row.reach.value,
        "by_last_look": found.reach.value if found else "",
        "certainty": _certainty(row),
        "why_not_certain": why_words(row),
        "ports": port_texts(row),
        "pods": pods_words(found) if found else "",
        "rules": "; ".join(map(str, found.rules)) if found else "",
        "reason": found.verdict.reason if found else "",
        "ends": iso(managed.expires_at) if managed and managed.expires_at else "",
        "request": approved.request_label if approved else "",
        "approved_by": ", ".join(approved.people) if approved else "",
        "seen_at": iso(seen_at) if seen_at else "",
    }


def _certainty(row: EstateRow) -> str:
    """Return how certain the answer is: "unknown" where its look settles nothing."""
    if row.doubt:
        return "unknown"
    return row.found.verdict.certainty.value if row.found else ""


def _with_lists(entry: dict[str, str]) -> Manifest:
    rules: list[Json] = [*filter(None, entry["rules"].split("; "))]
    return {**entry, "rules": rules, "managed": entry["managed"] == "yes"}


def _look(look: LookedAt) -> Manifest:
    return {
        "cluster": look.cluster.name,
        "seenAt": iso(look.seen_at) if look.seen_at else None,
        "trouble": look.trouble,
        "state": look.sight.value or "ok",
        "complete": not look.foreign,
        "notUnderstood": [*look.foreign],
        "unknownThere": look.lacks,
    }
