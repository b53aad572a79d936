"""Observe: what is on each cluster, reduced, into rows that pages may read.

Reads as claim → list, compare and reduce → write what changed → release. No cluster call is made
inside a transaction, nothing is written to a cluster but how far history has come, and nothing is
repaired: what is not as approved is made due, for reconcile. A cluster that does not answer keeps
its last picture, with its age and the reason; the second look in a row that finds no way to it, or
the first that gets no answer in time, sets the cluster's condition.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from onboarding.cluster.discovery import find_policy_kinds
from onboarding.cluster.errors import AccessDenied
from onboarding.cluster.gateway import ClusterGateway
from onboarding.domain.contents import WORKLOAD_KINDS, Inventory
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.domain.observed import (
    LONGEST_LOOK,
    SeenNamespace,
    keys_selecting_pods,
    reduce_namespaces,
    reduce_pods,
    reduce_policies,
    seen_namespaces,
)
from onboarding.models import Cluster, ClusterObservation, Run
from onboarding.models.breaks import is_only_looked_at
from onboarding.models.installation import own_identity
from onboarding.services import failures, turns
from onboarding.services.claim import UNUSABLE, worker_name
from onboarding.services.compare_observed import Expectations, expected_on
from onboarding.services.credentials import CredentialMisfit, open_gateway
from onboarding.services.epoch import (
    ClusterStanding,
    OtherCluster,
    WentBack,
    check_cluster,
    write_epoch,
)
from onboarding.services.guards import look_twice_at_guards, note_reading
from onboarding.services.installation import portal_identity
from onboarding.services.observed_rows import last_unread, write_namespaces
from onboarding.services.read_lists import ListReader
from onboarding.services.reappear import tell_reappeared
from onboarding.services.server_clocks import note_server_clock

Clock = Callable[[], datetime]
LONGEST_PAUSE = timedelta(minutes=10)  # more than any server's Retry-After counts for
SHORTEST_PAUSE = timedelta(seconds=5)  # between two looks, however many runs finish
FAILED_LOOK_AGAIN = timedelta(seconds=20)  # one answer may be anybody's
LOOKS_THAT_SET_A_CONDITION = 2  # one may fail for any reason
KINDS_BESIDE = (
    "ResourceQuota",
    "LimitRange",
    "RoleBinding",
    "PersistentVolumeClaim",
    "Service",
    *WORKLOAD_KINDS,
)
DISCOVERY_REFUSED = "any kind: the API server refuses to list what it serves"
UNFORESEEN = "Something unforeseen went wrong; the workers' log says what."
log = structlog.get_logger()


class LostLook(Exception):
    """Another observer has the cluster by now; whatever this one saw is older."""


@dataclass(frozen=True)
class Look:
    """A cluster held by one observer since `began`."""

    cluster: Cluster
    fencing_token: int
    began: datetime
    portal: str = ""  # this portal's identity, if it has one by now
    is_held_back: bool = False  # after a restore nothing is written to the cluster

    @property
    def row(self) -> QuerySet[ClusterObservation]:
        """Return the observation as long as the look is ours; nothing once it is lost."""
        return ClusterObservation.objects.filter(
            cluster=self.cluster, fencing_token=self.fencing_token
        )

    def release(self, *, next_at: datetime, **fields: object) -> None:
        """Write how the look ended and give the cluster back. Raise LostLook if it is not ours."""
        if not self.row.update(lease_until=None, next_at=next_at, **fields):
            raise LostLook(self.cluster.name)


@dataclass(frozen=True)
class Observation:
    """Everything one look saw. `pages` counts the answers it took; `pods` and `policies` what it
    could read.
    """

    namespaces: tuple[SeenNamespace, ...]
    policies: int
    pods: int
    pages: int
    foreign_kinds: tuple[str, ...]
    unread_kinds: tuple[str, ...]
    expectations: Expectations


def observe_due(*, clock: Clock) -> int:
    """Look at every cluster that is due and that nobody else looks at; return how many.

    Never raises for what a cluster does: every failure ends in the row, with its reason.
    """
    _add_missing_rows()
    first = (turns.WELL_FIRST, F("looked_at").asc(nulls_first=True))
    rows = [*_due(clock()).select_related("cluster").order_by(*first)]
    return sum(_look_at(row, clock) for row in rows)


def observe_all(*, clock: Clock) -> int:
    """Look at every cluster now, due or not, that nobody else looks at; return how many."""
    _add_missing_rows()
    rows = [*_free(clock()).select_related("cluster").order_by("cluster__name")]
    return sum(_look_at(row, clock) for row in rows)


def observe(cluster_id: int, *, clock: Clock) -> bool:
    """Look at one cluster now; return whether it was done, or False if somebody else does."""
    _add_missing_rows()
    row = _free(clock()).select_related("cluster").filter(cluster=cluster_id).first()
    return row is not None and _look_at(row, clock)


def _add_missing_rows() -> None:
    new = Cluster.objects.filter(observation=None, credential__isnull=False)
    missing = [ClusterObservation(cluster=cluster) for cluster in new]
    if missing:
        ClusterObservation.objects.bulk_create(missing, ignore_conflicts=True)


def _free(now: datetime) -> QuerySet[ClusterObservation]:
    """Return what nobody looks at; without a credential there is no way to look.

    `now` is the database's (services/clock.py), as for claims. A lease longer than any that is
    given was written by a wrong clock.
    """
    wrong = Q(lease_until__gt=now + LONGEST_LOOK)
    unleased = Q(lease_until=None) | Q(lease_until__lt=now) | wrong
    rows = ClusterObservation.objects.filter(unleased, cluster__credential__isnull=False)
    return rows.annotate(portal=own_identity(), is_held_back=is_only_looked_at("cluster"))


def _due(now: datetime) -> QuerySet[ClusterObservation]:
    """Return what is due by time, or because a run finished since the last look began.

    A cluster that asked for patience gets it, and one that is not well is left to the worker that
    tries it. A time beyond every pause is a wrong clock's.
    """
    patient = Q(cluster__condition=ClusterCondition.THROTTLED.value, cluster__retry_at__gt=now)
    wrong = Q(next_at__gt=now + timedelta(seconds=settings.OBSERVE_SECONDS) + LONGEST_PAUSE)
    finished = Run.objects.filter(
        namespace__cluster=OuterRef("cluster"), finished_at__gte=OuterRef("looked_at")
    )
    because_of_a_run = Q(Exists(finished), looked_at__lte=now - SHORTEST_PAUSE)
    by_time = Q(next_at=None) | Q(next_at__lte=now) | wrong
    rows = _free(now).filter(by_time | because_of_a_run)
    return rows.exclude(patient).exclude(turns.is_tried("cluster"))


def _look_at(row: ClusterObservation, clock: Clock) -> bool:
    """Claim, look and write down; False if somebody was faster. The row must be just read."""
    look = _claim(row, now=clock())
    if look is None:
        return False
    lists: ListReader | None = None
    with structlog.contextvars.bound_contextvars(cluster=look.cluster.name):
        try:
            lists = _lists(look, clock)
            if standing := _standing(look, lists.cluster):
                # First of all: a look that fails later must not keep it from being written.
                write_epoch(look.cluster, lists.cluster, standing)
            _look_at_guards(look, lists.cluster, now=clock())
            picture = _take(lists)
            _store(look, picture, now=clock())
            tell_reappeared(look.cluster, seen_since=look.began, now=clock())
            if look.cluster.condition == ClusterCondition.THROTTLED.value:
                failures.note_success(look.cluster, now=clock())
        except LostLook:
            log.info("another observer was faster")
        except UNUSABLE:
            raise  # the database's trouble, not the cluster's: there is nowhere to write it
        except Exception as error:  # noqa: BLE001 (judged and written down, or it is lost)
            _give_way(look, error, now=clock())
        if lists:  # a clock that jumped is a reason why a look is refused, too
            note_server_clock(look.cluster, lists.cluster, now=clock())
    return True


def _claim(row: Any, *, now: datetime) -> Look | None:
    """Take the cluster unless the row has been claimed since it was read: one of many wins.

    The row is a ClusterObservation with what `_free` reads beside it.
    """
    token = row.fencing_token + 1
    as_read = ClusterObservation.objects.filter(pk=row.pk, fencing_token=row.fencing_token)
    taken = {
        "fencing_token": token,
        "lease_until": now + LONGEST_LOOK,
        "lease_owner": worker_name(),
        "looked_at": now,
    }
    mine = as_read.filter(cluster__in=turns.well_clusters()).update(**taken)
    if not mine:
        with transaction.atomic():
            mine = turns.may_try(row.cluster_id) and as_read.update(**taken)
    if not mine:
        return None
    return Look(row.cluster, token, now, row.portal or "", row.is_held_back)


def _lists(look: Look, clock: Clock) -> ListReader:
    """Return what reads the cluster's lists. What is expected is read before the first of them."""
    expectations = expected_on(look.cluster, now=look.began)
    return ListReader(
        open_gateway(look.cluster),
        clock,
        look.began,
        expectations,
        unread_before=last_unread(look.cluster),
    )


