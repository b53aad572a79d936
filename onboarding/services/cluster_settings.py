"""The settings of a cluster that plans are rendered with. By platform admins, never its address.

Address, certificate authority and credential are bound to each other: prepare_cluster alone sets
them. What a plan could not be rendered with is refused; what becomes outdated is said beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Invalid, NotFound, NotNow, Violation
from onboarding.domain.versions import check_version, version_of_tree
from onboarding.models import Cluster, IngressSource, ManagedNamespace, Team
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.check_facts import check_facts, check_source
from onboarding.services.history import By
from onboarding.services.people import check_may_edit
from onboarding.services.recorded_rows import differences_of, record_row
from onboarding.services.teams import note_or_ask


@dataclass(frozen=True)
class ClusterSettings:
    """What a platform admin may set. `sources` maps an ingress source's name to what it is."""

    dns_namespace: str
    dns_labels: Mapping[str, str]
    ranges: tuple[str, ...]
    group_prefix: str
    sources: Mapping[str, IngressFacts]


def version_of_settings(cluster: Cluster) -> str:
    """Return what a form carries, so that it changes only what its reader saw."""
    return version_of_tree(_settings(cluster))


def change_cluster(
    cluster_id: int,
    settings: ClusterSettings,
    *,
    version: str,
    confirmed: bool,
    by: By,
    now: datetime,
) -> None:
    """Set what differs, each change with its event. `version` is what was read.

    Raises Forbidden, NotFound, NotNow (closed), SavedMeanwhile, Invalid, and WouldBeOutdated
    unless confirmed.
    """
    check_may_edit(by)
    with transaction.atomic():
        cluster = Cluster.objects.select_for_update().filter(pk=cluster_id).first()
        if cluster is None:
            raise NotFound("No such cluster.")
        if cluster.closed_at:
            raise NotNow(f"{cluster.name} is closed. Nothing is rendered for it any more.")
        check_version(version, _settings(cluster), f"The settings of {cluster.name} were")
        if found := _violations(cluster, settings):
            raise Invalid.of(found)
        _set_facts(cluster, settings, by, now)
        _set_sources(cluster, settings.sources, by, now)
        rows = ManagedNamespace.objects.filter(cluster=cluster)
        note_or_ask(rows, confirmed=confirmed, now=now)


def _violations(cluster: Cluster, settings: ClusterSettings) -> list[Violation]:
    catalogue = load_catalogue()
    facts = ClusterFacts(
        name=cluster.name,
        dns_namespace=settings.dns_namespace,
        dns_labels=settings.dns_labels,
        ranges=settings.ranges,
        group_prefix=settings.group_prefix,
        ingress={},  # each source is told apart below
    )
    # "team" stands for those to come: a prefix must not turn them into Kubernetes' own groups.
    groups = ["team", *Team.objects.values_list("access_group", flat=True)]
    found = [*check_facts(facts, catalogue, groups=groups)]
    for source in settings.sources.values():
        wrong = [violation.words for violation in check_source(source)]
        if not source.pod_labels:
            wrong.append("Name at least one label, or every pod there would be let in.")
        found += [Violation("sources", f"{source.slug}: {words}") for words in wrong]
    return found


def _set_facts(cluster: Cluster, settings: ClusterSettings, by: By, now: datetime) -> None:
    wanted: dict[str, Json] = {
        "dns_namespace": settings.dns_namespace,
        "dns_labels": {**settings.dns_labels},
        "ranges": [*settings.ranges],
        "group_prefix": settings.group_prefix,
    }
    changed = differences_of(_facts(cluster), wanted)
    if changed:
        cluster.facts = {**cluster.facts, **wanted}
        cluster.save(update_fields=["facts"])
        record_row(Action.ROW_CHANGED, cluster, changed, actor=by.actor, now=now)


def _set_sources(
    cluster: Cluster, wanted: Mapping[str, IngressFacts], by: By, now: datetime
) -> None:
    held = {row.slug: row for row in cluster.ingress_sources.select_related("cluster")}
    for slug in sorted(held.keys() - wanted.keys()):
        record_row(Action.ROW_REMOVED, held[slug], {}, actor=by.actor, now=now)
        held[slug].delete()
    for slug, source in sorted(wanted.items()):
        row = held.get(slug) or IngressSource(cluster=cluster, slug=slug)
        is_new, before = row.pk is None, _source(row)
        row.namespace, row.pod_labels = source.namespace, {**source.pod_labels}
        changed = differences_of(before, _source(row))
        if is_new or changed:
            row.save()
            action = Action.ROW_ADDED if is_new else Action.ROW_CHANGED
            record_row(action, row, changed, actor=by.actor, now=now)


def _facts(cluster: Cluster) -> dict[str, Json]:
    empty: dict[str, Json] = {
        "dns_namespace": "", "dns_labels": {}, "ranges": [], "group_prefix": ""
    }  # fmt: skip
    return {name: cluster.facts.get(name, nothing) for name, nothing in empty.items()}


def _settings(cluster: Cluster) -> dict[str, Json]:
    sources: dict[str, Json] = {row.slug: _source(row) for row in cluster.ingress_sources.all()}
    return {**_facts(cluster), "sources": sources}


def _source(row: IngressSource) -> dict[str, Json]:
    return {"namespace": row.namespace, "pod_labels": {**row.pod_labels}}
