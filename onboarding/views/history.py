"""For auditors: every event, its export, and the revisions of a namespace side by side. Read only.

Pages go by id ("everything before 4711"), never by OFFSET, and nothing is counted. Exports are
events themselves.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Invalid, NotFound
from onboarding.forms.event_filter import LOOKUPS, EventFilter
from onboarding.models import Event
from onboarding.pages.event_export import csv_lines, iso, json_lines
from onboarding.pages.event_lines import event_lines
from onboarding.pages.namespace import build_namespace_page
from onboarding.pages.revisions import NoSuchRevision, build_comparison, revision_lines
from onboarding.queries.events import visible_to
from onboarding.queries.namespaces import load_namespace
from onboarding.services.clock import database_now
from onboarding.services.history import about_user, record
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import actor_of
from onboarding.views.posted import only

PAGE_SIZE = 50
FORMATS: dict[str, tuple[str, Callable[[QuerySet[Event]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "json": ("application/json", json_lines),
}


@allow(Who.AUDITORS)
def event_list(request: SignedIn) -> HttpResponse:
    """List events newest first; the filter is the URL, `before` the id to go on from."""
    form = EventFilter(request.GET)
    is_valid = form.is_valid()
    rows = form.narrow(visible_to(request.permissions)) if is_valid else Event.objects.none()
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    events = list(rows[: PAGE_SIZE + 1])
    query = {name: value for name in LOOKUPS if (value := request.GET.get(name, ""))}
    older = (
        urlencode({**query, "before": events[PAGE_SIZE - 1].pk}) if len(events) > PAGE_SIZE else ""
    )
    context = {
        "form": form,
        "lines": event_lines(events[:PAGE_SIZE]),
        "older": older,
        "newest": urlencode(query) if before else None,
        "filtered": bool(query),
        "is_valid": is_valid,
        "query": urlencode(query),
        "now": database_now(),
    }
    return render(request, "history/event_list.html", context, status=200 if is_valid else 422)


@require_POST
@allow(Who.AUDITORS)
def event_export(request: SignedIn, form: str) -> StreamingHttpResponse:
    """Send every event the filter in the URL matches, as `csv` or `json`; an event itself."""
    only(request)
    if form not in FORMATS:
        raise NotFound("Exports are csv or json.")
    wanted = EventFilter(request.GET)
    if not wanted.is_valid():
        raise Invalid("The filter cannot be read. Open the history page and correct it there.")
    now = database_now()
    with transaction.atomic():
        newest = visible_to(request.permissions).values_list("pk", flat=True).first() or 0
        record(
            Action.EXPORTED,
            actor=actor_of(request),
            at=now,
            about=about_user(request.user),
            body={"form": form, "filter": {**wanted.wanted()}, "up_to_id": newest},
        )
    # Only what was there when the export was asked for: its own event would be in it otherwise.
    events = wanted.narrow(visible_to(request.permissions)).filter(pk__lte=newest)
    content_type, lines = FORMATS[form]
    response = StreamingHttpResponse(_begun(lines(events)), content_type=content_type)
    stamp = iso(now)[:19].replace(":", "")
    response["Content-Disposition"] = f'attachment; filename="bulkhead-history-{stamp}Z.{form}"'
    return response


def _begun(lines: Iterator[str]) -> Iterator[str]:
    """Return the lines with the first events read: an answer that has begun cannot become 503."""
    return chain(list(islice(lines, 2)), lines)


@allow(Who.READERS)
def namespace_revisions(request: SignedIn, public_id: str) -> HttpResponse:
    """List what was approved for a namespace over time; left and right compare any two."""
    row = load_namespace(request.permissions, public_id)
    lines = revision_lines(row)
    comparison, problem = None, ""
    left, right = request.GET.get("left", ""), request.GET.get("right", "")
    if left or right:
        try:
            comparison = build_comparison(row, left, right)
        except NoSuchRevision as wrong:
            problem = str(wrong)
            messages.error(request, problem)
    newest = [line.revision.number for line in lines[:2]]
    context = {
        "ns": row,
        "head": build_namespace_page(row, request.permissions, tab="revisions"),
        "lines": lines,
        "comparison": comparison,
        "left": left or str(newest[-1] if newest else ""),
        "right": right or str(newest[0] if newest else ""),
        "now": database_now(),
    }
    status = 422 if problem else 200
    return render(request, "history/namespace_revisions.html", context, status=status)
