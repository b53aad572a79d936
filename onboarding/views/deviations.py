"""What people do about deviations: say that they know, or ask that an object of others goes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Forbidden, Invalid
from onboarding.queries.deviations import may_acknowledge, standing_foreign
from onboarding.queries.namespaces import load_led, load_namespace
from onboarding.services.acknowledge import acknowledge
from onboarding.services.clock import database_now
from onboarding.services.preview import removal_wish
from onboarding.services.submit import submit
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import only


@forms_only
@allow(Who.LEADS)
def namespace_acknowledge(request: SignedIn, public_id: str) -> HttpResponse:
    """Write down that a lead or platform admin knows of a deviation, with the reason."""
    only(request, "deviation", "reason")
    row = load_namespace(request.permissions, public_id)
    if not may_acknowledge(request.permissions, row):
        raise Forbidden(_("Only a lead of the team or a platform admin can acknowledge this."))
    found = row.deviations.filter(public_id=request.POST.get("deviation", "")[:20]).first()
    if found is None:
        raise Invalid(_("Choose what you acknowledge on the page of the namespace."))
    reason = request.POST.get("reason", "")
    acknowledge(found.pk, by=by(request), reason=reason, now=database_now())
    messages.success(request, _("Acknowledged. It stays in the history of the namespace."))
    return redirect("namespace-detail", public_id=row.public_id)


@forms_only
@allow(Who.LEADS)
def namespace_ask_removal(request: SignedIn, public_id: str) -> HttpResponse:
    """Ask to have chosen objects of others removed: a change that keeps everything else."""
    only(request, "finding", "why", "form_key")
    row = load_led(request.permissions, public_id)
    chosen = standing_foreign(row).filter(public_id__in=request.POST.getlist("finding")[:100])
    sent = submit(
        removal_wish(row, chosen, why=request.POST.get("why", "")),
        by=by(request),
        form_key=request.POST.get("form_key", "")[:40],
        now=database_now(),
    )
    messages.success(request, _("Request sent. Nothing is removed before it is approved."))
    return redirect("request-detail", public_id=sent.public_id)
