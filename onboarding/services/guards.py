"""Is a cluster still guarded? Read at every look, tried daily, told once when it begins and ends.

A finding is no condition of the cluster: work goes on, because repairs are needed more than ever
where nothing keeps others from changing what was approved.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from onboarding.cluster.errors import ClusterError, ServerFault
from onboarding.cluster.gateway import ClusterGateway
from onboarding.cluster.guards import GuardReading, read_guards
from onboarding.cluster.installation import manifests_for
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.domain.objects import Json, Manifest
from onboarding.models import Cluster, ClusterGuards
from onboarding.services import failures, history
from onboarding.services.claim import UNUSABLE
from onboarding.services.credentials import NoCredential, open_gateway
from onboarding.services.self_check import wrong_lines

CHECK_EVERY = timedelta(days=1)
CHECK_AGAIN = timedelta(hours=1)  # while something is wrong, or when the cluster gave no answer
log = structlog.get_logger()


def manifests_folder() -> Path:
    """Return where the manifests lie that are installed."""
    return Path(settings.BASE_DIR) / "deploy" / "cluster"


@cache
def shipped(*, has_gate: bool) -> tuple[Manifest, ...]:
    """Return every object that this release installs on a cluster, with the fence gate or not."""
    return tuple(manifests_for(manifests_folder(), has_gate=has_gate))


def look_at_guards(gateway: ClusterGateway, *, has_gate: bool) -> GuardReading:
    """Return how the guards of a cluster compare with what is shipped. Raise any ClusterError."""
    return read_guards(gateway, shipped(has_gate=has_gate))


def look_twice_at_guards(gateway: ClusterGateway, cluster: Cluster) -> GuardReading:
    """Return the same of a known cluster; what is news is only believed when it is read again."""
    reading = look_at_guards(gateway, has_gate=cluster.has_fence_gate)
    known = ClusterGuards.objects.filter(cluster=cluster).values_list("differing", flat=True)
    if not reading.findings or [*reading.findings] in known:
        return reading
    if look_at_guards(gateway, has_gate=cluster.has_fence_gate) != reading:
        raise ServerFault("the guards of the cluster were answered in two ways")
    return reading


def note_reading(
    cluster: Cluster, reading: GuardReading, *, began: datetime, now: datetime
) -> None:
    """Write what a look found. What could not be read leaves what was known, and says so."""
    known = ClusterGuards.objects.filter(cluster=cluster).first()
    same = GuardReading(tuple(known.differing or ()), known.unread) if known else None
    if known and known.differing is not None and same == reading:
        ClusterGuards.objects.filter(pk=known.pk).update(looked_at=began)
        return

    def change(row: ClusterGuards) -> None:
        if reading.unread and not row.unread:
            row.check_at = now  # what cannot be read can still be tried
        row.looked_at, row.unread = began, reading.unread
        if not reading.unread:
            row.differing = [*reading.findings]

    _write(cluster, change, now=now)


def note_check(cluster: Cluster, wrong: Sequence[str], *, now: datetime) -> None:
    """Write what a self-check found wrong; it is repeated daily, sooner while something is."""

    def change(row: ClusterGuards) -> None:
        row.checked_at, row.failing = now, [*wrong]
        row.check_at = now + (CHECK_AGAIN if wrong else CHECK_EVERY)

    _write(cluster, change, now=now)


def check_due(*, clock: Callable[[], datetime]) -> int:
    """Run the self-check, as the portal, on every cluster where it is due; return how many.

    A cluster that cannot be asked is left for the next round.
    """
    return sum(_check_alone(cluster, clock) for cluster in _due(clock()))


def _check_alone(cluster: Cluster, clock: Callable[[], datetime]) -> bool:
    """What goes wrong with one cluster keeps no other from being tried."""
    try:
        return _check(cluster, clock)
    except UNUSABLE:
        raise  # the database's trouble, not the cluster's
    except Exception:
        log.exception("guards not checked", cluster=cluster.name)
        return False


def _due(now: datetime) -> list[Cluster]:
    """Return the clusters to check: well, with a credential, and not checked for long.

    A time beyond every pause was written by a wrong clock.
    """
    is_due = Q(guards=None) | Q(guards__check_at=None) | Q(guards__check_at__lte=now)
    wrong = Q(guards__check_at__gt=now + CHECK_EVERY)
    usable = Cluster.objects.filter(condition=ClusterCondition.OK.value, closed_at=None)
    return list(usable.exclude(credential=None).filter(is_due | wrong))


def _check(cluster: Cluster, clock: Callable[[], datetime]) -> bool:
    if not _claim(cluster, now=clock()):
        return False
    try:
        wrong = wrong_lines(open_gateway(cluster), has_gate=cluster.has_fence_gate)
    except (ClusterError, NoCredential) as error:
        log.warning("guards not checked", cluster=cluster.name, error=str(error))
        failures.note_hang(cluster, error, now=clock())
        return False
    note_check(cluster, wrong, now=clock())
    return True


def _claim(cluster: Cluster, *, now: datetime) -> bool:
    """Put the next check off, unless somebody did since: one of many checks."""
    row, _ = ClusterGuards.objects.get_or_create(cluster=cluster)
    free = Q(check_at=None) | Q(check_at__lte=now) | Q(check_at__gt=now + CHECK_EVERY)
    mine = ClusterGuards.objects.filter(free, pk=row.pk).update(check_at=now + CHECK_AGAIN)
    return bool(mine)


def _write(cluster: Cluster, change: Callable[[ClusterGuards], None], *, now: datetime) -> None:
    """Change the row; one event when findings, or not being able to read, begin or end."""
    with transaction.atomic():
        known, _ = ClusterGuards.objects.get_or_create(cluster=cluster)
        row = ClusterGuards.objects.select_for_update().get(pk=known.pk)
        before, unread_before = row.findings, row.unread
        change(row)
        after = row.findings
        row.since = (row.since or now) if after else None
        row.save()
        if row.unread and not unread_before:
            _tell_unread(cluster, row.unread, now=now)
        if after != before or (unread_before and not row.unread):
            _tell(cluster, after, now=now)


def _tell_unread(cluster: Cluster, why: str, *, now: datetime) -> None:
    history.record(
        Action.CLUSTER_GUARDS_UNREAD,
        actor=history.SYSTEM,
        at=now,
        about=history.about_cluster(cluster),
        body={"findings": [why]},
    )
    log.error("the guards of a cluster cannot be read", cluster=cluster.name, why=why)


def _tell(cluster: Cluster, findings: list[str], *, now: datetime) -> None:
    named: list[Json] = [*findings]
    history.record(
        Action.CLUSTER_UNGUARDED if findings else Action.CLUSTER_GUARDED,
        actor=history.SYSTEM,
        at=now,
        about=history.about_cluster(cluster),
        body={"findings": named} if findings else {},
    )
    if findings:
        log.error("a cluster is not guarded", cluster=cluster.name, findings=findings)
