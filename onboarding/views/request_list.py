"""All requests a person may see: filtered by the URL, paged by the last row."""

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.forms.request_filter import RequestFilter
from onboarding.pages.decision import lane_states
from onboarding.pages.filter_words import request_words
from onboarding.queries.keyset import Count
from onboarding.queries.requests import LANES_READ, visible_to
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow


@allow(Who.SIGNED_IN)
def request_list(request: SignedIn) -> HttpResponse:
    """List the requests that the filter in the URL matches, newest first."""
    now = database_now()
    seen = visible_to(request.permissions)
    form = RequestFilter(request.GET, seen=seen, now=now, words=request_words())
    page = form.found(*LANES_READ, order=("-id",))
    is_valid = form.is_valid()
    context = {
        "form": form,
        "is_valid": is_valid,
        "page": page,
        "total": Count(form.total) if is_valid else None,
        "rows": [(row, lane_states(row, request.permissions)) for row in page.rows],
        "is_lead": bool(request.permissions.leads),
        "now": now,
    }
    return render(request, "requests/request_list.html", context, status=200 if is_valid else 422)
