"""Whose turn it is: fair between clusters, people before chores, one try where all is not well."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Q
from django.db.models.functions import Now

from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, User
from onboarding.services import observe as observing
from onboarding.services import turns
from onboarding.services.claim import Claim, claim
from onboarding.services.clock import database_now
from onboarding.services.observe import observe_due
from tests.support.fake_cluster import FakeCluster
from tests.support.real_database import at_once, committed
from tests.support.requests import lose_worker, make_due, spec_of, wanted

SLOW = ClusterCondition.SLOW.value
SECOND = timedelta(seconds=1)
ILL = [condition for condition in ClusterCondition if condition is not ClusterCondition.OK]


def due(name: str, *, now: datetime, on: str = "dev-eu", since: int = 1) -> ManagedNamespace:
    """A namespace that is approved, and due for so many seconds."""
    namespace = wanted(spec_of(name, cluster=on, openings=()), now=now)
    make_due(namespace)
    ManagedNamespace.objects.filter(pk=namespace.pk).update(next_at=Now() - since * SECOND)
    return namespace


def chore(name: str, *, now: datetime, on: str = "dev-eu", since: int = 3600) -> ManagedNamespace:
    """One that is as approved, and due to be looked at again for an hour."""
    namespace = due(name, now=now, on=on, since=since)
    rows = ManagedNamespace.objects.filter(pk=namespace.pk)
    rows.update(observed_generation=F("generation"))
    return namespace


def another_cluster(like: Cluster, name: str = "dev-us") -> Cluster:
    address = f"https://{name}.example:6443"
    return Cluster.objects.create(
        name=name, api_server=address, facts=like.facts, credential=b"sealed"
    )


def claimed(times: int) -> list[str]:
    held = [claim("worker-1") for _ in range(times)]
    return [one.namespace.name if one else "" for one in held]


@pytest.mark.usefixtures("cast", "cluster")
class TestOfWhatIsDue:
    def test_what_people_wait_for_goes_before_a_backlog_of_chores(self, now: datetime) -> None:
        for number in range(3):
            chore(f"old-{number}", now=now)
        due("fresh", now=now)
        assert claimed(1) == ["fresh"]

    def test_chores_leave_a_claim_to_what_people_wait_for(self, now: datetime) -> None:
        for number in range(3):
            chore(f"old-{number}", now=now)
        assert claimed(3) == ["old-0", "", ""]
        due("fresh", now=now)
        assert claimed(2) == ["fresh", ""]

    def test_a_cluster_that_may_have_one_claim_has_chores_done_too(
        self, settings: Any, now: datetime
    ) -> None:
        settings.CLUSTER_CONCURRENCY = 1
        chore("old", now=now)
        assert claimed(2) == ["old", ""]

    def test_where_least_is_done_goes_before_what_is_due_longer(
        self, settings: Any, cluster: Cluster, now: datetime
    ) -> None:
        settings.CLUSTER_CONCURRENCY = 3
        other = another_cluster(cluster).name
        for number in range(3):
            due(f"here-{number}", now=now, since=60 - number)
        due("there", now=now, on=other)
        assert claimed(3) == ["here-0", "there", "here-1"]

    def test_another_clusters_work_is_taken_while_one_is_at_its_bound(
        self, cluster: Cluster, now: datetime
    ) -> None:
        other = another_cluster(cluster).name
        for number in range(3):
            due(f"here-{number}", now=now, since=60 - number)
        chore("there", now=now, on=other)
        assert sorted(claimed(4)) == ["", "here-0", "here-1", "there"]

    def test_who_asks_for_what_people_wait_for_gets_no_chore(self, now: datetime) -> None:
        chore("old", now=now)
        assert claim("worker-1", awaited_only=True) is None
        due("fresh", now=now)
        held = claim("worker-1", awaited_only=True)
        assert held is not None
        assert held.namespace.name == "fresh"


@pytest.mark.usefixtures("cast", "cluster")
class TestWhereAllIsNotWell:
    @pytest.mark.parametrize("condition", ILL)
    def test_one_worker_at_a_time_tries_it(
        self, condition: ClusterCondition, now: datetime
    ) -> None:
        first, second = due("one", now=now), due("two", now=now)
        Cluster.objects.update(condition=condition.value, retry_at=Now() - SECOND)
        assert claimed(2) == ["one", ""]
        lose_worker(first)
        ManagedNamespace.objects.filter(pk=first.pk).update(next_at=None)
        assert claimed(2) == [second.name, ""]

    def test_what_was_tried_longest_ago_is_tried_next_whoever_waits(self, now: datetime) -> None:
        chore("old", now=now)
        due("fresh", now=now)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        assert claimed(1) == ["old"]

    def test_no_worker_tries_it_while_somebody_looks_at_it(
        self, cluster: Cluster, now: datetime
    ) -> None:
        due("one", now=now)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        row = ClusterObservation.objects.create(cluster=cluster, lease_until=Now() + 60 * SECOND)
        assert claimed(1) == [""]
        ClusterObservation.objects.filter(pk=row.pk).update(lease_until=Now() + 60 * 60 * SECOND)
        assert claimed(1) == ["one"]  # as no right clock says

    def test_a_look_at_a_cluster_that_is_well_keeps_no_worker_away(
        self, cluster: Cluster, now: datetime
    ) -> None:
        due("one", now=now)
        ClusterObservation.objects.create(cluster=cluster, lease_until=Now() + 60 * SECOND)
        assert claimed(1) == ["one"]

    def test_the_work_of_a_cluster_that_is_well_goes_first(
        self, cluster: Cluster, now: datetime
    ) -> None:
        due("ill", now=now, since=60)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        chore("well", now=now, on=another_cluster(cluster).name, since=1)
        assert claimed(2) == ["well", "ill"]

    def test_however_many_are_ill_few_workers_try_them(
        self, cluster: Cluster, now: datetime
    ) -> None:
        for number in range(4):
            due(f"ill-{number}", now=now, on=another_cluster(cluster, f"ill-{number}").name)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        assert claimed(3) == ["ill-0", "ill-1", ""]
        Cluster.objects.filter(name="ill-2").update(condition="ok", retry_at=None)
        assert claimed(2) == ["ill-2", ""]


@pytest.mark.usefixtures("cast", "cluster")
class TestLooks:
    @pytest.fixture(autouse=True)
    def observed(self, fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)

    def test_nobody_looks_where_a_worker_tries_what_is_not_well(self, now: datetime) -> None:
        namespace = due("one", now=now)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        assert claimed(1) == ["one"]
        assert observe_due(clock=lambda: now) == 0
        lose_worker(namespace)
        assert observe_due(clock=lambda: now) == 1

    def test_what_a_worker_tries_is_due_to_be_looked_at_afterwards(
        self, cluster: Cluster, now: datetime
    ) -> None:
        namespace = due("one", now=now)
        ClusterObservation.objects.create(cluster=cluster)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        assert claimed(1) == ["one"]
        assert observing._due(now).count() == 0
        lose_worker(namespace)
        assert observing._due(now).count() == 1

    def test_who_finds_a_cluster_taken_goes_to_another(
        self, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        due("here", now=now)
        due("there", now=now, on=another_cluster(cluster).name)
        free = turns.take
        monkeypatch.setattr(turns, "take", lambda where: free(where & ~Q(pk=cluster.pk)))
        assert claimed(2) == ["there", ""]

    def test_a_hint_of_what_is_not_due_keeps_nobody_from_its_cluster(
        self, cluster: Cluster, now: datetime
    ) -> None:
        row = due("here", now=now)
        asked = turns.where_due(Q(pk=row.pk))
        assert turns.take(asked) == cluster.pk
        ManagedNamespace.objects.update(next_at=Now() + 60 * SECOND)
        assert turns.take(asked) is None

    def test_a_worker_keeps_nobody_from_looking_at_what_is_well(self, now: datetime) -> None:
        due("one", now=now)
        assert claimed(1) == ["one"]
        assert observe_due(clock=lambda: now) == 1

    def test_a_worker_that_was_faster_is_noticed_as_the_look_begins(
        self, cluster: Cluster, now: datetime
    ) -> None:
        due("one", now=now)
        row = ClusterObservation.objects.create(cluster=cluster)
        Cluster.objects.update(condition=SLOW, retry_at=Now() - SECOND)
        assert claimed(1) == ["one"]
        assert observing._look_at(row, lambda: now) is False

    def test_what_is_well_is_looked_at_first_and_few_look_at_what_is_ill(
        self, fake: FakeCluster, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ill = [another_cluster(cluster, f"ill-{number}") for number in range(3)]
        Cluster.objects.exclude(pk=cluster.pk).update(condition=SLOW, retry_at=Now())
        looked: list[str] = []
        monkeypatch.setattr(observing, "open_gateway", lambda row: looked.append(row.name) or fake)
        later = Now() + 60 * SECOND
        for row in ill[:2]:
            ClusterObservation.objects.create(cluster=row, lease_until=later)
        observe_due(clock=database_now)
        assert looked == ["dev-eu"]
        ClusterObservation.objects.update(lease_until=None, next_at=None)
        observe_due(clock=database_now)
        assert (looked[1], sorted(looked[2:])) == ("dev-eu", ["ill-0", "ill-1", "ill-2"])


class TestAtOnce:
    """Workers on a database of their own, let go together."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def real_database(self, transactional_db: None, tmp_path: Path) -> Iterator[None]:
        with committed(tmp_path):
            yield

    @pytest.mark.parametrize(
        ("condition", "most"), [(ClusterCondition.OK, 2), (ClusterCondition.SLOW, 1)]
    )
    def test_workers_that_come_together_take_no_more_than_one_does(
        self,
        cast: dict[str, User],
        cluster: Cluster,
        now: datetime,
        condition: ClusterCondition,
        most: int,
    ) -> None:
        for number in range(8):
            due(f"shop-{number}", now=now)
        Cluster.objects.update(condition=condition.value, retry_at=Now() - SECOND)
        answers = at_once([partial(claim, f"worker-{number}") for number in range(8)])
        assert not [one for one in answers if isinstance(one, Exception)]
        held = [one for one in answers if isinstance(one, Claim)]
        assert 1 <= len(held) <= most
