"""What a person was told of, and how they want to be told: nobody else's is ever shown."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Invalid
from onboarding.forms.notices import NoticeFilter, PreferencesForm
from onboarding.models import Notice
from onboarding.pages.inbox import days_of
from onboarding.queries.inbox import (
    inbox_counts,
    inbox_of,
    kinds_for,
    mail_trouble,
    preferences_of,
)
from onboarding.queries.keyset import page_of
from onboarding.services.clock import database_now
from onboarding.services.inbox import choose_deliveries, read_all, read_notice
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.posted import asked, only

LARGEST_ID = 2**63 - 1


@allow(Who.SIGNED_IN)
def inbox(request: SignedIn) -> HttpResponse:
    """List the person's notices by day, newest first."""
    now = database_now()
    shown, kinds = inbox_counts(request.user)
    form = NoticeFilter(request.GET, shown=shown, kinds=kinds)
    context = {"form": form, "total": sum(shown.values()), "unread": shown["unread"], "now": now}
    if not form.is_valid():
        return render(request, "inbox/inbox.html", context, status=422)
    rows = _matching(inbox_of(request.user), form.given)
    try:
        page = page_of(rows, order=("-id",), cursor=request.GET.get("after", ""))
    except Invalid as wrong:
        form.add_error(None, str(wrong))
        return render(request, "inbox/inbox.html", context, status=422)
    newest = page.rows[0].pk if page.rows and page.is_first else 0
    context |= {"page": page, "days": days_of(page.rows, now=now), "newest": newest}
    return render(request, "inbox/inbox.html", context)


def _matching(rows: QuerySet[Notice], given: dict[str, str]) -> QuerySet[Notice]:
    if "shown" in given:
        rows = rows.filter(read_at__isnull=given["shown"] == "unread")
    return rows.filter(kind=given["kind"]) if "kind" in given else rows


@forms_only
@allow(Who.SIGNED_IN)
def notice_open(request: SignedIn, notice_id: int) -> HttpResponse:
    """Note that it was read, and go to what it is about."""
    only(request)
    if notice_id > LARGEST_ID:
        return redirect("inbox")
    row = read_notice(notice_id, person=request.user, now=database_now())
    return redirect(row.path or "inbox")


@forms_only
@allow(Who.SIGNED_IN)
def notices_read(request: SignedIn) -> HttpResponse:
    """Note that all that was shown is read."""
    only(request, "up_to")
    up_to = request.POST.get("up_to", "")
    known = int(up_to) if up_to.isascii() and up_to.isdigit() and len(up_to) < 19 else 0
    read_all(person=request.user, up_to=known, now=database_now())
    messages.success(request, _("All notices are marked as read."))
    return redirect("inbox")


@allow(Who.SIGNED_IN)
def notice_preferences(request: SignedIn) -> HttpResponse:
    """Choose what comes by mail, at once or once a day, and what stands in the inbox only."""
    asked(request)
    kinds = kinds_for(request.user, request.permissions)
    if request.method == "POST":
        only(request, *(kind.value for kind in kinds))
        form = PreferencesForm(request.POST, kinds=kinds)
        if form.is_valid():
            choose_deliveries(form.chosen, person=request.user, now=database_now())
            messages.success(request, _("Saved. It holds for whatever has still to come by mail."))
            return redirect("notice-preferences")
    else:
        now_chosen = preferences_of(request.user)
        initial = {kind.value: now_chosen[kind].value for kind in kinds}
        form = PreferencesForm(kinds=kinds, initial=initial)
    context = {"form": form, "trouble": mail_trouble(request.user), "now": database_now()}
    status = 422 if form.is_bound else 200
    return render(request, "inbox/preferences.html", context, status=status)
