"""For platform admins: how the clusters are, and who the teams are. Editing is the admin site's."""

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render

from onboarding.domain.lifecycle import ENDED
from onboarding.domain.refusals import NotFound
from onboarding.models import Cluster, Team
from onboarding.pages.outdated import count_outdated
from onboarding.queries.closings import closing_of
from onboarding.queries.clusters import (
    look_at,
    namespaces_on,
    truth_of_cluster,
    visible_to,
    waiting_work,
    waiting_work_each,
)
from onboarding.queries.guards import guards_of
from onboarding.queries.leads import active_leads, leads_of
from onboarding.queries.observed import observation_of, unread_on
from onboarding.queries.portals import own_identity, unknown_here
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow

_LIVE = ~Q(namespaces__state__in=sorted(ENDED))


@allow(Who.PLATFORM_ADMINS)
def cluster_list(request: SignedIn) -> HttpResponse:
    """List the registered clusters with their condition and what waits for them."""
    now = database_now()
    visible = visible_to(request.permissions).select_related("observation", "guards")
    clusters = list(visible.annotate(live=Count("namespaces", filter=_LIVE)))
    unknown, waiting = unknown_here(clusters), waiting_work_each(clusters)
    rows = [
        (
            cluster,
            truth_of_cluster(cluster, look_at(cluster), now=now),
            waiting[cluster.pk],
            len(unknown.get(cluster.pk, ())),
        )
        for cluster in clusters
    ]
    context = {"rows": rows, "now": now}
    return render(request, "platform/cluster_list.html", context)


@allow(Who.PLATFORM_ADMINS)
def cluster_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show one cluster: condition, what was seen there, facts, sources. Never a credential."""
    cluster: Cluster | None = visible_to(request.permissions).filter(public_id=public_id).first()
    if cluster is None:
        raise NotFound("No such cluster.")
    now = database_now()
    expires, observation = cluster.credential_expires_at, observation_of(cluster)
    unknown = unknown_here([cluster]).get(cluster.pk, [])
    there = list(namespaces_on(cluster).select_related("team"))
    context = {
        "cluster": cluster,
        "waiting": waiting_work(cluster),
        "stuck": sum(row.stuck_at is not None for row in there),
        "observation": observation,
        "truth": truth_of_cluster(cluster, observation, now=now),
        "guards": guards_of(cluster),
        "closing": closing_of(cluster),
        "namespaces": there,
        "truths": truths_of(there),
        "outdated": count_outdated(there),
        "unknown": unknown,
        "some_are_ours": any(one.is_ours for one in unknown),
        "some_are_others": any(one.portal and not one.is_ours for one in unknown),
        "unread": unread_on([cluster]).get(cluster.pk, []),
        "identity": own_identity() if unknown else "",
        "is_expired": expires is not None and expires <= now,
        "now": now,
    }
    return render(request, "platform/cluster_detail.html", context)


@allow(Who.PLATFORM_ADMINS)
def team_list(request: SignedIn) -> HttpResponse:
    """List the teams with their group and how many people and namespaces they have."""
    teams = Team.objects.annotate(
        live=Count("namespaces", filter=_LIVE, distinct=True),
        leads=Count("memberships", filter=Q(memberships__in=active_leads()), distinct=True),
        members=Count("memberships", distinct=True),
    )
    return render(request, "platform/team_list.html", {"teams": teams})


@allow(Who.PLATFORM_ADMINS)
def team_detail(request: SignedIn, public_id: str) -> HttpResponse:
    """Show one team: people, group, namespaces."""
    team = Team.objects.filter(public_id=public_id).first()
    if team is None:
        raise NotFound("No such team.")
    live = list(team.namespaces.exclude(state__in=sorted(ENDED)).select_related("cluster"))
    context = {
        "team": team,
        "leads": leads_of(team),
        "memberships": team.memberships.select_related("user").order_by("role", "user__username"),
        "namespaces": live,
        "truths": truths_of(live),
        "outdated": count_outdated(live),
        "now": database_now(),
    }
    return render(request, "platform/team_detail.html", context)
