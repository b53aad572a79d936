"""Epoch: does the database go on where the clusters know it to be, and they where it left them.

Compared before anything is concluded or written on a cluster, and with every look. Where they
disagree, a backup came back on one side: from then on the cluster is only looked at, until a
platform admin has gone through what differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
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
from onboarding.domain.lifecycle import BlockedReason
from onboarding.domain.objects import Key, Manifest, text
from onboarding.models import Cluster, ClusterObservation, Event, HistoryBreak
from onboarding.models.breaks import open_breaks
from onboarding.queries.clusters import longest_unseen, look_at
from onboarding.queries.database_identity import database_identity
from onboarding.services import history
from onboarding.services.phases.work import Blocked

IDENTITY = "kube-system"
HOME = Key("Namespace", "", "bulkhead-system")
IN_TWO_WAYS = "which cluster it is was answered in two ways"
log = structlog.get_logger()


class OtherCluster(Exception):
    """Something answers that is another cluster than the one that was registered."""


class EpochNotWritten(Blocked):
    """A cluster on which a restored database would not be noticed: nothing is removed there."""

    reason = BlockedReason.REFUSED


class WentBack(Exception):
    """One side was taken back in time: the cluster is only looked at until a person decides."""


@dataclass(frozen=True)
class ClusterStanding:
    """What a cluster says of itself. `home` is the portal's own namespace there, if any."""

    portal: str  # this portal's identity
    home: Manifest | None
    written: str  # the epoch, as it stands there


def check_cluster(
    cluster: Cluster, gateway: ClusterGateway, *, portal: str, now: datetime
) -> ClusterStanding:
    """Return what the cluster says of itself, as it goes on from what the database knows.

    Raise OtherCluster, WentBack once the break is written down, or any ClusterError. One request;
    where they disagree two, because one answer may be anybody's, and what this process read of the
    cluster's row may be from before somebody settled a break.
    """
    standing = read_standing(cluster, gateway, portal)
    if _broken(cluster, standing) is None:
        return standing
    cluster.refresh_from_db(fields=["epoch_event", "accepted_epoch"])
    again = read_standing(cluster, gateway, portal)
    kind = _broken(cluster, again)
    if kind is None:
        return again
    if again.written != standing.written:
        raise ServerFault(IN_TWO_WAYS)
    note_break(cluster, kind, said=again.written, now=now)
    raise WentBack(f"{cluster.name} and the database do not go on from each other: {kind}.")


def read_standing(cluster: Cluster, gateway: ClusterGateway, portal: str) -> ClusterStanding:
    """Ask the cluster which one it is, and how far it knows the portal of this identity to be.

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


def write_epoch(cluster: Cluster, gateway: ClusterGateway, standing: ClusterStanding) -> bool:
    """Write on the cluster how far history has come, if it has come further than stands there.

    Return whether that much stands there now. Nobody else's newer word is overwritten. Where
    admission does not let the portal, because an earlier release prepared the cluster, the
    cluster's guards say so.
    """
    known, said = known_epoch(), read_epoch(standing.written)
    is_settled = standing.written and standing.written == cluster.accepted_epoch
    if said and known.event <= said.event and not is_settled:
        return True
    if standing.home is None:
        return False
    try:
        gateway.annotate(HOME, annotation_of(standing.portal), known.dump(), seen=standing.home)
    except WriteConflict:
        pass  # somebody was faster: with this, or with something else
    except (Refused, AccessDenied) as error:
        log.warning("epoch not written", cluster=cluster.name, error=str(error))
        return False
    stands = read_epoch(read_standing(cluster, gateway, standing.portal).written)
    if stands is None or stands.event < known.event:
        return False  # answered and not stored: what is remembered must be there
    further = Q(epoch_event__isnull=True) | Q(epoch_event__lt=known.event)
    row = Cluster.objects.filter(pk=cluster.pk)
    (row if is_settled else row.filter(further)).update(
        epoch_event=known.event, accepted_epoch=None
    )
    return True


def write_epoch_unless_looks_do(
    cluster: Cluster, gateway: ClusterGateway, standing: ClusterStanding, *, now: datetime
) -> None:
    """Write it before something is made, where no look has succeeded lately: each one writes it."""
    look = look_at(cluster)
    if look is None or look.seen_at is None or look.seen_at <= now - longest_unseen():
        write_epoch(cluster, gateway, standing)


def require_epoch(cluster: Cluster, gateway: ClusterGateway, standing: ClusterStanding) -> None:
    """Write it before something is removed, or a backup from before would make that again.

    Raise ChangedMeanwhile where somebody else wrote there, EpochNotWritten where nobody lets us.
    """
    if write_epoch(cluster, gateway, standing):
        return
    if write_epoch(cluster, gateway, read_standing(cluster, gateway, standing.portal)):
        return
    raise EpochNotWritten(
        f"{cluster.name} does not let the portal write how far its history has come, so nothing is "
        "removed: a database restored to before would make it again. An administrator of the "
        "cluster has to run prepare_cluster."
    )


def note_break(cluster: Cluster, kind: BreakKind, *, said: str = "", now: datetime) -> None:
    """Write down that one side went back, with an event for each cluster that it concerns.

    `said` is the epoch found on `cluster`, as it was written; where the break is known, that is
    brought up to date.
    """
    everywhere = Cluster.objects.filter(closed_at__isnull=True).order_by("pk")
    with transaction.atomic():
        for one in everywhere if kind in OF_THE_DATABASE else [cluster]:
            _note_on(one, kind, said=said[:1000] if one.pk == cluster.pk else "", now=now)


def _note_on(cluster: Cluster, kind: BreakKind, *, said: str, now: datetime) -> None:
    # One at a time: whoever else finds it waits here, and then knows of it.
    Cluster.objects.select_for_update(no_key=True).get(pk=cluster.pk)
    known = open_breaks().filter(cluster=cluster)
    if known.exists():
        known.filter(said="").update(said=said)
        return
    found = HistoryBreak.objects.create(
        cluster=cluster, kind=kind.value, said=said, known=known_epoch().dump(), found_at=now
    )
    history.record(
        Action.HISTORY_BROKEN,
        actor=history.SYSTEM,
        at=now,
        about=history.about_cluster(cluster),
        body={"kind": kind.value, "said": found.said, "known": found.known},
    )
    # What differs is read off a look, and people wait for it.
    ClusterObservation.objects.filter(cluster=cluster).update(next_at=now)
    log.error("history is broken", cluster=cluster.name, kind=kind.value)


def _broken(cluster: Cluster, standing: ClusterStanding) -> BreakKind | None:
    """Compare. The row must have been read before the cluster was asked."""
    if standing.written and standing.written == cluster.accepted_epoch:
        return None  # a platform admin has gone through what it meant
    said = read_epoch(standing.written)
    return broken_by(
        said,
        known_database=database_identity(),
        is_known=said is not None and _is_known(cluster, said),
        written=cluster.epoch_event,
    )


def _is_known(cluster: Cluster, said: Epoch) -> bool:
    """Tell whether the database holds the event. What its row says it wrote there, it had."""
    events = Event.objects.filter(pk=said.event, leaf=said.leaf)
    return said.event == cluster.epoch_event or events.exists()
