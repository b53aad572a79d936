"""Approvers: what waits for them, and the one page on which they decide.

What is shown comes from `decision_page`; the word itself goes through services.decide, which
refuses own requests, foreign lanes, stale digests and second answers whatever the page showed.
"""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.domain.risk import Risk
from onboarding.forms.decision import DecisionForm
from onboarding.models import Request, Vote
from onboarding.pages.decision import (
    build_decision_page,
    lane_states,
    offered_lanes,
    staffed_lane_states,
)
from onboarding.pages.signing import signing_of
from onboarding.queries.approval_keys import lanes_to_sign
from onboarding.queries.leads import abandoned_among, lost_right
from onboarding.queries.refreshes import waiting_refreshes
from onboarding.queries.requests import LANES_READ, load_sent, waiting_for
from onboarding.services.clock import database_now
from onboarding.services.decide import decide
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.errors import conflict_page
from onboarding.views.posted import only, signature_in

PAGE_SIZE = 50
FILTERS = {"team": "team__slug", "cluster": "cluster__name", "risk": "risk"}
SAID = {
    Vote.APPROVE: gettext_lazy("You approved the %(lane)s lane of %(request)s."),
    Vote.RETURN: gettext_lazy("You returned %(request)s to its author from the %(lane)s lane."),
    Vote.REJECT: gettext_lazy("You rejected %(request)s on the %(lane)s lane."),
}


@allow(Who.APPROVERS)
def queue(request: SignedIn) -> HttpResponse:
    """List what waits for the person's lanes, oldest first; q, team, cluster and risk narrow it."""
    waiting = waiting_for(request.permissions)
    wanted = {name: request.GET.get(name, "").strip()[:80] for name in ("q", *FILTERS)}
    page = Paginator(_matching(waiting, wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    abandoned = abandoned_among(page)
    context = {
        "page": page,
        "rows": [
            (
                row,
                lane_states(row, request.permissions),
                lost_right(row) if row.pk in abandoned else "",
            )
            for row in page
        ],
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "refreshes": waiting_refreshes(request.permissions),
        "lanes": [lane.value for lane in Lane if lane in request.permissions.lanes],
        "teams": waiting.order_by("team__slug").values_list("team__slug", flat=True).distinct(),
        "clusters": waiting.order_by("cluster__name")
        .values_list("cluster__name", flat=True)
        .distinct(),
        "risks": [risk.value for risk in Risk],
        "clear_url": reverse("queue"),
        "chips": _chips(wanted),
        "now": database_now(),
    }
    return render(request, "decisions/queue.html", context)


@allow(Who.READERS)
def decision(request: SignedIn, public_id: str) -> HttpResponse:
    """Show everything a decision needs; POST gives it."""
    row = load_sent(request.permissions, public_id)
    if request.method == "POST":
        return _decide(request, row)
    return _show(request, row, None)


def _decide(request: SignedIn, row: Request) -> HttpResponse:
    only(request, "lane", "vote", "digest", "reason", "signed")
    lanes = staffed_lane_states(row, request.permissions)
    offered, _why_not = offered_lanes(row, request.permissions, lanes)
    form = DecisionForm(request.POST, offered=offered, may_return=row.refresh is None)
    if not form.is_valid():
        return _show(request, row, form)
    try:
        signature = signature_in(request)
        decide(row.pk, **form.word, by=by(request), now=database_now(), signature=signature)
    except Invalid as wrong:
        form.refuse(wrong)
        return _show(request, row, form)
    except Conflict as faster:
        return conflict_page(request, faster, reverse("decision", args=[row.public_id]))
    said = form.word
    messages.success(
        request, SAID[said["vote"]] % {"lane": said["lane"].value, "request": row.label}
    )
    return redirect("decision", public_id=row.public_id)


def _show(request: SignedIn, row: Request, form: DecisionForm | None) -> HttpResponse:
    """Render the page. A form in error answers 422 and keeps what was typed."""
    now = database_now()
    page = build_decision_page(row, request.permissions, now=now)
    first = page.offered[0].value if page.offered else ""
    shown = form or DecisionForm(
        initial={"digest": row.digest, "lane": first},
        offered=page.offered,
        may_return=row.refresh is None,
    )
    demanded = lanes_to_sign(state.lane.value for state in page.lanes)
    context = {
        "page": page,
        "request_row": row,
        "form": shown,
        "signing": signing_of(request.user, page.offered, demanded),
        "now": now,
    }
    return render(request, "decisions/decision.html", context, status=422 if form else 200)


def _matching(rows: QuerySet[Request], wanted: dict[str, str]) -> QuerySet[Request]:
    narrowed = rows.prefetch_related(*LANES_READ)
    for name, column in FILTERS.items():
        if wanted[name]:
            narrowed = narrowed.filter(**{column: wanted[name]})
    words = wanted["q"].removeprefix("REQ-")
    if not words:
        return narrowed
    return narrowed.filter(
        Q(public_id__icontains=words) | Q(name__icontains=words) | Q(team__slug__icontains=words)
    )


def _chips(wanted: dict[str, str]) -> list[dict[str, object]]:
    """Return the filters in force as links that drop one each."""
    names = {"q": _("Search"), "team": _("Team"), "cluster": _("Cluster"), "risk": _("Risk")}
    chips: list[dict[str, object]] = []
    for name, value in wanted.items():
        rest = {key: text for key, text in wanted.items() if text and key != name}
        if value:
            url = f"{reverse('queue')}?{urlencode(rest)}"
            chips.append({"label": f"{names[name]}: {value}", "url": url, "active": True})
    return chips
