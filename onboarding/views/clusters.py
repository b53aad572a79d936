"""For platform admins: how the clusters are, problems first. Changing them has pages of its own."""

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.domain.refusals import NotFound
from onboarding.forms.cluster_filter import ClusterFilter
from onboarding.models import Cluster
from onboarding.pages.attention_item import Reader
from onboarding.pages.attention_namespaces import problems_on
from onboarding.pages.cluster_lines import ClusterLine, cluster_lines
from onboarding.pages.filter_words import cluster_words
from onboarding.pages.outdated import count_outdated
from onboarding.queries.closings import closing_of
from onboarding.queries.clusters import namespaces_on, truth_of_cluster, visible_to
from onboarding.queries.guards import guards_of
from onboarding.queries.observed import noted_on, observation_of, unread_among
from onboarding.queries.portals import own_identity, unknown_here
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.posted import asked


@allow(Who.PLATFORM_ADMINS)
def cluster_list(request: SignedIn) -> HttpResponse:
    """List the registered clusters, those that are not well first; their state narrows it."""
    now = database_now()
    lines = cluster_lines(visible_to(request.permissions), now=now)
    form = ClusterFilter(request.GET, states=[line.state for line in lines], words=cluster_words())
    is_valid = form.is_valid()
    shown: list[ClusterLine] = form.narrow(lines) if is_valid else []
    context = {"form": form, "is_valid": is_valid, "lines": shown, "total": len(lines), "now": now}
    return render(request, "platform/cluster_list.html", context, status=200 if is_valid else 422)


@allow(Who.PLATFORM_ADMINS)
def cluster_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show one cluster: what is wrong, what was seen there, its settings. Never a credential."""
    asked(request)
    cluster: Cluster | None = visible_to(request.permissions).filter(public_id=public_id).first()
    if cluster is None:
        raise NotFound("No such cluster.")
    now = database_now()
    expires, observation = cluster.credential_expires_at, observation_of(cluster)
    noted = noted_on([cluster])
    unknown = unknown_here([cluster], noted).get(cluster.pk, [])
    there = namespaces_on(cluster)
    context = {
        "cluster": cluster,
        "observation": observation,
        "truth": truth_of_cluster(cluster, observation, now=now),
        "guards": guards_of(cluster),
        "closing": closing_of(cluster),
        "namespace_count": there.count(),
        "problems": problems_on(cluster, Reader(request.user, request.permissions, now)),
        "outdated": count_outdated(there.filter(outdated__isnull=False)),
        "unknown": unknown,
        "some_are_ours": any(one.is_ours for one in unknown),
        "some_are_others": any(one.portal and not one.is_ours for one in unknown),
        "unread": unread_among(noted).get(cluster.pk, []),
        "identity": own_identity() if unknown else "",
        "is_expired": expires is not None and expires <= now,
        "now": now,
    }
    return render(request, "platform/cluster_detail.html", context)
