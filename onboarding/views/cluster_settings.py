"""For platform admins: what plans are rendered with on a cluster, and how one is registered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import NotFound, NotNow
from onboarding.forms.cluster_settings import ClusterSettingsForm
from onboarding.models import Cluster
from onboarding.queries.clusters import visible_to
from onboarding.services.clock import database_now
from onboarding.services.cluster_settings import change_cluster
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.asked_again import asked_again
from onboarding.views.posted import asked, only
from onboarding.views.versioned import save_if_current


@allow(Who.PLATFORM_ADMINS)
def cluster_register(request: SignedIn) -> HttpResponse:
    """Say by which command a cluster is registered: no page holds a credential."""
    asked(request)
    return render(request, "platform/cluster_register.html")


@allow(Who.PLATFORM_ADMINS)
@asked_again
def cluster_settings(request: SignedIn, public_id: str) -> HttpResponse:
    """Show the settings; POST saves them, and says first what becomes outdated."""
    asked(request)
    cluster = _open_cluster(request, public_id)
    form = ClusterSettingsForm(request.POST or None, cluster=cluster)
    if request.method == "POST":
        only(request, *form.known)
    outcome = save_if_current(form, lambda: _change(request, cluster, form))
    if outcome.is_saved:
        words = _("The settings of %(cluster)s are saved.")
        messages.success(request, words % {"cluster": cluster.name})
        return redirect("cluster-detail", public_id=cluster.public_id)
    context = {"cluster": cluster, "form": form, "outdated": outcome.outdated}
    return render(request, "platform/cluster_settings.html", context, status=outcome.status)


def _open_cluster(request: SignedIn, public_id: str) -> Cluster:
    cluster: Cluster | None = visible_to(request.permissions).filter(public_id=public_id).first()
    if cluster is None:
        raise NotFound("No such cluster.")
    if cluster.closed_at:
        raise NotNow(_("%(name)s is closed. It has no settings.") % {"name": cluster.name})
    return cluster


def _change(request: SignedIn, cluster: Cluster, form: ClusterSettingsForm) -> None:
    change_cluster(
        cluster.pk,
        form.settings(),
        version=form.cleaned_data["version"],
        confirmed=form.cleaned_data["anyway"],
        by=by(request),
        now=database_now(),
    )