def _standing(look: Look, cluster: ClusterGateway) -> ClusterStanding | None:
    """Return what the cluster says of itself; None where a break lets it only be looked at."""
    try:
        # What is read from here on was seen since the break, if one is found.
        portal = look.portal or portal_identity()
        standing = check_cluster(look.cluster, cluster, portal=portal, now=look.began)
    except WentBack as told:
        log.warning("only looked at", why=str(told))
        return None
    return None if look.is_held_back else standing


def _look_at_guards(look: Look, cluster: ClusterGateway, *, now: datetime) -> None:
    """Write down first how it is guarded: lists that grow too large must not hide that."""
    reading = look_twice_at_guards(cluster, look.cluster)
    with transaction.atomic():
        if look.row.select_for_update().first() is None:
            raise LostLook(look.cluster.name)
        note_reading(look.cluster, reading, began=look.began, now=now)


def _take(lists: ListReader) -> Observation:
    """List, compare and reduce. Policies come before pods: they say which labels count."""
    namespaces = lists.whole("Namespace", reduce_namespaces)
    lists.names = frozenset(namespaces)
    policies = lists.whole("NetworkPolicy", reduce_policies)
    keys = keys_selecting_pods(chain.from_iterable(policies.values()))
    pods = lists.whole("Pod", lambda listed: reduce_pods(listed, selected_by=keys))
    inventory, refused = Inventory(), []
    for kind in KINDS_BESIDE:
        try:
            lists.whole(kind, partial(inventory.take, kind))
        except AccessDenied:  # a role installed by an earlier release; what it hides is unknown
            refused.append(kind)
    inventory.unread = lists.unread
    return Observation(
        namespaces=tuple(
            replace(one, unread=lists.unread_in(one.name))
            for one in seen_namespaces(namespaces, policies, pods, inventory)
        ),
        policies=sum(map(len, policies.values())),
        pods=sum(classes.total() for classes in pods.values()),
        pages=lists.pages,
        foreign_kinds=_foreign_kinds(lists.cluster),
        unread_kinds=tuple(refused),
        expectations=lists.expectations,
    )


