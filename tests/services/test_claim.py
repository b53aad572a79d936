"""Claims: one worker holds a namespace, for a while, and its writes prove that it still does."""

from datetime import datetime, timedelta

import pytest
from django.db import InternalError, transaction
from django.db.models.functions import Now

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import (
    PROVISIONING,
    ClusterCondition,
    IllegalTransition,
    NamespaceState,
    may_become,
)
from onboarding.models import Cluster, Event, ManagedNamespace
from onboarding.services import reconcile as reconciling
from onboarding.services.claim import LostLease, claim, give_back, until_next
from onboarding.services.clock import database_now
from onboarding.services.reconcile import reconcile
from onboarding.services.runs import Journal
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import lose_worker, make_due, spec_of, wanted

pytestmark = pytest.mark.usefixtures("cast", "cluster")


def due(name: str, *, now: datetime) -> ManagedNamespace:
    namespace = wanted(spec_of(name, openings=()), now=now)
    make_due(namespace)
    return namespace


def test_nothing_due_is_nothing_claimed(now: datetime) -> None:
    assert claim("worker-1") is None
    namespace = wanted(now=now)
    ManagedNamespace.objects.update(next_at=Now() + timedelta(hours=1))
    assert claim("worker-1", namespace_id=namespace.pk) is None
    ManagedNamespace.objects.update(next_at=None)
    assert claim("worker-1", namespace_id=namespace.pk) is None


def test_a_time_no_right_clock_plans_for_hides_nothing(now: datetime) -> None:
    namespace = wanted(now=now)
    ManagedNamespace.objects.update(next_at=Now() + timedelta(days=2))
    held = claim("worker-1")
    assert held is not None
    assert held.namespace == namespace


def test_a_lease_that_no_worker_takes_hides_nothing(now: datetime) -> None:
    namespace = wanted(now=now)
    make_due(namespace)
    ManagedNamespace.objects.update(lease_owner="nobody", lease_until=Now() + timedelta(days=2))
    assert claim("worker-1") is not None


@pytest.mark.parametrize(("after", "least", "most"), [(0.5, 0.1, 0.5), (1.9, 1.0, 1.9), (60, 2, 2)])
def test_what_is_due_before_a_pause_ends_ends_it(
    after: float, least: float, most: float, now: datetime
) -> None:
    wanted(now=now)
    ManagedNamespace.objects.update(next_at=Now() + timedelta(seconds=after))
    assert least <= until_next(2) <= most


def test_two_workers_never_hold_one(now: datetime) -> None:
    namespace = due("shop", now=now)
    held = claim("worker-1")
    assert held is not None
    assert (held.namespace, held.fencing_token) == (namespace, 1)
    assert claim("worker-2") is None
    assert claim("worker-2", namespace_id=namespace.pk) is None
    namespace.refresh_from_db()
    assert namespace.lease_owner == "worker-1"


def test_what_is_due_longest_goes_first(now: datetime) -> None:
    first, second = due("first", now=now), due("second", now=now)
    ManagedNamespace.objects.filter(pk=second.pk).update(next_at=Now() - timedelta(hours=1))
    claims = [claim("worker-1"), claim("worker-1"), claim("worker-1")]
    assert [held and held.namespace for held in claims] == [second, first, None]


def test_a_lease_that_ran_out_is_taken_over_and_the_first_finds_no_row(now: datetime) -> None:
    namespace = due("shop", now=now)
    first = claim("worker-1")
    lose_worker(namespace)
    second = claim("worker-2")
    assert first is not None
    assert second is not None
    assert (first.fencing_token, second.fencing_token) == (1, 2)
    with pytest.raises(LostLease):
        first.update(message="Late.")
    with pytest.raises(LostLease):
        first.release(next_at=None)
    second.update(message="In time.")
    namespace.refresh_from_db()
    assert (namespace.message, namespace.lease_owner) == ("In time.", "worker-2")


def test_each_write_prolongs_the_lease_by_the_databases_clock(now: datetime) -> None:
    namespace = due("shop", now=now)
    held = claim("worker-1")
    assert held is not None
    lose_worker(namespace)
    held.update(message="Still here.")
    assert ManagedNamespace.objects.filter(lease_until__gt=Now()).exists()
    assert claim("worker-2") is None


