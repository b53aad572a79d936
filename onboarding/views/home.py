"""Home: what needs this person, what is wrong, what waits; and trying again right there."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.refusals import Invalid, Refusal
from onboarding.pages.attention_item import Reader
from onboarding.pages.home import build_home
from onboarding.queries.namespaces import load_namespace
from onboarding.services.clock import database_now
from onboarding.services.retry import try_again
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.actors import by
from onboarding.views.posted import asked, only

PUSHED_AT_ONCE = 10


@allow(Who.SIGNED_IN)
def home(request: SignedIn) -> HttpResponse:
    """Show the person's day: their next steps, and for who sees all what is wrong now."""
    asked(request)
    permissions, now = request.permissions, database_now()
    context = {
        "page": build_home(Reader(request.user, permissions, now)),
        "is_lead": bool(permissions.leads),
        "permissions": permissions,
        "now": now,
    }
    return render(request, "home/home.html", context)


@forms_only
@allow(Who.LEADS_AND_ADMINS)
def home_try_again(request: SignedIn) -> HttpResponse:
    """Make the named namespaces due now; the service checks each, and what it refuses is said."""
    only(request, "namespace", "cluster")
    wanted = request.POST.getlist("namespace")
    if not 0 < len(wanted) <= PUSHED_AT_ONCE:
        raise Invalid(_("Name one to %(most)d namespaces.") % {"most": PUSHED_AT_ONCE})
    pushed, now = 0, database_now()
    for public_id in wanted:
        try:
            row = load_namespace(request.permissions, public_id)
            try_again(row.pk, by=by(request), now=now)
        except Refusal as refused:
            messages.warning(request, str(refused) or _("One of them is not there any more."))
        else:
            pushed += 1
    if pushed:
        words = ngettext(
            "A worker looks at %(count)d namespace again now.",
            "A worker looks at %(count)d namespaces again now.",
            pushed,
        )
        messages.success(request, words % {"count": pushed})
    cluster = request.POST.get("cluster", "")
    return redirect("cluster-detail", public_id=cluster) if cluster else redirect("home")
