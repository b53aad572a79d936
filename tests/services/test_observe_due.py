"""When a cluster is looked at: every half minute, soon after a run, by one observer at a time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from onboarding import tasks
from onboarding.cluster.errors import ClusterError, Unreachable
from onboarding.domain.objects import Key
from onboarding.management.commands.reconcile import start_loops
from onboarding.models import Cluster, ClusterObservation, NamespaceObservation, Run
from onboarding.queries.observed import observed_world
from onboarding.services import observe as observing
from onboarding.services.loops import Loops
from onboarding.services.observe import (
    LONGEST_LOOK,
    SHORTEST_PAUSE,
    observe,
    observe_all,
    observe_due,
)
from tests.support import live_portal
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look
from tests.support.real_database import LONGEST_SECONDS, at_once, committed
from tests.support.requests import wanted, work_on

pytestmark = pytest.mark.usefixtures("cast")
EVERY = timedelta(seconds=30)


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster with two namespaces that nobody asked the portal for."""
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return lived_in(fake)


def due(at: datetime) -> int:
    return observe_due(clock=lambda: at)


def test_a_cluster_is_due_at_first_and_then_every_half_minute(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    assert due(now) == 1
    assert due(now + EVERY - timedelta(seconds=1)) == 0
    assert due(now + EVERY) == 1


def test_a_cluster_without_a_credential_is_never_due(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    for at in (now, now + EVERY):
        Cluster.objects.filter(pk=cluster.pk).update(credential=None)
        assert (due(at), observe_all(clock=lambda: now)) == (0, 0)
        Cluster.objects.filter(pk=cluster.pk).update(credential=b"sealed")
        assert due(at) == 1


def test_a_finished_run_makes_its_cluster_due_seconds_later(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    due(now)
    finished_at = now + timedelta(seconds=1)
    ready = work_on(wanted(now=finished_at), now=finished_at)
    assert Run.objects.get().finished_at == finished_at
    assert due(finished_at) == 0
    assert due(now + SHORTEST_PAUSE) == 1
    observed = observed_world(cluster)
    assert observed is not None
    assert ready.name in observed.world.namespaces
    assert due(now + 2 * SHORTEST_PAUSE) == 0


def test_a_finished_run_does_not_make_a_dead_cluster_due_again_and_again(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    work_on(wanted(now=now), now=now)
    fake.go_down(Unreachable("connection refused"))
    later = now + EVERY
    assert due(later) == 1
    assert due(later + SHORTEST_PAUSE) == 0


def test_looking_at_all_does_not_ask_whether_they_are_due(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    due(now)
    assert observe_all(clock=lambda: now) == 1


def test_nobody_looks_where_somebody_looks_until_that_one_is_given_up(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    due(now)
    ClusterObservation.objects.update(lease_until=now + LONGEST_LOOK)
    assert due(now + EVERY) == 0
    assert observe(cluster.pk, clock=lambda: now + EVERY) is False
    assert due(now + LONGEST_LOOK + EVERY) == 1


def test_an_observer_that_lost_its_lease_writes_nothing(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen while it listed: what it saw is older than what is stored by now."""

    def meanwhile(portal: FakeCluster) -> tuple[str, ...]:
        monkeypatch.setattr(observing, "find_policy_kinds", lambda _portal: ())
        ClusterObservation.objects.update(lease_until=now)
        fake.remove(Key("Namespace", "", "legacy"))
        assert observe(cluster.pk, clock=lambda: now + EVERY)
        return ()

    monkeypatch.setattr(observing, "find_policy_kinds", meanwhile)
    seen = look(cluster, now)
    assert (seen.seen_at, seen.version) == (now + EVERY, 1)
    assert [*NamespaceObservation.objects.values_list("name", flat=True)] == ["monitoring"]


def test_an_observer_that_lost_its_lease_reports_no_trouble(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(portal: FakeCluster) -> tuple[str, ...]:
        ClusterObservation.objects.update(fencing_token=99)
        raise ClusterError("old news")

    monkeypatch.setattr(observing, "find_policy_kinds", too_late)
    assert look(cluster, now).trouble == ""


def test_one_dead_cluster_keeps_no_other_waiting(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Cluster.objects.create(name="dev-us", api_server="https://x", credential=b"sealed")
    dead = FakeCluster()
    dead.go_down(Unreachable("connection refused"))
    doors = {cluster.pk: dead, other.pk: fake}
    monkeypatch.setattr(observing, "open_gateway", lambda row: doors[row.pk])
    assert due(now) == 2
    assert other.observation.seen_at == now
    assert cluster.observation.trouble == "connection refused"


def test_reconcile_without_a_loop_looks_at_every_cluster_once_due_or_not(
    fake: FakeCluster, cluster: Cluster
) -> None:
    for _ in range(2):
        call_command("reconcile")
    assert [verb for verb, _ in fake.log].count("served_kinds") == 2
    assert ClusterObservation.objects.get().trouble == ""


def test_beat_asks_often_enough_for_the_task_that_looks_at_what_is_due(
    fake: FakeCluster, cluster: Cluster, settings: Any
) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["observe"]
    assert entry["schedule"] <= settings.OBSERVE_SECONDS
    assert entry["task"] == tasks.observe.name
    for _ in range(2):
        tasks.observe()
    assert [verb for verb, _ in fake.log].count("served_kinds") == 1


class TestAtOnce:
    """Two observers on a database of their own, let go together."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def real_database(self, transactional_db: None, tmp_path: Path) -> Iterator[None]:
        with committed(tmp_path):
            yield

    def test_of_many_observers_one_does_the_work(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        answers = at_once([partial(due, now)] * 6)
        assert sorted(answers) == [0, 0, 0, 0, 0, 1]  # type: ignore[type-var]
        epoch = ["named_namespaces", "annotate", "named_namespaces"]
        guards = [*["list"] * 2, *["get"] * 3]
        lists = [*["list"] * 15, "served_kinds"]
        assert [verb for verb, _ in fake.log] == [*epoch, *guards, *lists]
        assert ClusterObservation.objects.get().version == 1

    def test_the_sweeper_observes_beside_its_other_work_until_it_is_stopped(
        self, fake: FakeCluster, cluster: Cluster, settings: Any
    ) -> None:
        settings.SWEEP_SECONDS = 0.01
        loops = Loops()
        start_loops(loops, workers=1)
        live_portal.wait_for(lambda: bool(fake.log), "the sweeper has looked")
        loops.stopping.set()
        loops.join(within=LONGEST_SECONDS)
        assert not any(thread.is_alive() for thread in loops.threads)
        assert ClusterObservation.objects.get().version == 1
