"""Looks and the condition are one truth: failed looks set it, one good look ends it."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from onboarding.cluster.errors import (
    AccessDenied,
    ClusterError,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.domain.observed import LONGEST_LOOK
from onboarding.models import Cluster, Event
from onboarding.queries.clusters import ClusterTruth, look_at, truth_of_cluster
from onboarding.services import failures
from onboarding.services import observe as observing
from onboarding.services.observe import observe_due
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look

pytestmark = pytest.mark.usefixtures("cast")
SECOND, MINUTE = timedelta(seconds=1), timedelta(seconds=60)
HUNG = TimedOut("no answer within 30 s")


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return lived_in(fake)


def condition(cluster: Cluster) -> tuple[str, str]:
    row = Cluster.objects.get(pk=cluster.pk)
    return row.condition, row.condition_message


def truth(cluster: Cluster, at: datetime) -> ClusterTruth:
    row = Cluster.objects.select_related("observation").get(pk=cluster.pk)
    return truth_of_cluster(row, look_at(row), now=at)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unreachable("connection refused"), ("unreachable", "connection refused")),
        (Unauthorized("401"), ("unauthorized", "401")),
    ],
    ids=["unreachable", "unauthorized"],
)
def test_two_looks_in_a_row_that_find_no_way_set_the_condition(
    fake: FakeCluster, cluster: Cluster, now: datetime, error: ClusterError, said: tuple[str, str]
) -> None:
    fake.go_down(error)
    assert look(cluster, now).failures == 1
    assert condition(cluster) == ("ok", "")
    assert look(cluster, now + MINUTE).failures == 2
    assert condition(cluster) == said


def test_one_look_that_gets_no_answer_in_time_says_so_at_once(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.go_down(HUNG)
    assert look(cluster, now).failures == 1
    assert condition(cluster) == ("slow", "no answer within 30 s")


def test_the_condition_is_one_event_however_long_it_lasts(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.go_down(HUNG)
    for minutes in range(6):
        look(cluster, now + minutes * MINUTE)
    assert Event.objects.filter(action=Action.CLUSTER_CONDITION.value).count() == 1


def test_one_good_look_between_two_failed_ones_sets_nothing(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    for minutes in (0, 2):
        fake.go_down(Unreachable("connection refused"))
        look(cluster, now + minutes * MINUTE)
        fake.come_back()
        assert look(cluster, now + (minutes + 1) * MINUTE).failures == 0
    assert condition(cluster) == ("ok", "")


@pytest.mark.parametrize(
    "error",
    [ServerFault("500"), AccessDenied("forbidden", status=403)],
    ids=["a fault", "a missing grant"],
)
def test_a_cluster_that_answered_is_not_out_of_reach(
    fake: FakeCluster, cluster: Cluster, now: datetime, error: ClusterError
) -> None:
    fake.go_down(error)
    for minutes in range(3):
        assert look(cluster, now + minutes * MINUTE).failures == 0
    assert condition(cluster) == ("ok", "")


@pytest.mark.parametrize("wrong", sorted(failures.ENDED_BY_AN_ANSWER))
def test_one_good_look_ends_what_says_that_nothing_answers(
    fake: FakeCluster, cluster: Cluster, now: datetime, wrong: ClusterCondition
) -> None:
    failures.note_condition(cluster, wrong, "as it was", now=now)
    look(cluster, now + MINUTE)
    assert condition(cluster) == ("ok", "")


def test_a_good_look_does_not_disprove_a_missing_grant(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    failures.note_condition(cluster, ClusterCondition.GRANT_MISSING, "patch", now=now)
    look(cluster, now + MINUTE)
    assert condition(cluster) == ("grant-missing", "patch")


def test_a_bad_condition_does_not_keep_observers_from_looking(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.go_down(HUNG)
    for minutes in range(4):
        assert observe_due(clock=lambda at=now + minutes * MINUTE: at) == 1  # type: ignore[misc]
    assert condition(cluster)[0] == "slow"


class TestTheNewestCounts:
    def test_a_cluster_nobody_saw_is_not_called_reachable(
        self, cluster: Cluster, now: datetime
    ) -> None:
        assert truth(cluster, now).state == "unseen"

    def test_a_failed_look_is_newer_than_the_answer_before_it(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        look(cluster, now)
        assert truth(cluster, now).is_well
        fake.go_down(Unreachable("connection refused"))
        look(cluster, now + MINUTE)
        found = truth(cluster, now + MINUTE)
        assert (found.state, found.since, found.answered_at) == ("look-failed", now + MINUTE, now)

    def test_looks_that_fail_are_counted_until_one_succeeds(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        """Whatever is wrong: a list that is refused counts as much as a line that is cut."""
        fake.go_down(ServerFault("it stumbles"))
        for minute, counted in ((1, 1), (2, 2)):
            look(cluster, now + minute * MINUTE)
            assert truth(cluster, now + minute * MINUTE).failed_looks == counted
        fake.come_back()
        look(cluster, now + 3 * MINUTE)
        assert truth(cluster, now + 3 * MINUTE).failed_looks == 0

    def test_an_answer_to_a_worker_is_newer_than_the_failed_look_before_it(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        fake.go_down(Unreachable("connection refused"))
        look(cluster, now)
        Cluster.objects.filter(pk=cluster.pk).update(last_seen_at=now + MINUTE)
        assert truth(cluster, now + MINUTE).is_well

    def test_an_answer_of_long_ago_says_nothing_of_now(
        self, fake: FakeCluster, cluster: Cluster, now: datetime
    ) -> None:
        look(cluster, now)
        longest = timedelta(seconds=3 * settings.OBSERVE_SECONDS) + LONGEST_LOOK
        assert truth(cluster, now + longest).is_well
        assert truth(cluster, now + longest + SECOND).state == "not-looked-at"
