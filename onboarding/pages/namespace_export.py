"""The namespaces list as a file for a spreadsheet: exactly what the filter matches, streamed.

Each piece of rows is read with what is known of it by then, as the page would show it.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from onboarding.domain.spec import UnknownSpec, load_spec
from onboarding.models import ManagedNamespace
from onboarding.pages.event_export import harmless, iso
from onboarding.queries.clusters import blindness_of
from onboarding.queries.keyset import page_of
from onboarding.queries.truth import Truth, truths_of
from onboarding.templatetags.states import face_of

CHUNK = 500
NAMESPACE_COLUMNS = (
    "namespace", "cluster", "team", "state", "state_words", "old_because", "reason", "message",
    "openings", "last_verified", "ends", "lifetime_has_ended", "outdated",
)  # fmt: skip


class _Written:
    """A file whose write returns its text: csv.writer then returns the line it made."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def namespace_lines(rows: QuerySet[ManagedNamespace], *, now: datetime) -> Iterator[str]:
    """Yield the CSV, header first. Three statements for every piece."""
    writer = csv.writer(_Written())
    yield str(writer.writerow(NAMESPACE_COLUMNS))
    for piece in _pieces(rows):
        known = truths_of(piece)
        for row in piece:
            values = _cells(row, known[row.pk], now)
            yield str(writer.writerow([harmless(one) for one in values]))


def _pieces(rows: QuerySet[ManagedNamespace]) -> Iterator[list[ManagedNamespace]]:
    page = page_of(rows, size=CHUNK)
    yield page.rows
    while page.next:
        page = page_of(rows, cursor=page.next, size=CHUNK)
        yield page.rows


def _cells(row: ManagedNamespace, truth: Truth, now: datetime) -> Iterable[str]:
    is_past = row.expires_at is not None and row.expires_at <= now
    return (
        row.name,
        row.cluster.name,
        row.team.slug,
        truth.badge,
        str(face_of(truth.badge).words),
        blindness_of(row, now=now),
        row.reason,
        row.message,
        _openings(str(getattr(row, "approved", None) or "")),
        iso(row.verified_at) if row.verified_at else "",
        iso(row.expires_at) if row.expires_at else "",
        "yes" if is_past else "no",
        "yes" if row.outdated else "no",
    )


def _openings(approved: str) -> str:
    """Return each opening in a spec's text by key and template, e.g. `web (allow-ingress@1)`."""
    if not approved:
        return ""
    try:
        spec = load_spec(json.loads(approved))
    except UnknownSpec:
        return "unreadable"
    return "; ".join(f"{one.key} ({one.ref})" for one in spec.openings)
