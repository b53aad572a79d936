"""Reachability: who can reach whom, over every namespace the reader may see. Reads, never writes.

The address is the question, so an answer can be sent to somebody; who reads it sees their own.
"""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.domain.refusals import Invalid, NotFound
from onboarding.forms.estate_question import EVERY, KNOWN_ENDS, EstateQuestionForm
from onboarding.pages.reachability import (
    ReachabilityPage,
    build_reachability,
    ready_questions,
    rows_shown,
)
from onboarding.pages.reachability_export import estate_csv, estate_json
from onboarding.queries.estate_answers import (
    WEB_ENTRY,
    EstateAnswer,
    ask_estate,
    known_namespaces,
)
from onboarding.queries.estate_facts import has_web_entry
from onboarding.reachability.named_ends import INTERNET
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow

MOST_KNOWN_ENDS = 300
MOST_READY = 5


@allow(Who.SIGNED_IN)
def reachability(request: SignedIn) -> HttpResponse:
    """Show the form; with a question in the address, its answer."""
    known = known_namespaces(request.permissions)
    clusters = sorted({cluster for _, cluster in known})
    form = EstateQuestionForm(request.GET or None, clusters=clusters)
    now = database_now()
    page = _page(request, form, now)
    names = list(dict.fromkeys(name for name, _ in known))
    asked = request.GET.copy()
    asked.pop("after", None)
    context = {
        "form": form,
        "known_ends": [EVERY, INTERNET, WEB_ENTRY, *names[:MOST_KNOWN_ENDS]],
        "known_ends_id": KNOWN_ENDS,
        "known": len(known),
        "clusters": clusters,
        "ready": ready_questions(
            names if len(names) <= MOST_READY else [], has_web_entry=has_web_entry(clusters)
        ),
        "asked": asked.urlencode(),
        "now": now,
        "sees_everything": request.permissions.sees_everything,
        "page": page,
    }
    status = 422 if form.is_bound and page is None else 200
    return render(request, "reachability/reachability.html", context, status=status)


@allow(Who.SIGNED_IN)
def reachability_export(request: SignedIn, form: str) -> HttpResponse:
    """Send the answer to the question in the address as `csv` or `json`."""
    if form not in {"csv", "json"}:
        raise NotFound("Exports are csv or json.")
    clusters = sorted({cluster for _, cluster in known_namespaces(request.permissions)})
    asked = EstateQuestionForm(request.GET, clusters=clusters)
    now = database_now()
    answer = _answer(request, asked, now)
    if answer is None:
        raise Invalid(
            "The question cannot be read. Open the Reachability page and correct it there."
        )
    given = _given(asked)
    rows = rows_shown(answer, given)
    if form == "csv":
        response = HttpResponse(estate_csv(rows, answer), content_type="text/csv; charset=utf-8")
    else:
        text = estate_json(rows, answer, given, now=now)
        response = HttpResponse(text, content_type="application/json")
    name = f"bulkhead-reachability-{now:%Y%m%d-%H%M%S}Z.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(request: SignedIn, form: EstateQuestionForm, now: datetime) -> ReachabilityPage | None:
    """Return a page of the answer, None where there is none: the form says why."""
    answer = _answer(request, form, now)
    if answer is None:
        return None
    place = request.GET.get("after", "")
    try:
        return build_reachability(answer, form.question(), _given(form), now=now, cursor=place)
    except Invalid as wrong:
        form.add_error(None, str(wrong))
        return None


def _answer(request: SignedIn, form: EstateQuestionForm, now: datetime) -> EstateAnswer | None:
    """Return the answer, None where nothing was asked or it cannot be: the form says why."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return ask_estate(request.permissions, form.question(), now=now)
    except Invalid as wrong:
        for violation in wrong.violations:
            form.add_error(violation.field or None, violation.words)
        return None


def _given(form: EstateQuestionForm) -> dict[str, str]:
    """Return the question as it stands in the address."""
    written = {name: str(form.data.get(name, "")).strip() for name in form.fields}
    return {name: text for name, text in written.items() if text}
