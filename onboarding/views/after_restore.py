"""For platform admins: what differs after a restore, and what holds."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import NotFound
from onboarding.forms.after_restore import AfterRestoreForm
from onboarding.models import Cluster, HistoryBreak
from onboarding.queries.after_restore import differences_on, is_seen_since, open_break_of
from onboarding.queries.clusters import look_at, truth_of_cluster, visible_to
from onboarding.services.after_restore import settle
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import asked, only

SHOWN = "what.was.shown"  # no name of a namespace


@allow(Who.PLATFORM_ADMINS)
def after_restore(request: SignedIn, public_id: str) -> HttpResponse:
    """Show what differs on a cluster; POST decides what holds, and lets workers write again."""
    asked(request)
    cluster: Cluster | None = visible_to(request.permissions).filter(public_id=public_id).first()
    if cluster is None:
        raise NotFound("No such cluster.")
    found = open_break_of(cluster)
    differing = differences_on(cluster) if found else []
    if request.method != "POST" or found is None:
        return _page(request, cluster, found, AfterRestoreForm(differing=differing))
    only(request, SHOWN, *(one.name for one in differing))
    form = AfterRestoreForm(request.POST, differing=differing)
    if not form.is_valid():
        return _page(request, cluster, found, form)
    settle(
        found.pk,
        form.choices(),
        shown=request.POST.get(SHOWN, ""),
        by=by(request),
        now=database_now(),
    )
    messages.success(request, _("Decided. Workers write to the cluster again."))
    return redirect("cluster-detail", public_id=cluster.public_id)


def _page(
    request: SignedIn, cluster: Cluster, found: HistoryBreak | None, form: AfterRestoreForm
) -> HttpResponse:
    now = database_now()
    context = {
        "cluster": cluster,
        "truth": truth_of_cluster(cluster, look_at(cluster), now=now),
        "found": found,
        "is_seen": found is not None and is_seen_since(found),
        "form": form,
        "now": now,
    }
    status = 422 if form.is_bound else 200
    return render(request, "platform/after_restore.html", context, status=status)
