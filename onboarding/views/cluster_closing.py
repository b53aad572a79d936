"""For platform admins: close a cluster that is gone. One asks, another one confirms."""

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Conflict, NotFound
from onboarding.forms.cluster_closing import AskToCloseForm, ConfirmClosingForm
from onboarding.models import Cluster, ClusterClosure
from onboarding.queries.closings import (
    closing_of,
    effect_of_closing,
    is_own_wish,
    who_can_confirm,
)
from onboarding.queries.clusters import look_at, truth_of_cluster, visible_to
from onboarding.services.clock import database_now
from onboarding.services.close_cluster import ask_to_close, confirm_closing, withdraw_closing
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.actors import by
from onboarding.views.posted import asked, only

Closing = ClusterClosure | None


@allow(Who.PLATFORM_ADMINS)
def cluster_close(request: SignedIn, public_id: str) -> HttpResponse:
    """Show what closing means; POST asks for it, confirms it or withdraws the asking."""
    asked(request)
    cluster: Cluster | None = visible_to(request.permissions).filter(public_id=public_id).first()
    if cluster is None:
        raise NotFound("No such cluster.")
    if cluster.closed_at:
        raise Conflict(_("%(name)s is closed already.") % {"name": cluster.name})
    closing = closing_of(cluster)
    if request.method == "POST":
        return _act(request, cluster, closing)
    return _page(request, cluster, closing, _form(cluster, closing))


def _act(request: SignedIn, cluster: Cluster, closing: Closing) -> HttpResponse:
    only(request, "action", "reason", "typed_name")
    action = request.POST.get("action", "")
    if action not in {"ask", "confirm", "withdraw"}:
        raise SuspiciousOperation(f"Unknown action: {action[:40]}")
    if action == "withdraw":
        withdraw_closing(cluster.pk, by=by(request), now=database_now())
        messages.success(request, _("The cluster stays open."))
        return redirect("cluster-detail", public_id=cluster.public_id)
    form_class = AskToCloseForm if action == "ask" else ConfirmClosingForm
    form = form_class(request.POST, name=cluster.name)
    if not form.is_valid():
        return _page(request, cluster, closing, form)
    messages.success(request, _send(request, cluster, form))
    return redirect("cluster-detail", public_id=cluster.public_id)


def _send(request: SignedIn, cluster: Cluster, form: ConfirmClosingForm) -> str:
    typed_name, now = form.cleaned_data["typed_name"], database_now()
    if isinstance(form, AskToCloseForm):
        reason = form.cleaned_data["reason"]
        ask_to_close(cluster.pk, by=by(request), reason=reason, typed_name=typed_name, now=now)
        return _("Asked for. Nothing changes until another platform admin confirms it.")
    lost = confirm_closing(cluster.pk, by=by(request), typed_name=typed_name, now=now)
    return _("Closed. Namespaces lost with it: %(lost)d.") % {"lost": lost}


def _form(cluster: Cluster, closing: Closing) -> ConfirmClosingForm:
    return (ConfirmClosingForm if closing else AskToCloseForm)(name=cluster.name)


def _page(
    request: SignedIn, cluster: Cluster, closing: Closing, form: ConfirmClosingForm
) -> HttpResponse:
    now = database_now()
    context = {
        "cluster": cluster,
        "truth": truth_of_cluster(cluster, look_at(cluster), now=now),
        "closing": closing,
        "is_own": closing is not None and is_own_wish(closing, request.user),
        "others": who_can_confirm(closing) if closing else [],
        "effect": effect_of_closing(cluster),
        "form": form,
        "now": now,
    }
    status = 422 if form.is_bound else 200
    return render(request, "platform/cluster_close.html", context, status=status)
