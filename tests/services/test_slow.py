"""A cluster that does not answer in time: known at once, tried by turns, and over at once."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from onboarding.cluster.errors import ClusterError, ServerFault, TimedOut
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster, ManagedNamespace
from onboarding.services import failures, guards, renew
from onboarding.services import observe as observing
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import look
from tests.support.requests import (
    actions,
    approve_all,
    ask_removal,
    ready,
    spec_of,
    wanted,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HUNG = TimedOut("no answer within 30 s")
FAULT = ServerFault("etcdserver: no leader", status=500)


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    for module in (observing, guards, renew):
        monkeypatch.setattr(module, "open_gateway", lambda _cluster: fake)
    return fake


def condition(cluster: Cluster) -> str:
    return Cluster.objects.get(pk=cluster.pk).condition


def named(name: str, *, now: datetime) -> ManagedNamespace:
    return ready(spec_of(name, openings=()), now=now)


class TestOneTimeOutIsEnough:
    def test_of_a_run(self, fake: FakeCluster, cluster: Cluster, now: datetime) -> None:
        namespace, before = ready(now=now), len(actions())
        fake.fail_next("get", HUNG)
        namespace = work_on(namespace, now=now)
        assert (namespace.state, condition(cluster)) == ("ready", "slow")
        assert namespace.message == "Waits for dev-eu: no answer within 30 s"
        assert actions()[before:] == ["cluster:cluster:condition"]

    def test_of_a_guard_check(self, fake: FakeCluster, cluster: Cluster, now: datetime) -> None:
        fake.go_down(HUNG)
        guards.check_due(clock=lambda: now)
        assert condition(cluster) == "slow"

    def test_of_a_renewal(
        self, fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(renew, "is_due", lambda *_rest, **_more: True)
        fake.go_down(HUNG)
        renew.renew_due(clock=lambda: now)
        assert condition(cluster) == "slow"

    def test_but_not_lists_that_are_too_long_for_a_look(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        times = iter(now + MINUTE * number for number in range(100))
        observing.observe(cluster.pk, clock=lambda: next(times))
        assert "did not end" in cluster.observation.trouble
        assert condition(cluster) == "ok"


class TestByTurns:
    def test_who_got_no_answer_steps_back_behind_the_others(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        fake.go_down(HUNG)
        namespace = work_on(wanted(now=now), now=now)
        assert namespace.next_at is not None
        assert (namespace.state, namespace.attempts) == ("wanted", 1)
        assert now < namespace.next_at <= now + 2 * SECOND

    def test_one_that_hangs_alone_does_not_slow_its_neighbours(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        """As behind an admission webhook that hangs for this namespace only."""
        hanging, other = wanted(now=now), named("other", now=now)
        fake.fail_next("create", HUNG, times=2)
        work_on(hanging, now=now)
        assert condition(cluster) == "slow"
        work_on(other, now=now)
        hanging = work_on(hanging, now=now)
        assert (condition(cluster), hanging.state, hanging.attempts) == ("ok", "retrying", 2)

    def test_in_an_outage_it_says_nothing_for_itself(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        namespace = wanted(now=now)
        fake.go_down(HUNG)
        for _ in range(3):
            namespace = work_on(namespace, now=now)
        assert (namespace.state, condition(cluster)) == ("wanted", "slow")

    def test_renewals_of_clusters_that_are_well_wait_for_no_other(
        self, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Cluster.objects.create(name="a-slow-one", credential=b"sealed", condition="slow")
        asked: list[str] = []
        monkeypatch.setattr(
            renew, "renew_credential", lambda row, **_more: bool(asked.append(row.name))
        )
        renew.renew_due(clock=lambda: now)
        assert asked == ["dev-eu", "a-slow-one"]

    def test_a_failed_look_is_repeated_before_the_next_one_would_be_due(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        fake.go_down(HUNG)
        seen = look(cluster, now)
        assert now < seen.next_at < now + settings.OBSERVE_SECONDS * SECOND


@pytest.fixture
def waiting(fake: FakeCluster, cluster: Cluster, now: datetime) -> list[ManagedNamespace]:
    """An onboarding, a look and a removal that failed, and whose next try is far away."""
    rows = [named("seen", now=now), named("left", now=now)]
    removal = approve_all(ask_removal(rows[1], now=now), now=now)
    assert removal.namespace is not None
    rows.append(wanted(now=now))
    fake.go_down(FAULT)
    rows = [work_on(row, now=now) for row in rows]
    fake.come_back()
    ManagedNamespace.objects.update(next_at=now + 5 * MINUTE)
    assert [row.attempts for row in rows] == [1, 1, 1]
    return rows


def next_tries(rows: list[ManagedNamespace]) -> set[datetime | None]:
    for row in rows:
        row.refresh_from_db()
    return {row.next_at for row in rows}


class TestOver:
    def test_the_first_success_ends_it_and_everything_that_failed_is_due(
        self, fake: FakeCluster, cluster: Cluster, waiting: list[ManagedNamespace], now: datetime
    ) -> None:
        failures.note_condition(cluster, ClusterCondition.SLOW, "x", now=now)
        failures.note_success(cluster, now=now + SECOND)
        assert next_tries(waiting) == {now + SECOND}

    def test_a_look_ends_it_too(
        self, fake: FakeCluster, cluster: Cluster, waiting: list[ManagedNamespace], now: datetime
    ) -> None:
        failures.note_condition(cluster, ClusterCondition.SLOW, "x", now=now)
        look(cluster, now + SECOND)
        assert condition(cluster) == "ok"
        assert next_tries(waiting) == {now + SECOND}

    def test_without_a_condition_a_run_that_recovers_has_the_others_tried(
        self, fake: FakeCluster, waiting: list[ManagedNamespace], now: datetime
    ) -> None:
        assert work_on(waiting[0], now=now + SECOND).attempts == 0
        assert next_tries(waiting[1:]) == {now + SECOND}

    def test_so_has_a_look_that_succeeds_after_one_that_failed(
        self, fake: FakeCluster, cluster: Cluster, waiting: list[ManagedNamespace], now: datetime
    ) -> None:
        fake.go_down(FAULT)
        look(cluster, now)
        fake.come_back()
        look(cluster, now + SECOND)
        assert next_tries(waiting) == {now + SECOND}

    @pytest.mark.parametrize("error", [None, FAULT], ids=["well", "a fault of its own"])
    def test_what_never_failed_hurries_nobody(
        self,
        fake: FakeCluster,
        waiting: list[ManagedNamespace],
        now: datetime,
        error: ClusterError | None,
    ) -> None:
        """Or one that can never succeed would be tried with each look at its neighbours."""
        other = named("other", now=now)
        if error:
            fake.fail_next("get", error)
        work_on(other, now=now + SECOND)
        assert next_tries(waiting) == {now + 5 * MINUTE}
