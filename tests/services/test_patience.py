"""A cluster that asks for patience gets it; a look that fails says nothing about a namespace."""

from datetime import datetime, timedelta

import pytest
from django.db.models.functions import Now

from onboarding.cluster.errors import Busy, ClusterError, ServerFault, Unreachable, WriteConflict
from onboarding.domain.lifecycle import ClusterCondition
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace
from onboarding.services import failures
from onboarding.services import observe as observing
from onboarding.services.claim import claim
from onboarding.services.observe import LONGEST_LOOK, observe_due
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import policy
from tests.support.requests import NAME, actions, make_due, ready, spec_of, wanted, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")
SECOND = timedelta(seconds=1)
BUSY = Busy("too many requests", status=429, retry_after=20.0)
FAILED_LOOKS = [
    ServerFault("etcdserver: no leader", status=500),
    WriteConflict("the object has been modified", status=409),
]
HOOK = 'Internal error occurred: failed calling webhook "gatekeeper.example": connection refused'


@pytest.fixture
def observed(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return fake


def test_429_is_the_clusters_condition_for_as_long_as_it_asked(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    others = [ready(spec_of(f"shop-{n}", openings=()), now=now) for n in range(3)]
    fake.go_down(BUSY)
    namespace = work_on(wanted(now=now), now=now)
    cluster.refresh_from_db()
    assert cluster.condition == ClusterCondition.THROTTLED
    assert cluster.retry_at == now + SECOND * 20
    assert (namespace.state, namespace.attempts) == ("wanted", 0)
    Cluster.objects.update(retry_at=Now() + SECOND * 20)
    ManagedNamespace.objects.update(next_at=Now() - SECOND)
    assert [claim("worker-1", namespace_id=one.pk) for one in others] == [None] * 3


def test_429_leaves_ready_namespaces_ready_and_writes_one_event(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    rows = [ready(spec_of(f"shop-{n}", openings=()), now=now) for n in range(3)]
    before = len(actions())
    fake.go_down(BUSY)
    assert {work_on(row, now=now).state for row in rows} == {"ready"}
    assert actions()[before:] == ["cluster:cluster:condition"]
    fake.come_back()
    assert work_on(rows[0], now=now + SECOND * 21).state == "ready"
    cluster.refresh_from_db()
    assert (cluster.condition, cluster.retry_at) == ("ok", None)
    assert actions()[before:] == ["cluster:cluster:condition"] * 2


def test_the_observer_is_patient_too_and_its_success_ends_it(
    observed: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    observed.fail_next("list", Busy("too many requests", status=429, retry_after=90.0))
    assert observe_due(clock=lambda: now) == 1
    cluster.refresh_from_db()
    assert cluster.condition == ClusterCondition.THROTTLED
    ClusterObservation.objects.update(next_at=now)
    assert observe_due(clock=lambda: now + SECOND * 89) == 0
    assert observe_due(clock=lambda: now + SECOND * 91) == 1
    cluster.refresh_from_db()
    assert cluster.condition == ClusterCondition.OK


@pytest.mark.parametrize("error", FAILED_LOOKS, ids=lambda one: type(one).__name__)
def test_a_failed_look_leaves_ready_with_its_last_verification(
    error: ClusterError, fake: FakeCluster, now: datetime
) -> None:
    namespace, before = ready(now=now), actions()
    fake.fail_next("get", error, times=3)
    for attempt in (1, 2, 3):
        namespace = work_on(namespace, now=now + SECOND * attempt)
        assert (namespace.state, namespace.attempts) == ("ready", attempt)
        assert namespace.message == f"The last look failed: {error}"
    assert namespace.verified_at == now
    namespace = work_on(namespace, now=now + SECOND * 9)
    assert (namespace.attempts, namespace.message) == (0, "")
    assert namespace.verified_at == now + SECOND * 9
    assert actions() == before


def test_a_repair_that_fails_is_tried_again_visibly(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    [quota] = [key for key in fake.objects if key.kind == "ResourceQuota"]
    fake.remove(quota)
    fake.fail_next("apply", ServerFault("etcdserver: no leader", status=500))
    assert work_on(namespace, now=now).state == "retrying"


def test_a_webhook_that_does_not_answer_is_named_with_who_mends_it(
    fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", ServerFault(HOOK, status=500))
    namespace = work_on(wanted(now=now), now=now)
    assert (namespace.state, namespace.reason) == ("retrying", "webhook-down")
    assert "The webhook gatekeeper.example on the cluster does not answer" in namespace.message
    assert "whoever runs it has to mend it" in namespace.message
    assert HOOK in namespace.message


def test_what_failed_beside_an_outage_is_due_when_the_cluster_is_back(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.fail_next("apply", ServerFault("etcdserver: no leader", status=500))
    failed = work_on(wanted(now=now), now=now)
    later = now + timedelta(minutes=5)
    ManagedNamespace.objects.filter(pk=failed.pk).update(next_at=later)
    failures.note_condition(cluster, ClusterCondition.UNREACHABLE, "x", now=now)
    failures.note_success(cluster, now=now + SECOND)
    failed.refresh_from_db()
    assert failed.next_at == now + SECOND


def test_a_look_at_what_drifted_that_failed_in_an_outage_is_due_too(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    row = ready(now=now)
    fake.put(policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]}))
    row = work_on(row, now=now)
    fake.fail_next("get", ServerFault("etcdserver: no leader", status=500))
    row = work_on(row, now=now)
    assert (row.state, row.attempts) == ("drifted", 1)
    ManagedNamespace.objects.update(next_at=now + timedelta(minutes=5))
    failures.note_condition(cluster, ClusterCondition.UNREACHABLE, "x", now=now)
    failures.note_success(cluster, now=now + SECOND)
    row.refresh_from_db()
    assert row.next_at == now + SECOND


def test_a_success_on_a_cluster_that_was_fine_hurries_nobody(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.fail_next("apply", ServerFault("etcdserver: no leader", status=500))
    failed = work_on(wanted(now=now), now=now)
    make_due(failed)
    due = ManagedNamespace.objects.get(pk=failed.pk).next_at
    failures.note_success(cluster, now=now - SECOND)
    failed.refresh_from_db()
    assert failed.next_at == due


def test_a_wrong_clock_that_is_over_keeps_no_cluster_from_being_observed(
    observed: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    ahead = now + timedelta(days=2)
    assert observe_due(clock=lambda: ahead) == 1
    assert observe_due(clock=lambda: now) == 1
    ClusterObservation.objects.update(next_at=now, lease_until=ahead + LONGEST_LOOK)
    assert observe_due(clock=lambda: now) == 1


def test_an_outage_is_no_patience(fake: FakeCluster, cluster: Cluster, now: datetime) -> None:
    fake.go_down(Unreachable("connection refused"))
    work_on(wanted(now=now), now=now)
    cluster.refresh_from_db()
    assert cluster.retry_at is not None
    assert cluster.retry_at <= now + SECOND * 30
