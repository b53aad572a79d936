"""Namespace → Connectivity: a tester for one pair, and who can talk to it. Reads, never writes.

What it says comes from what workers last observed and from what was approved; nothing here asks a
cluster. A question is part of the address, so an answer can be sent to somebody.
"""

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.pages.connectivity import build_connectivity
from onboarding.pages.namespace import build_namespace_page
from onboarding.pages.path_tester import build_tester
from onboarding.queries.connectivity import picture_of_namespace
from onboarding.queries.namespaces import load_namespace
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.posted import asked


@allow(Who.READERS)
def namespace_connectivity(request: SignedIn, public_id: str) -> HttpResponse:
    """Show who can reach the namespace and whom it can reach; ?from=&to=&port= asks about one."""
    asked(request, "from", "to", "port", "protocol")
    row = load_namespace(request.permissions, public_id)
    picture = picture_of_namespace(row)
    now = database_now()
    context = {
        "head": build_namespace_page(row, request.permissions, tab="connectivity", now=now),
        "ns": row,
        "now": now,
        "picture": picture,
    }
    status = 200
    if picture:
        tester = build_tester(row, picture, request.permissions, request.GET, now=now)
        context |= {
            "connectivity": build_connectivity(picture),
            "tester": tester,
            "here": request.build_absolute_uri(),
        }
        status = 422 if tester.is_wrong else 200
    return render(request, "namespaces/namespace_connectivity.html", context, status=status)
