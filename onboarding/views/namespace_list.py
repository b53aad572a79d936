"""All namespaces a person may see: filtered by the URL, paged by the last row, and as a file."""

from datetime import datetime
from itertools import chain, islice

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from onboarding.domain.refusals import Invalid
from onboarding.forms.namespace_filter import NamespaceFilter
from onboarding.pages.event_export import iso
from onboarding.pages.filter_words import namespace_words
from onboarding.pages.namespace_export import namespace_lines
from onboarding.queries.keyset import Count
from onboarding.queries.namespaces import visible_to
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow


@allow(Who.SIGNED_IN)
def namespace_list(request: SignedIn) -> HttpResponse:
    """List the namespaces that the filter in the URL matches; a filter that is unknown is said."""
    now = database_now()
    form = _filter(request, now)
    page = form.found()
    is_valid = form.is_valid()
    context = {
        "form": form,
        "is_valid": is_valid,
        "page": page,
        "total": Count(form.total) if is_valid else None,
        "truths": truths_of(page.rows),
        "query": form.url()[1:],
        "now": now,
    }
    status = 200 if is_valid else 422
    return render(request, "namespaces/namespace_list.html", context, status=status)


def _filter(request: SignedIn, now: datetime) -> NamespaceFilter:
    seen = visible_to(request.permissions)
    return NamespaceFilter(request.GET, seen=seen, now=now, words=namespace_words())


@allow(Who.SIGNED_IN)
def namespace_export(request: SignedIn) -> StreamingHttpResponse:
    """Send exactly what the filter in the URL matches, as CSV."""
    now = database_now()
    form = _filter(request, now)
    if not form.is_valid():
        raise Invalid("The filter cannot be read. Open the list and correct it there.")
    lines = namespace_lines(form.narrow(), now=now)
    # The first rows are read before anything is sent: an answer that has begun cannot become 503.
    begun = chain(list(islice(lines, 2)), lines)
    response = StreamingHttpResponse(begun, content_type="text/csv; charset=utf-8")
    stamp = iso(now)[:19].replace(":", "")
    response["Content-Disposition"] = f'attachment; filename="bulkhead-namespaces-{stamp}Z.csv"'
    return response
