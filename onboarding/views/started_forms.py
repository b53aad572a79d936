"""What somebody is writing, kept beside the form while they type. Not a request, and no event."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from onboarding.pages.request_desk import Desk, desk_named
from onboarding.services.clock import database_now
from onboarding.services.kept_forms import forget_started, is_too_large, note_started
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.posted import only


@forms_only
@allow(Who.TEAM_LEADS)
def started_form(request: SignedIn) -> HttpResponse:
    """Keep what stands in the form by now, for its person alone; say until when that reaches."""
    desk = _desk(request)
    taken = desk.takes(request.POST)
    only(request, *taken, "action")
    fields = [
        (name, value) for name, values in request.POST.lists() if name in taken for value in values
    ]
    is_begun = bool(desk.start) or any(request.POST.get(name) for name in ("name", "purpose"))
    too_large = is_too_large(fields)
    row = None
    if is_begun and not too_large:
        row = note_started(request.user.pk, desk.name, fields, now=database_now())
    context = {"row": row, "is_too_large": too_large}
    return render(request, "requests/_started.html", context)


@forms_only
@allow(Who.TEAM_LEADS)
def started_form_discard(request: SignedIn) -> HttpResponse:
    """Keep it no longer, and show the form as it starts."""
    desk = _desk(request)
    only(request)
    forget_started(request.user.pk, desk.name)
    if desk.editing:
        return redirect("request-edit", public_id=desk.editing.public_id)
    if desk.namespace:
        return redirect("namespace-change", public_id=desk.namespace.public_id)
    return redirect(reverse("request-new"))


def _desk(request: SignedIn) -> Desk:
    return desk_named(
        request.permissions,
        request=request.GET.get("request", ""),
        namespace=request.GET.get("namespace", ""),
    )
