"""Epoch: does the database go on where the clusters know it to be, and they where it left them.

Compared before anything is concluded or written on a cluster, and with every look. Where they
disagree, a backup came back on one side: from then on the cluster is only looked at, until a
platform admin has gone through what differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from onboarding.cluster.errors import AccessDenied, Refused, ServerFault, WriteConflict
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.actions import Action
from onboarding.domain.epoch import (
    OF_THE_DATABASE,
    BreakKind,
    Epoch,
    annotation_of,
    broken_by,
    read_epoch,
)
from onboarding.domain.objects import Key, Manifest, text
from onboarding.models import Cluster, ClusterObservation, Event, HistoryBreak
from onboarding.models.breaks import open_breaks
from onboarding.queries.database_identity import database_identity
from onboarding.services import history
from onboarding.services.installation import portal_identity

IDENTITY = "kube-system"
HOME = Key("Namespace", "", "bulkhead-system")
IN_TWO_WAYS = "which cluster it is was answered in two ways"
log = structlog.get_logger()


class OtherCluster(Exception):
    """Something answers that is another cluster than the one that was registered."""


class WentBack(Exception):
    """One side was taken back in time: the cluster is only looked at until a person decides."""


@dataclass(frozen=True)
class ClusterStanding:
    """What a cluster says of itself. `home` is the portal's own namespace there, if any."""

    portal: str  # this portal's identity
    home: Manifest | None
    written: str  # the epoch, as it stands there


def check_cluster(cluster: Cluster, gateway: ClusterGateway, *, now: datetime) -> ClusterStanding:
    """Return what the cluster says of itself, as it goes on from what the database knows.

    Raise OtherCluster, WentBack once the break is written down, or any ClusterError. One request;
    where they disagree two, because one answer may be anybody's.
    """
    standing = read_standing(cluster, gateway)
    if kind := _broken(cluster, standing):
        if read_standing(cluster, gateway).written != standing.written:
            raise ServerFault(IN_TWO_WAYS)
        note_break(cluster, kind, said=standing.written, now=now)
        raise WentBack(f"{cluster.name} and the database do not go on from each other: {kind}.")
    return standing


def read_standing(cluster: Cluster, gateway: ClusterGateway) -> ClusterStanding:
    """Ask the cluster which one it is, and how far it knows this portal to be.

    One request; another cluster is only believed when it answers twice.
    """
    found = _named(gateway)
    uid = text(found[IDENTITY], "metadata", "uid")
    expected = cluster.facts.get("uid") or uid
    if uid != expected:
        if text(_named(gateway)[IDENTITY], "metadata", "uid") != uid:
            raise ServerFault(IN_TWO_WAYS)
        raise OtherCluster(
            f"What answers at {cluster.api_server} is another cluster: its kube-system has the uid "
            f"{uid}, that of {cluster.name} has {expected}."
        )
    home = found.get(HOME.name)
    portal = portal_identity()
    written = text(home or {}, "metadata", "annotations", annotation_of(portal))
    return ClusterStanding(portal, home, written)


def _named(gateway: ClusterGateway) -> Mapping[str, Manifest]:
    found = gateway.named_namespaces(IDENTITY, HOME.name)
    if IDENTITY not in found:
        raise ServerFault(f"no {IDENTITY} came: the answer is not whole")
    return found


def known_epoch() -> Epoch:
    """Return how far the database's history has come by now."""
    newest = Event.objects.order_by("-pk").values_list("pk", "leaf").first()
    number, leaf = newest or (0, "")
    return Epoch(number, leaf, database_identity())


def write_epoch(cluster: Cluster, gateway: ClusterGateway, standing: ClusterStanding) -> None:
    """Write on the cluster how far history has come, if it has come further than stands there.

    Nobody else's newer word is overwritten. Where admission does not let the portal, because an
    earlier release prepared the cluster, the cluster's guards say so.
    """
    known, said = known_epoch(), read_epoch(standing.written)
    is_settled = standing.written and standing.written == cluster.accepted_epoch
    if standing.home is None or (said and known.event <= said.event and not is_settled):
        return
    try:
        gateway.annotate(HOME, annotation_of(standing.portal), known.dump(), seen=standing.home)
    except WriteConflict:
        return  # somebody was faster, with what is as new
    except (Refused, AccessDenied) as error:
        log.warning("epoch not written", cluster=cluster.name, error=str(error))
        return
    if read_standing(cluster, gateway).written != known.dump():
        return  # answered and not stored: what is remembered must be there
    further = Q(epoch_event__isnull=True) | Q(epoch_event__lt=known.event)
    row = Cluster.objects.filter(pk=cluster.pk)
    if is_settled:
        row.update(epoch_event=known.event, accepted_epoch=None)
    else:
        row.filter(further).update(epoch_event=known.event)


def note_break(
    cluster: Cluster, kind: BreakKind, *, said: str = "", now: datetime
) -> HistoryBreak | None:
    """Write down that one side went back, with an event; None where that is known already.

    `said` is the epoch found on the cluster, as it was written.
    """
    known = known_epoch()
    try:
        with transaction.atomic():
            found = HistoryBreak.objects.create(
                cluster=cluster,
                kind=kind.value,
                said=said[:1000],
                known=known.dump(),
                found_at=now,
            )
            history.record(
                Action.HISTORY_BROKEN,
                actor=history.SYSTEM,
                at=now,
                about=history.about_cluster(cluster),
                body={"kind": kind.value, "said": found.said, "known": found.known},
            )
    except IntegrityError:
        return None
    # What differs is read off a look, and people wait for it.
    ClusterObservation.objects.filter(cluster=cluster).update(next_at=now)
    log.error("history is broken", cluster=cluster.name, kind=kind.value)
    return found


def is_only_looked_at(cluster: Cluster) -> bool:
    """Tell whether a break holds that concerns the cluster. One query."""
    concerns = Q(cluster=cluster) | Q(kind__in=sorted(OF_THE_DATABASE))
    return open_breaks().filter(concerns).exists()


def _broken(cluster: Cluster, standing: ClusterStanding) -> BreakKind | None:
    """Compare. The row must have been read before the cluster was asked."""
    if standing.written and standing.written == cluster.accepted_epoch:
        return None  # a platform admin has gone through what it meant
    said = read_epoch(standing.written)
    return broken_by(
        said,
        known_database=database_identity(),
        is_known=said is not None and Event.objects.filter(pk=said.event, leaf=said.leaf).exists(),
        written=cluster.epoch_event,
    )