def test_a_released_claim_is_free_for_others(now: datetime) -> None:
    due("shop", now=now)
    held = claim("worker-1")
    assert held is not None
    held.release()
    again = claim("worker-2")
    assert again is not None
    assert again.fencing_token == 2


def test_g06_one_cluster_takes_no_more_than_its_share_of_workers(
    settings: pytest.FixtureRequest, cluster: Cluster, now: datetime
) -> None:
    settings.CLUSTER_CONCURRENCY = 2  # type: ignore[attr-defined]
    other = Cluster.objects.create(name="dev-us", facts=cluster.facts, credential=b"x")
    for name in ("one", "two", "three"):
        due(name, now=now)
    held = [claim("worker-1"), claim("worker-2"), claim("worker-3")]
    assert [one is not None for one in held] == [True, True, False]
    elsewhere = wanted(spec_of("four", cluster=other.name, openings=()), now=now)
    make_due(elsewhere)
    free = claim("worker-3")
    assert free is not None
    assert free.namespace == elsewhere
    assert held[0] is not None
    held[0].release(next_at=None)
    assert claim("worker-4") is not None


@pytest.mark.parametrize("condition", [one for one in ClusterCondition if one != "ok"])
def test_work_of_a_cluster_in_a_bad_condition_waits_until_it_is_tried_again(
    condition: ClusterCondition, cluster: Cluster, now: datetime
) -> None:
    due("shop", now=now)
    later = Now() + timedelta(hours=1)
    Cluster.objects.update(condition=condition.value, retry_at=later)
    assert claim("worker-1") is None
    Cluster.objects.update(retry_at=Now() - timedelta(seconds=1))
    assert claim("worker-1") is not None


def test_every_pair_of_states_is_written_exactly_as_the_table_says(now: datetime) -> None:
    namespace = due("shop", now=now)
    held = claim("worker-1")
    assert held is not None
    journal = Journal(held, namespace.revisions.get(), PROVISIONING)
    for current in NamespaceState:
        for following in NamespaceState:
            journal.state = current
            before = Event.objects.count()
            if may_become(current, following):
                with transaction.atomic():
                    journal.move(following, Action.PHASE_DONE, now=now, body={})
                    namespace.refresh_from_db()
                    assert (namespace.state, journal.state) == (following, following)
                    assert Event.objects.count() == before + 1
                    transaction.set_rollback(True)  # nothing comes back from some states
            elif current is not following:
                with pytest.raises(IllegalTransition):
                    journal.move(following, Action.PHASE_DONE, now=now, body={})
                assert (journal.state, Event.objects.count()) == (current, before)


class TestTheDatabaseFails:
    """What a worker holds then is not held for the rest of its lease."""

    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_given: object) -> None:
            raise InternalError("cannot execute UPDATE in a read-only transaction")

        with monkeypatch.context() as patched:
            patched.setattr(reconciling, "_bring_on", fails)
            with pytest.raises(InternalError):
                reconcile("worker-1", clock=database_now)

    @pytest.fixture
    def shop(self, fake: FakeCluster, now: datetime) -> ManagedNamespace:
        return due("shop", now=now)

    def test_it_is_given_back_by_the_next_turn_of_the_same_thread(
        self, shop: ManagedNamespace, failing: None, now: datetime
    ) -> None:
        assert claim("worker-2") is None
        reconcile("worker-1", clock=database_now)
        shop.refresh_from_db()
        assert (shop.lease_until, shop.state, shop.attempts) == (None, "wanted", 0)
        assert ManagedNamespace.objects.filter(next_at__gt=Now()).exists()  # others come first

    def test_nobody_takes_it_away_from_who_has_it_by_then(
        self, shop: ManagedNamespace, failing: None, now: datetime
    ) -> None:
        lose_worker(shop)
        assert claim("worker-2") is not None
        give_back()
        shop.refresh_from_db()
        assert (shop.lease_owner, shop.fencing_token) == ("worker-2", 2)
