"""What of the portal's health is wrong: the one place that judges, for page, metrics and alerts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.domain.processes import ProcessKind
from onboarding.domain.wrong import ONLY_WARNED_OF, Wrong
from onboarding.models import Cluster
from onboarding.queries.clusters import ClusterTruth, longest_unseen
from onboarding.queries.health import ClusterHealth, Health
from onboarding.queries.processes import ProcessTruth, missing_kinds

MISSING = {
    ProcessKind.SWEEPER: Wrong.NO_SWEEPER,
    ProcessKind.WORKER: Wrong.NO_WORKER,
    ProcessKind.BEAT: Wrong.BEAT_SILENT,
}
# A second look follows sooner: one that failed alone may be chance, and two are not.
FAILED_FOR = timedelta(seconds=30)
# A token is renewed at half of its life: with so little left, that has failed for hours.
TOKEN_PART_LEFT = 0.4


@dataclass(frozen=True)
class FoundWrong:
    """Something that is wrong: where, since when as far as is known, how often, and in what words.

    `cluster` is None for what concerns the whole portal. `detail` are names or a server's words.
    """

    what: Wrong
    cluster: Cluster | None = None
    since: datetime | None = None
    many: int = 1
    detail: str = ""

    @property
    def is_red(self) -> bool:
        """Tell whether something that was promised is broken by it."""
        return self.what not in ONLY_WARNED_OF


def wrongs(known: Health) -> list[FoundWrong]:
    """Return everything that is wrong, red first. No statement."""
    found = [
        *_of_database(known),
        *_of_mail(known),
        *(_of_processes(known) if known.storing.is_heard else ()),
        *(one for each in known.clusters for one in _of(each, known)),
    ]
    return sorted(found, key=lambda finding: not finding.is_red)


def _of_database(known: Health) -> Iterator[FoundWrong]:
    if known.storing.why:
        yield FoundWrong(Wrong.UNSTORED, detail=known.storing.why)
    if known.lacking:
        yield FoundWrong(Wrong.TRIGGERS, detail="; ".join(known.lacking))


def _of_mail(known: Health) -> Iterator[FoundWrong]:
    if known.mail.many:
        found = known.mail
        yield FoundWrong(Wrong.MAIL, since=found.since, many=found.many, detail=found.words)


def _of_processes(known: Health) -> Iterator[FoundWrong]:
    """Yield what heartbeats tell, in a time in which they can be written."""
    missing = dict(missing_kinds(known.processes))
    for kind, seen_at in missing.items():
        yield FoundWrong(MISSING[kind], since=seen_at)
    for one in known.processes:
        for loop in one.hanging:
            yield FoundWrong(Wrong.LOOP_HANGS, since=loop.at, detail=f"{loop.name}, {_name(one)}")
        if one.lives and one.ahead:
            yield FoundWrong(Wrong.CLOCK, detail=f"{_name(one)}: {_seconds(one.ahead)}")
        if _is_lost(one) and one.kind not in {*missing, ProcessKind.BEAT}:
            yield FoundWrong(Wrong.PROCESS_LOST, since=one.seen_at, detail=_name(one))
    releases = {one.release for one in known.processes if one.lives}
    if len(releases - {""}) > 1:
        yield FoundWrong(Wrong.RELEASES_DIFFER, detail=", ".join(sorted(releases - {""})))


def _is_lost(process: ProcessTruth) -> bool:
    """Tell whether it ended without a word, and nothing came in its place."""
    return process.is_silent and process.ended_at is None and not process.is_replaced


def _seconds(ahead: timedelta) -> str:
    return f"{ahead.total_seconds():+.0f} s"


def _name(process: ProcessTruth) -> str:
    return f"{process.kind} {process.instance}"


def _of(each: ClusterHealth, known: Health) -> Iterator[FoundWrong]:
    yield from _of_line(each, known.now)
    yield from _of_work(each, known.now)
    yield from _of_namespaces(each)


def _of_line(each: ClusterHealth, now: datetime) -> Iterator[FoundWrong]:
    """Yield what is wrong between the portal and a cluster."""
    cluster, truth = each.cluster, each.truth
    if truth.state == ClusterCondition.THROTTLED:
        yield FoundWrong(Wrong.PATIENCE, cluster, truth.since, detail=cluster.condition_message)
    elif _may_be_chance(truth, now):
        yield FoundWrong(Wrong.LOOK_FAILED, cluster, truth.since, detail=truth.trouble)
    elif not truth.is_well and truth.state != "unseen":
        words = cluster.condition_message or truth.trouble
        yield FoundWrong(Wrong.CLUSTER, cluster, truth.since, detail=words)
    if each.seen_at and now - each.seen_at > longest_unseen():
        yield FoundWrong(Wrong.OBSERVATION_OLD, cluster, each.seen_at, detail=truth.trouble)
    if each.broken_at:
        yield FoundWrong(Wrong.ONLY_LOOKED_AT, cluster, each.broken_at)
    if cluster.clock_ahead:
        yield FoundWrong(Wrong.CLOCK, cluster, detail=_seconds(cluster.clock_ahead))
    yield from _of_credential(cluster, now)
    yield from _of_guards(each)


def _may_be_chance(truth: ClusterTruth, now: datetime) -> bool:
    """Tell whether a single look has failed, and that a moment ago."""
    if truth.state != "look-failed" or truth.failed_at is None:
        return False
    return truth.failed_looks == 1 and now - truth.failed_at < FAILED_FOR


def _of_guards(each: ClusterHealth) -> Iterator[FoundWrong]:
    cluster = each.cluster
    if each.guards.is_unguarded:
        words = "; ".join(each.guards.findings)
        yield FoundWrong(Wrong.UNGUARDED, cluster, each.guards.since, detail=words)
    elif each.guards.is_unknown:
        yield FoundWrong(Wrong.GUARDS_UNKNOWN, cluster, detail=each.guards.unread)


def _of_credential(cluster: Cluster, now: datetime) -> Iterator[FoundWrong]:
    """Yield that a credential ends: its renewal is refused, or has not happened for hours."""
    ends_at, refused_at = cluster.credential_expires_at, cluster.renewal_refused_at
    life = timedelta(hours=settings.TOKEN_HOURS)
    if refused_at:
        words = cluster.renewal_refused_with or ""
        yield FoundWrong(Wrong.CREDENTIAL_ENDS, cluster, refused_at, detail=words)
    elif ends_at and ends_at - now < TOKEN_PART_LEFT * life:
        yield FoundWrong(Wrong.CREDENTIAL_ENDS, cluster, detail=ends_at.isoformat())


def _of_work(each: ClusterHealth, now: datetime) -> Iterator[FoundWrong]:
    """Yield what was to be done on a cluster and was not."""
    undone, counted = each.undone, each.namespaces
    if undone.since and now - undone.since > timedelta(seconds=settings.UNDONE_SECONDS):
        yield FoundWrong(Wrong.UNDONE, each.cluster, undone.since, undone.many)
    if each.overdue and each.overdue > timedelta(seconds=settings.OVERDUE_SECONDS):
        yield FoundWrong(Wrong.OVERDUE, each.cluster, now - each.overdue)
    if counted.late and not each.broken_at:
        yield FoundWrong(Wrong.LOOKS_LATE, each.cluster, counted.oldest, counted.late)


def _of_namespaces(each: ClusterHealth) -> Iterator[FoundWrong]:
    for reason, many in sorted(each.blocked.items()):
        yield FoundWrong(Wrong.BLOCKED, each.cluster, many=many, detail=reason)
    counted = {
        Wrong.STUCK: each.namespaces.stuck,
        Wrong.DRIFTED: each.namespaces.drifted,
        Wrong.UNREAD: each.unread,
    }
    for what, many in counted.items():
        if many:
            yield FoundWrong(what, each.cluster, many=many)
