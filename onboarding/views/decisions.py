"""Approvers: what waits for them, and the one page on which they decide.

What is shown comes from `decision_page`; the word itself goes through services.decide, which
refuses own requests, foreign lanes, stale digests and second answers whatever the page showed.
"""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.refusals import Conflict, Invalid
from onboarding.domain.risk import Risk
from onboarding.forms.decision import DecisionForm, Word
from onboarding.models import Decision, Request, Vote
from onboarding.pages.conversation import conversation_of
from onboarding.pages.decision import (
    DecisionPage,
    build_decision_page,
    offered_lanes,
    staffed_lane_states,
)
from onboarding.pages.decision_facts import heading_of
from onboarding.pages.signing import signing_of
from onboarding.queries.approval_keys import lanes_to_sign
from onboarding.queries.queue import in_order
from onboarding.queries.queue_place import QueuePlace, onward, place_in, waiting_order
from onboarding.queries.requests import load_sent
from onboarding.services.clock import database_now
from onboarding.services.decide import ShownOtherwise
from onboarding.services.decide_as_shown import decide_as_shown
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import asked, only, signature_in

LONGEST_QUERY = 400
SAID = {
    Vote.APPROVE: gettext_lazy("You approved %(request)s for %(lane)s."),
    Vote.RETURN: gettext_lazy("You returned %(request)s to its author for %(lane)s."),
    Vote.REJECT: gettext_lazy("You rejected %(request)s for %(lane)s."),
}


@allow(Who.READERS)
def decision(request: SignedIn, public_id: str) -> HttpResponse:
    """Show everything a decision needs; POST gives it, and goes on to what waits next."""
    asked(request, "queue", "decided", "seen")
    row = load_sent(request.permissions, public_id)
    if request.method == "POST":
        return _decide(request, row)
    return _show(request, row, None)


def _decide(request: SignedIn, row: Request) -> HttpResponse:
    only(request, "lane", "vote", "digest", "picture", "reason", "signed")
    lanes = staffed_lane_states(row, request.permissions)
    offered, _why_not = offered_lanes(row, request.permissions, lanes)
    form = DecisionForm(request.POST, offered=offered, may_return=row.refresh is None)
    if not form.is_valid():
        return _show(request, row, form)
    before = _order(request)
    try:
        signature = signature_in(request)
        decide_as_shown(
            row.pk,
            **form.word,
            by=by(request),
            now=database_now(),
            token=form.token,
            signature=signature,
        )
    except Invalid as wrong:
        form.refuse(wrong)
        return _show(request, row, form)
    except Conflict as faster:
        return _again(request, row, form, faster)
    following = onward(before, row.public_id, _order(request))
    return _go_on(request, row, form.word, following)


def _go_on(request: SignedIn, row: Request, said: Word, following: str) -> HttpResponse:
    """Go on to what waits next in the order of the queue; back to the queue after the last."""
    query = {"queue": request.GET.get("queue", "")[:LONGEST_QUERY]}
    if following:
        query["decided"] = row.public_id
        return redirect(f"{reverse('decision', args=[following])}?{urlencode(query)}")
    words = SAID[said["vote"]] % {"lane": said["lane"].value, "request": row.label}
    messages.success(request, words + " " + _("It was the last one."))
    narrowed = f"?{query['queue']}" if query["queue"] else ""
    return redirect(f"{reverse('queue')}{narrowed}")


def _again(
    request: SignedIn, row: Request, refused: DecisionForm, conflict: Conflict
) -> HttpResponse:
    """Answer 409 with the page as it is by now, what came between, and the text that was typed."""
    row = load_sent(request.permissions, row.public_id)
    token = refused.token if isinstance(conflict, ShownOtherwise) else ""
    return _show(request, row, refused, conflict=conflict, token=token)


def _show(
    request: SignedIn,
    row: Request,
    form: DecisionForm | None,
    *,
    conflict: Conflict | None = None,
    token: str = "",
) -> HttpResponse:
    """Render the page. A form in error answers 422, one that came too late 409; both keep it."""
    now = database_now()
    seen = request.GET.get("seen", "")
    page = build_decision_page(row, request.permissions, now=now, lane=seen, token=token)
    typed = form.data.get("reason", "") if form else ""
    shown = form if form and not conflict else _fresh_form(row, page, typed)
    demanded = lanes_to_sign(state.lane.value for state in page.lanes)
    context = {
        "page": page,
        "request_row": row,
        "conversation": conversation_of(row, request.permissions),
        "heading": heading_of(row),
        "form": shown,
        "conflict": conflict,
        "typed": typed,
        "signing": signing_of(request.user, page.offered, demanded),
        "place": _place(request, row) if page.offered or conflict else None,
        "queue_query": request.GET.get("queue", "")[:LONGEST_QUERY],
        "focuses_approve": form is None and _comes_by_queue(request, page),
        "decided": _decided_before(request),
        "now": now,
    }
    status = 409 if conflict else 422 if form else 200
    return render(request, "decisions/decision.html", context, status=status)


def _fresh_form(row: Request, page: DecisionPage, typed: str) -> DecisionForm:
    first = page.offered[0].value if page.offered else ""
    return DecisionForm(
        initial={
            "digest": row.digest,
            "lane": first,
            "picture": page.reach.shown.token,
            "reason": typed,
        },
        offered=page.offered,
        may_return=row.refresh is None,
    )


def _order(request: SignedIn) -> list[str]:
    """Return what waits for the person, as the queue was narrowed and ordered on the way here."""
    query = QueryDict(request.GET.get("queue", "")[:LONGEST_QUERY])
    given = {name: str(value)[:80] for name, value in query.items()}
    return waiting_order(in_order(request.permissions, given))


def _place(request: SignedIn, row: Request) -> QueuePlace:
    return place_in(_order(request), row.public_id)


def _comes_by_queue(request: SignedIn, page: DecisionPage) -> bool:
    """Tell whether the next key may approve: on the way through the queue, and not at high risk."""
    return "queue" in request.GET and page.may_approve and page.reach.shown.risk is not Risk.HIGH


def _decided_before(request: SignedIn) -> Decision | None:
    """Return the person's own decision that led here, to be told of. One query, or none."""
    public_id = request.GET.get("decided", "")[:20]
    if not public_id:
        return None
    own = Decision.objects.filter(person=request.user, request__public_id=public_id)
    return own.select_related("request").order_by("-id").first()
