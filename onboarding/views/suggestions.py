"""A member suggests the change that the tester worked out; a lead dismisses a suggestion.

Taking one up is the change form (views/change.py): `?suggestion=` fills it.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Conflict, Forbidden, Invalid
from onboarding.pages.path_tester import build_tester
from onboarding.queries.connectivity import picture_of_namespace
from onboarding.queries.namespaces import load_led, load_namespace
from onboarding.queries.suggestions import load_suggestion, may_suggest
from onboarding.services.clock import database_now
from onboarding.services.suggest import dismiss, suggest
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import only


@forms_only
@allow(Who.READERS)
def namespace_suggest(request: SignedIn, public_id: str) -> HttpResponse:
    """Keep the change that would open the posted path; what it is is worked out here again."""
    only(request, "from", "to", "port", "protocol", "note", "form_key")
    row = load_namespace(request.permissions, public_id)
    if not may_suggest(request.permissions, row):
        raise Forbidden(
            _("Only people of the team who do not lead it suggest changes to its leads.")
        )
    picture = picture_of_namespace(row)
    if picture is None:
        raise Conflict(
            _("The namespace is not on the cluster, so nothing can be worked out for it.")
        )
    now = database_now()
    tester = build_tester(row, picture, request.permissions, request.POST, now=now)
    if tester.answer is None:
        raise Invalid(_("Ask on the Connectivity page first; then suggest what it says."))
    suggest(
        row,
        by=by(request),
        answers=tester.answers,
        about=tester.path,
        note=request.POST.get("note", ""),
        form_key=request.POST.get("form_key", "")[:40],
        now=now,
    )
    messages.success(request, _("Suggested. The leads see it on the page of the namespace."))
    return redirect("namespace-detail", public_id=row.public_id)


@forms_only
@allow(Who.LEADS)
def suggestion_dismiss(request: SignedIn, public_id: str) -> HttpResponse:
    """Say no to a suggestion, with the reason."""
    only(request, "suggestion", "reason")
    row = load_led(request.permissions, public_id)
    if not request.POST.get("suggestion"):
        raise Invalid(_("Choose what you dismiss on the page of the namespace."))
    found = load_suggestion(row, request.POST.get("suggestion", "")[:20])
    reason = request.POST.get("reason", "")
    dismiss(found, by=by(request), reason=reason, now=database_now())
    messages.success(request, _("Dismissed. The reason stays in the history of the namespace."))
    return redirect("namespace-detail", public_id=row.public_id)