def _foreign_kinds(cluster: ClusterGateway) -> tuple[str, ...]:
    """Return the kinds that may override policies. Not being told means there may be any."""
    try:
        return find_policy_kinds(cluster)
    except AccessDenied:
        return (DISCOVERY_REFUSED,)


def _store(look: Look, picture: Observation, *, now: datetime) -> None:
    """Write what changed, so that a reader sees this picture or the one before, never both."""
    with transaction.atomic():
        rows = look.row.select_for_update(of=("self",)).select_related("cluster")
        row = rows.first()
        if row is None:
            raise LostLook(look.cluster.name)
        changed = write_namespaces(
            look.cluster, picture.namespaces, picture.expectations, began=look.began
        )
        changed = changed or [*picture.foreign_kinds] != row.foreign_kinds or row.seen_at is None
        look.release(
            next_at=look.began + timedelta(seconds=settings.OBSERVE_SECONDS),
            seen_at=look.began,
            version=row.version + int(changed),
            foreign_kinds=[*picture.foreign_kinds],
            unread_kinds=[*picture.unread_kinds],
            namespaces=len(picture.namespaces),
            policies=picture.policies,
            pods=picture.pods,
            requests=picture.pages,
            trouble="",
            failures=0,
            failed_looks=0,
        )
        failures.note_answer(row.cluster, now=now, after_failures=bool(row.trouble))
    log.debug("observed", changed=changed, pages=picture.pages, took=str(now - look.began))


def _give_way(look: Look, error: Exception, *, now: datetime) -> None:
    """Leave the last picture as it is; write down why there is no newer one."""
    trouble = failures.judge(error)
    is_known = trouble.condition is not None or not failures.is_a_bug(error)
    log.warning("not observed", error=str(error), exc_info=None if is_known else error)
    wait = _until_next(look, at_least=timedelta(seconds=trouble.retry_after))
    lost = failures.lost_line(error)
    at_once = trouble.condition is ClusterCondition.SLOW
    try:
        with transaction.atomic():
            look.release(
                next_at=now + wait,
                trouble=trouble.message if is_known else UNFORESEEN,
                failures=Coalesce("failures", 0) + 1 if lost else 0,
                failed_looks=Coalesce("failed_looks", 0) + 1,
            )
            in_a_row = look.row.values_list("failures", flat=True).get() or 0
            if lost and (at_once or in_a_row >= LOOKS_THAT_SET_A_CONDITION):
                failures.note_condition(look.cluster, lost.condition, lost.message, now=now)
            if isinstance(error, CredentialMisfit | OtherCluster) and trouble.condition:
                # No matter of a second look: these are no words of the registered cluster.
                failures.note_condition(look.cluster, trouble.condition, str(error), now=now)
            if trouble.condition is ClusterCondition.THROTTLED:
                _be_patient(look.cluster, trouble, now=now)
    except LostLook:
        log.info("another observer was faster")


def _until_next(look: Look, *, at_least: timedelta) -> timedelta:
    """Return when to look again after one that failed: work may wait for it.

    Sooner still if the one before was good: one answer may be anybody's.
    """
    longest = min(float(settings.OBSERVE_SECONDS), failures.LONGEST_CLUSTER_DELAY)
    usual = timedelta(seconds=longest)
    is_first = not look.row.exclude(trouble="").exists()
    return max(min(usual, FAILED_LOOK_AGAIN) if is_first else usual, at_least)


def _be_patient(cluster: Cluster, trouble: failures.Failure, *, now: datetime) -> None:
    """The cluster asks for patience: everything that is to be done there waits as long."""
    condition, wait = ClusterCondition.THROTTLED, trouble.retry_after
    failures.note_condition(cluster, condition, trouble.message, now=now, at_least=wait)
