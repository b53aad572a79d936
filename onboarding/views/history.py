"""For auditors: every event, its export, and the revisions of a namespace side by side. Read only.

Pages go by id ("everything before 4711"), never by OFFSET, and nothing is counted to the end.
Exports are events themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from onboarding.domain.actions import Action
from onboarding.domain.refusals import Invalid, NotFound
from onboarding.forms.event_filter import EventFilter
from onboarding.models import Event, ManagedNamespace
from onboarding.pages.event_export import csv_lines, iso, json_lines
from onboarding.pages.event_page import NO_EVENTS, build_event_page
from onboarding.pages.namespace import build_namespace_page
from onboarding.pages.revision_comparison import NoSuchRevision, build_comparison
from onboarding.pages.revisions import RevisionPage, build_revisions
from onboarding.queries.events import visible_to
from onboarding.queries.namespaces import load_namespace
from onboarding.queries.truth import Truth
from onboarding.services.clock import database_now
from onboarding.services.history import about_user, record
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import actor_of
from onboarding.views.posted import asked, only

# How many revisions the lists of the comparison offer.
COMPARABLE = 200
FORMATS: dict[str, tuple[str, Callable[[QuerySet[Event], Sequence[str]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "json": ("application/json", json_lines),
}


@allow(Who.AUDITORS)
def event_list(request: SignedIn) -> HttpResponse:
    """List events newest first; the filter is the URL, `before` the id to go on from."""
    form = EventFilter(request.GET, with_names=True)
    is_valid, now = form.is_valid(), database_now()
    context = {
        "form": form,
        "page": build_event_page(form, request.permissions) if is_valid else NO_EVENTS,
        "spans": form.spans(now),
        "newest": form.url() if "before" in request.GET else None,
        "is_valid": is_valid,
        "query": urlencode(form.given),
        "now": now,
    }
    return render(request, "history/event_list.html", context, status=200 if is_valid else 422)


@forms_only
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
    response = StreamingHttpResponse(
        _begun(lines(events, wanted.search)), content_type=content_type
    )
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
    asked(request, "left", "right", "after")
    now = database_now()
    head = build_namespace_page(row, request.permissions, tab="revisions", now=now)
    revisions, problem = _revisions(request, row, head.truth, now)
    comparison = None
    left, right = request.GET.get("left", ""), request.GET.get("right", "")
    if left or right:
        try:
            comparison = build_comparison(row, left, right)
        except NoSuchRevision as wrong:
            problem = str(wrong)
    if problem:
        messages.error(request, problem)
    newest = list(row.revisions.values_list("number", flat=True)[:COMPARABLE])
    context = {
        "ns": row,
        "head": head,
        "revisions": revisions,
        "comparison": comparison,
        "numbers": newest,
        "left": left or str(newest[1] if len(newest) > 1 else ""),
        "right": right or str(newest[0] if newest else ""),
        "now": now,
    }
    status = 422 if problem else 200
    return render(request, "history/namespace_revisions.html", context, status=status)


def _revisions(
    request: SignedIn, row: ManagedNamespace, truth: Truth, now: datetime
) -> tuple[RevisionPage, str]:
    """Return the page asked for; of a place that cannot be read the first, and what is wrong."""
    try:
        return build_revisions(row, truth, cursor=request.GET.get("after", ""), now=now), ""
    except Invalid as wrong:
        return build_revisions(row, truth, cursor="", now=now), str(wrong)
