"""What is wrong with the whole is found in the rows, with its bound; all else is no finding."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.demo.scenario import ask
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.observed import LONGEST_LOOK
from onboarding.domain.processes import ProcessKind
from onboarding.domain.wrong import Wrong
from onboarding.models import (
    Cluster,
    ClusterGuards,
    ClusterObservation,
    Heartbeat,
    HistoryBreak,
    ManagedNamespace,
    NamespaceObservation,
    Notice,
    OutboxEntry,
)
from onboarding.queries.health import Storing, health
from onboarding.queries.triggers import required_triggers
from onboarding.queries.wrongs import FoundWrong, wrongs
from onboarding.services.tell import tell_due
from tests.support.behind_the_portal import without_guards
from tests.support.database_roles import as_owner
from tests.support.earlier_database import drop, run
from tests.support.requests import spec_of, wanted

pytestmark = pytest.mark.usefixtures("cast", "cluster", "sweeping")
SECOND = timedelta(seconds=1)
STATEMENTS = 12


def lives(kind: ProcessKind, instance: str, *, at: datetime, **fields: object) -> Heartbeat:
    given = {"started_at": at, "seen_at": at, **fields}
    return Heartbeat.objects.create(kind=kind.value, instance=instance, **given)


@pytest.fixture
def sweeping(db: None, now: datetime, settings: Any) -> Heartbeat:
    """The least that has to run."""
    settings.REDIS_URL = ""
    return lives(ProcessKind.SWEEPER, "host:1", at=now)


def found(now: datetime) -> list[tuple[str, int]]:
    return [(one.what.value, one.many) for one in findings(now)]


def findings(now: datetime) -> list[FoundWrong]:
    return wrongs(health(now=now))


def settled(now: datetime, name: str = "payments-prod") -> ManagedNamespace:
    """A namespace that was read back whole just now."""
    row = wanted(spec_of(name, openings=()), now=now)
    ManagedNamespace.objects.filter(pk=row.pk).update(
        observed_generation=1, verified_at=now, next_at=now + timedelta(minutes=10)
    )
    return row


def change(**fields: object) -> None:
    with without_guards():
        ManagedNamespace.objects.update(**fields)


def broken(cluster: Cluster, now: datetime) -> HistoryBreak:
    return HistoryBreak.objects.create(cluster=cluster, kind="cluster-older", found_at=now)


def test_where_all_is_well_nothing_is_found(now: datetime) -> None:
    settled(now)
    assert found(now) == []


def test_as_many_statements_for_many_as_for_none(now: datetime, cluster: Cluster) -> None:
    with CaptureQueriesContext(connection) as made:
        health(now=now)
    few = len(made)
    settled(now)
    for number in range(4):
        Cluster.objects.create(name=f"dev-{number}", facts=cluster.facts, credential=b"x")
        lives(ProcessKind.WEB, f"host:{number}", at=now)
    with CaptureQueriesContext(connection) as made:
        health(now=now)
    assert (len(made), few) == (STATEMENTS, STATEMENTS)


class TestDatabase:
    def test_where_nothing_is_stored_nothing_is_said_of_those_that_cannot_be_heard(
        self, now: datetime
    ) -> None:
        Heartbeat.objects.update(seen_at=now - timedelta(minutes=5))
        [finding] = wrongs(health(now=now, storing=Storing("read-only", is_heard=False)))
        assert (finding.what, finding.detail) == (Wrong.UNSTORED, "read-only")
        assert finding.is_red

    def test_nor_before_they_had_time_to_say_that_they_live(self, now: datetime) -> None:
        Heartbeat.objects.update(seen_at=now - timedelta(minutes=5))
        assert wrongs(health(now=now, storing=Storing(is_heard=False))) == []

    def test_a_trigger_that_is_missing_is_found(self, now: datetime) -> None:
        trigger = required_triggers(connection.vendor, ["0002_guards"])[0]
        with as_owner():
            run(connection, drop(trigger))
        [finding] = findings(now)
        assert (finding.what, finding.is_red) == (Wrong.TRIGGERS, True)
        assert finding.detail == f"trigger {trigger.name} on {trigger.table} is missing"


class TestProcesses:
    @pytest.mark.parametrize(("silent", "expected"), [(1, ["no-sweeper"]), (0, [])])
    def test_a_sweeper_that_was_not_heard_of_for_half_a_minute_does_not_live(
        self, silent: int, expected: list[str], now: datetime
    ) -> None:
        later = now + (30 + silent) * SECOND
        assert [what for what, _ in found(later)] == expected

    def test_with_a_queue_worker_and_beat_have_to_live(self, now: datetime, settings: Any) -> None:
        settings.REDIS_URL = "redis://localhost"
        assert found(now) == [("beat-silent", 1), ("no-worker", 1)]
        lives(ProcessKind.WORKER, "host:2", at=now)
        assert found(now) == [("beat-silent", 1)]
        lives(ProcessKind.BEAT, "by its messages", at=now)
        assert found(now) == []

    def test_one_of_two_that_is_lost_is_named_until_another_takes_its_place(
        self, now: datetime
    ) -> None:
        lost = now - timedelta(minutes=2)
        lives(ProcessKind.SWEEPER, "host:0", at=lost)
        Heartbeat.objects.filter(instance="host:1").update(started_at=lost - SECOND)
        [finding] = findings(now)
        assert (finding.what, finding.detail) == (Wrong.PROCESS_LOST, "sweeper host:0")
        Heartbeat.objects.filter(instance="host:1").update(started_at=now)
        assert found(now) == []

    @pytest.mark.parametrize(("ago", "many"), [(401, 1), (400, 0)])
    def test_a_loop_that_does_not_come_round_hangs(
        self, ago: int, many: int, now: datetime, sweeping: Heartbeat
    ) -> None:
        turned = now - ago * SECOND
        turns = {"observe": {"at": turned.isoformat(), "within": 400}}
        Heartbeat.objects.update(turns=turns)
        assert [(one.what, one.since) for one in findings(now)] == [
            (Wrong.LOOP_HANGS, turned)
        ] * many

    def test_the_only_worker_that_hangs_is_told_although_beat_is_not_heard_by_it(
        self, now: datetime, settings: Any
    ) -> None:
        settings.REDIS_URL = "redis://localhost"
        turns = {"consumer": {"at": (now - 61 * SECOND).isoformat(), "within": 60}}
        lives(ProcessKind.WORKER, "host:2", at=now, turns=turns)
        lives(ProcessKind.BEAT, "by its messages", at=now - 40 * SECOND)
        assert found(now) == [("beat-silent", 1), ("loop-hangs", 1)]

    @pytest.mark.parametrize(("ago", "expected"), [(30, []), (31, ["no-sweeper"])])
    def test_a_restart_is_no_outage_unless_nothing_starts(
        self, ago: int, expected: list[str], now: datetime
    ) -> None:
        at = now - ago * SECOND
        Heartbeat.objects.update(seen_at=at, ended_at=at)
        assert [what for what, _ in found(now)] == expected

    def test_who_ended_in_order_is_not_lost(self, now: datetime) -> None:
        long_ago = now - timedelta(minutes=2)
        lives(ProcessKind.WEB, "host:2", at=long_ago, ended_at=long_ago, release="1.2", ahead=60)
        Heartbeat.objects.filter(instance="host:1").update(release="1.3")
        assert found(now) == []

    @pytest.mark.parametrize("days", [2, -2])
    def test_a_heartbeat_of_another_time_is_no_life(self, days: int, now: datetime) -> None:
        Heartbeat.objects.update(seen_at=now + timedelta(days=days))
        assert [what for what, _ in found(now)] == ["no-sweeper"]

    @pytest.mark.parametrize(("ahead", "said"), [(6, "+6 s"), (-3600, "-3600 s"), (5, None)])
    def test_a_host_whose_clock_is_off_is_named(
        self, ahead: float, said: str | None, now: datetime
    ) -> None:
        Heartbeat.objects.update(ahead=ahead)
        expected = [(Wrong.CLOCK, f"sweeper host:1: {said}")] if said else []
        assert [(one.what, one.detail) for one in findings(now)] == expected
        assert not [one for one in findings(now) if one.is_red]

    def test_processes_of_two_releases_are_named(self, now: datetime) -> None:
        Heartbeat.objects.update(release="1.2")
        lives(ProcessKind.WEB, "host:2", at=now, release="")
        assert found(now) == []
        lives(ProcessKind.WEB, "host:3", at=now, release="1.3")
        assert [one.detail for one in findings(now)] == ["1.2, 1.3"]


class TestWork:
    @pytest.mark.parametrize(("after", "expected"), [(46, [("approved-not-done", 1)]), (45, [])])
    def test_what_was_approved_has_to_be_done_soon(
        self, after: int, expected: list[tuple[str, int]], now: datetime
    ) -> None:
        wanted(now=now)
        change(next_at=now + timedelta(hours=1))
        Heartbeat.objects.update(seen_at=now + after * SECOND)
        assert found(now + after * SECOND) == expected

    @pytest.mark.parametrize(
        "fields",
        [
            {"observed_generation": 1},
            {"state": NamespaceState.BLOCKED.value, "reason": "taken"},
            {"waiting_since": datetime.fromisoformat("2026-11-24T09:00:10Z")},
        ],
    )
    def test_what_is_done_blocked_or_waited_for_is_not_owed(
        self, fields: dict[str, object], now: datetime
    ) -> None:
        wanted(now=now)
        change(next_at=None, **fields)
        Heartbeat.objects.update(seen_at=now + 60 * SECOND)
        assert Wrong.UNDONE not in {one.what for one in findings(now + 60 * SECOND)}

    def test_work_that_nobody_takes_is_late(self, now: datetime) -> None:
        settled(now)
        change(next_at=now - 120 * SECOND)
        assert found(now) == []
        change(next_at=now - 121 * SECOND)
        [finding] = findings(now)
        assert (finding.what, finding.since) == (Wrong.OVERDUE, now - 121 * SECOND)

    def test_what_is_late_on_a_cluster_that_is_only_looked_at_is_nobodys_work(
        self, now: datetime, cluster: Cluster
    ) -> None:
        settled(now)
        ManagedNamespace.objects.update(verified_at=now - timedelta(hours=1))
        wanted(spec_of("payments-new", openings=()), now=now - timedelta(hours=1))
        change(next_at=now - timedelta(minutes=5))
        late = ["approved-not-done", "looks-late", "work-overdue"]
        assert sorted(what for what, _ in found(now)) == late
        broken(cluster, now)
        assert found(now) == [("only-looked-at", 1)]

    @pytest.mark.parametrize(("ago", "many"), [(720, 1), (719, 0)])
    def test_what_was_not_compared_in_its_time_is_late(
        self, ago: int, many: int, now: datetime, cluster: Cluster
    ) -> None:
        settled(now)
        settled(now, "payments-live")
        ManagedNamespace.objects.filter(name="payments-live").update(verified_at=now - ago * SECOND)
        assert found(now) == [("looks-late", 1)] * many
        [each] = health(now=now).clusters
        assert each.namespaces.needed_per_minute == pytest.approx(0.2)
        assert each.namespaces.reached_per_minute == pytest.approx(0.1)


class TestClusters:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"condition": "unreachable"}, "cluster-unusable"),
            ({"condition": "unauthorized"}, "cluster-unusable"),
            ({"condition": "untrusted"}, "cluster-unusable"),
            ({"condition": "throttled"}, "cluster-asks-for-patience"),
            ({"last_seen_at": datetime.fromisoformat("2026-11-24T08:54:59Z")}, "cluster-unusable"),
        ],
    )
    def test_a_cluster_that_is_not_well_is_found(
        self, fields: dict[str, object], expected: str, now: datetime
    ) -> None:
        Cluster.objects.update(**fields)
        assert found(now) == [(expected, 1)]

    @pytest.mark.parametrize(
        ("failed", "ago", "expected"),
        [
            (1, 0, Wrong.LOOK_FAILED),
            (1, 29, Wrong.LOOK_FAILED),
            (1, 30, Wrong.CLUSTER),
            (2, 0, Wrong.CLUSTER),
            (None, 0, Wrong.CLUSTER),
        ],
    )
    def test_one_look_that_failed_is_no_outage_and_a_second_one_is(
        self, failed: int | None, ago: int, expected: Wrong, now: datetime, cluster: Cluster
    ) -> None:
        ClusterObservation.objects.create(
            cluster=cluster,
            seen_at=now - 90 * SECOND,
            looked_at=now - ago * SECOND,
            trouble="timed out",
            failed_looks=failed,
        )
        [finding] = findings(now)
        assert (finding.what, finding.detail) == (expected, "timed out")
        assert finding.is_red == (expected is Wrong.CLUSTER)

    def test_an_old_picture_is_found(self, now: datetime, cluster: Cluster) -> None:
        Cluster.objects.update(last_seen_at=now)
        row = ClusterObservation.objects.create(cluster=cluster, seen_at=now - 270 * SECOND)
        assert found(now) == []
        ClusterObservation.objects.filter(pk=row.pk).update(seen_at=now - 271 * SECOND)
        assert found(now) == [("observation-old", 1)]

    def test_looks_that_take_as_long_as_they_may_are_no_finding(
        self, now: datetime, cluster: Cluster
    ) -> None:
        """At the end of a look, the picture before it is as old as two of them."""
        began = now - LONGEST_LOOK - timedelta(seconds=60)
        ClusterObservation.objects.create(cluster=cluster, seen_at=began)
        assert found(now) == []

    @pytest.mark.parametrize(("ahead", "many"), [(6, 1), (-6, 1), (5, 0)])
    def test_a_cluster_whose_clock_is_off_is_found(
        self, ahead: int, many: int, now: datetime
    ) -> None:
        Cluster.objects.update(clock_showed=now + ahead * SECOND, clock_read_at=now)
        assert found(now) == [("clock-differs", 1)] * many

    def test_a_cluster_that_is_only_looked_at_is_found(
        self, now: datetime, cluster: Cluster
    ) -> None:
        row = broken(cluster, now)
        assert [(one.what, one.since) for one in findings(now)] == [(Wrong.ONLY_LOOKED_AT, now)]
        HistoryBreak.objects.filter(pk=row.pk).update(settled_at=now)
        assert found(now) == []

    @pytest.mark.parametrize(("hours", "many"), [(9.5, 1), (9.7, 0), (-1, 1)])
    def test_a_credential_that_was_not_renewed_is_found_hours_before_its_end(
        self, hours: float, many: int, now: datetime
    ) -> None:
        Cluster.objects.update(credential_expires_at=now + timedelta(hours=hours))
        assert found(now) == [("credential-ends", 1)] * many

    def test_a_renewal_that_is_refused_is_found_at_once(self, now: datetime) -> None:
        Cluster.objects.update(
            credential_expires_at=now + timedelta(hours=20),
            renewal_refused_at=now,
            renewal_refused_with="forbidden",
        )
        assert [(one.what, one.detail) for one in findings(now)] == [
            (Wrong.CREDENTIAL_ENDS, "forbidden")
        ]

    def test_guards_that_are_missing_or_unknown_are_found(
        self, now: datetime, cluster: Cluster
    ) -> None:
        row = ClusterGuards.objects.create(cluster=cluster, differing=["x is missing"], since=now)
        assert [(one.what, one.detail) for one in findings(now)] == [
            (Wrong.UNGUARDED, "x is missing")
        ]
        ClusterGuards.objects.filter(pk=row.pk).update(differing=None, unread="forbidden")
        assert found(now) == [("guards-unknown", 1)]

    def test_of_a_closed_cluster_nothing_is_said(self, now: datetime) -> None:
        Cluster.objects.update(condition="unreachable", closed_at=now)
        assert found(now) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": "blocked", "reason": "taken"}, ("blocked", 1)),
        ({"stuck_at": datetime.fromisoformat("2026-11-24T08:00:00Z")}, ("stuck", 1)),
        ({"state": "drifted"}, ("drifted", 1)),
    ],
)
def test_namespaces_that_need_somebody_are_counted(
    fields: dict[str, object], expected: tuple[str, int], now: datetime
) -> None:
    settled(now)
    change(**fields)
    assert found(now) == [expected]


def test_namespaces_too_large_to_be_read_are_counted(now: datetime, cluster: Cluster) -> None:
    NamespaceObservation.objects.create(cluster=cluster, name="big", digest="", unread=["Pod"])
    assert found(now) == [("unread", 1)]


@pytest.fixture
def later(now: datetime, sweeping: Heartbeat) -> Callable[[timedelta], list[FoundWrong]]:
    """Return what is found about mails that much later."""

    def look(after: timedelta) -> list[FoundWrong]:
        return [one for one in findings(now + after) if one.what is Wrong.MAIL]

    return look


def test_mails_that_do_not_go_out_are_found_after_ten_minutes(
    now: datetime, later: Callable[[timedelta], list[FoundWrong]]
) -> None:
    ask(spec_of(), now=now)
    tell_due(now=now)
    Notice.objects.filter(person__username="dana").update(attempts=1, failed="450 no")
    assert later(timedelta(minutes=10)) == []
    (one,) = later(timedelta(minutes=10, seconds=1))
    assert (one.many, one.since, one.detail, one.is_red) == (1, now, "450 no", False)
    Notice.objects.update(mail_at=None)
    assert later(timedelta(hours=1)) == []


def test_a_mail_that_was_given_up_is_found_for_a_day(
    now: datetime, later: Callable[[timedelta], list[FoundWrong]]
) -> None:
    ask(spec_of(), now=now)
    tell_due(now=now)
    Notice.objects.filter(person__username="dana").update(gave_up_at=now, mail_at=None)
    assert len(later(timedelta(hours=23))) == 1
    assert later(timedelta(days=1)) == []


def test_events_that_could_not_be_passed_on_are_found(now: datetime) -> None:
    ask(spec_of(), now=now)
    assert found(now) == []
    OutboxEntry.objects.update(attempts=1)
    assert found(now) == [("mail-not-delivered", 1)]
