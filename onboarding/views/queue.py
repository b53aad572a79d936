"""Approvers: what waits for them, and approving several of it at once.

The list's URL is its filter and order. What is chosen is shown once more, with what it opens,
before anything is approved; each word then goes through services.decide like any other.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.forms.queue_filter import QueueFilter
from onboarding.forms.several import SeveralForm, written_pick
from onboarding.models import Request, User
from onboarding.pages.queue import QueueRow, queue_rows, rows_to_confirm
from onboarding.queries.facets import Facets, facets_of
from onboarding.queries.keyset import Page, bounded_count, page_of
from onboarding.queries.queue import COLUMNS, ORDERS, narrowed, queue_of
from onboarding.queries.refreshes import waiting_refreshes
from onboarding.queries.requests import LANES_READ, waiting_for
from onboarding.services.clock import database_now
from onboarding.services.decide_several import MOST_AT_ONCE, approve_several
from onboarding.templatetags.states import REQUEST_KINDS
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import asked, only


@allow(Who.APPROVERS)
def queue(request: SignedIn) -> HttpResponse:
    """List what waits for the person, oldest first; the URL narrows and orders it."""
    waiting = queue_of(request.permissions)
    facets = facets_of(waiting, COLUMNS)
    form = QueueFilter(request.GET, facets=facets, kinds=REQUEST_KINDS, people=_names(facets))
    now = database_now()
    found = narrowed(waiting, form.given).prefetch_related(*LANES_READ)
    page: Page[Request] = Page([])
    if form.is_valid():
        try:
            cursor = request.GET.get("after", "")
            page = page_of(found, order=ORDERS[form.order], cursor=cursor)
        except Invalid as wrong:
            form.add_error(None, str(wrong))
    rows = queue_rows(page.rows, request.permissions, now=now)
    together = [row.request.public_id for row in rows if row.may_be_chosen]
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "together": together,
        "all_url": f"{reverse('queue-several')}?{urlencode({'chosen': together}, doseq=True)}",
        "total": bounded_count(found) if form.is_valid() else None,
        "refreshes": waiting_refreshes(request.permissions),
        "lanes": [lane for lane in Lane if lane in request.permissions.lanes],
        "most": MOST_AT_ONCE,
        "list_url": reverse("queue"),
        "now": now,
    }
    status = 200 if form.is_valid() else 422
    return render(request, "decisions/queue.html", context, status=status)


@allow(Who.APPROVERS)
def queue_several(request: SignedIn) -> HttpResponse:
    """Show what was chosen in the list, to be confirmed; POST approves each."""
    asked(request, "chosen")
    if request.method == "POST":
        return _approve(request)
    chosen = [public_id[:20] for public_id in request.GET.getlist("chosen")]
    if not chosen:
        messages.warning(request, _("Choose requests in the list first."))
        return redirect("queue")
    return _confirm(request, chosen, SeveralForm())


def _approve(request: SignedIn) -> HttpResponse:
    only(request, "pick", "reason")
    form = SeveralForm(request.POST)
    if not form.is_valid():
        return _again(request, form)
    try:
        said = approve_several(
            form.picks(),
            by=by(request),
            reason=form.cleaned_data["reason"].strip(),
            now=database_now(),
        )
    except Invalid as wrong:
        form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        return _again(request, form)
    context = {"said": said, "approved": sum(one.ending == "approved" for one in said)}
    return render(request, "decisions/queue_several_said.html", context)


def _again(request: SignedIn, form: SeveralForm) -> HttpResponse:
    """Show the chosen ones once more, with what was wrong and the text kept."""
    chosen = [one.partition(" ")[0][:20] for one in request.POST.getlist("pick")]
    return _confirm(request, chosen, form)


def _confirm(request: SignedIn, chosen: Sequence[str], form: SeveralForm) -> HttpResponse:
    every = list(dict.fromkeys(chosen))
    wanted = every[:MOST_AT_ONCE]
    found = waiting_for(request.permissions).filter(public_id__in=wanted)
    now = database_now()
    rows = rows_to_confirm([*found.prefetch_related(*LANES_READ)], request.permissions, now=now)
    context = {
        "form": form,
        "rows": [(row, _picks(row)) for row in rows if row.may_be_chosen],
        "alone": [row for row in rows if not row.may_be_chosen],
        "missing": len(wanted) - len(rows),
        "left_out": len(every) - len(wanted),
        "most": MOST_AT_ONCE,
        "now": now,
    }
    return render(
        request, "decisions/queue_several.html", context, status=422 if form.is_bound else 200
    )


def _picks(row: QueueRow) -> list[tuple[Lane, str]]:
    request = row.request
    return [(lane, written_pick(request.public_id, lane, request.digest)) for lane in row.mine]


def _names(facets: Facets) -> dict[str, str]:
    """Return the names of those whose requests wait, by username. One query."""
    people = User.objects.filter(username__in=facets.of("requester"))
    return {person.username: person.label for person in people}
