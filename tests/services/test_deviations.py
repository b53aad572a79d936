"""Deviations: from when to when something was not as approved, by whom; fights are folded."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.cluster.errors import ServerFault
from onboarding.domain.objects import Key
from onboarding.models import Deviation, Event, ManagedNamespace
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import policy
from tests.support.requests import (
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    ready,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
QUOTA = Key("ResourceQuota", NAME, "quota")
MANAGED_BY = "app.kubernetes.io/managed-by"
FOREIGN = policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]})
Minutes = Callable[[float], datetime]


@pytest.fixture
def namespace(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    fake.now = lambda: now
    return ready(now=now)


@pytest.fixture
def after(now: datetime) -> Minutes:
    """The time so many minutes after the namespace was read back."""
    return lambda minutes: now + timedelta(minutes=minutes)


def helm_writes(fake: FakeCluster, at: datetime) -> None:
    fake.now = lambda: at

    def write(tree: Any) -> None:
        tree["metadata"]["labels"][MANAGED_BY] = "Helm"

    fake.tamper(NAMESPACE, write, manager="helm")


def open_egress(fake: FakeCluster, at: datetime) -> None:
    fake.now = lambda: at
    fake.tamper(DENY_ALL, lambda tree: tree["spec"].update(egress=[{}]))  # type: ignore[union-attr,call-arg,arg-type]


def test_a_change_lasts_from_its_writer_to_when_it_was_read_back(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime, after: Minutes
) -> None:
    open_egress(fake, after(2))
    work_on(namespace, now=after(5))
    row = Deviation.objects.get()
    assert (row.kind, row.object_name, row.by) == ("changed", "deny-all", "kubectl-edit")
    assert row.fields == ["spec.egress"]
    assert (row.not_before, row.changed_at) == (now, after(2))
    assert (row.seen_at, row.ended_at, row.repairs) == (after(5), after(5), 1)


def test_what_was_written_before_the_last_reading_is_not_when_it_was_changed(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime, after: Minutes
) -> None:
    open_egress(fake, after(-2))
    work_on(namespace, now=after(5))
    row = Deviation.objects.get()
    assert (row.changed_at, row.not_before) == (None, now)


def test_of_a_removed_object_only_the_bounds_are_known(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime, after: Minutes
) -> None:
    fake.remove(DENY_ALL)
    work_on(namespace, now=after(5))
    row = Deviation.objects.get()
    assert (row.kind, row.by, row.changed_at) == ("missing", "", None)
    assert (row.not_before, row.ended_at) == (now, after(5))


def test_one_event_when_it_is_seen_and_one_when_it_ends(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    before = Event.objects.count()
    open_egress(fake, after(2))
    work_on(namespace, now=after(5))
    told = actions(namespace=NAME)[-2:]
    assert told == ["cluster:deviation:seen", "cluster:deviation:ended"]
    assert Event.objects.count() == before + 2


def test_a_worker_that_died_in_a_repair_leaves_the_deviation_open(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    open_egress(fake, after(2))
    fake.fail_next("apply", ServerFault("boom", status=500, key=DENY_ALL))
    assert work_on(namespace, now=after(5)).state == "retrying"
    assert Deviation.objects.get().ended_at is None
    assert work_on(namespace, now=after(6)).state == "ready"
    assert Deviation.objects.get().ended_at == after(6)


def test_g22_a_fight_backs_off_from_ten_seconds_to_ten_minutes(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    at, waits = after(1), []
    for _ in range(9):
        helm_writes(fake, at)
        looked = work_on(namespace, now=at)
        if looked.state == "drifted":
            assert looked.next_at is not None
            waits.append((looked.next_at - at).total_seconds())
            looked = work_on(namespace, now=looked.next_at)
            at = looked.verified_at or at
        assert looked.state == "ready"
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]


def test_g22_sixty_fights_leave_few_events_and_are_seen(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    before = Event.objects.count()
    for minute in range(1, 61):
        helm_writes(fake, after(minute))
        namespace = work_on(namespace, now=after(minute))
    assert Event.objects.count() - before <= 4
    assert actions(namespace=NAME).count("cluster:deviation:fought") == 1
    row = Deviation.objects.get()
    assert row.fought_at
    assert 5 <= row.repairs < 20
    assert row.fields == [f"metadata.labels.{MANAGED_BY}"]


def test_g22_a_held_repair_leaves_no_doubt_about_the_state(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    for _ in range(2):
        helm_writes(fake, after(1))
        namespace = work_on(namespace, now=after(1))
    assert namespace.state == "drifted"
    assert (
        namespace.message == "helm keeps undoing repairs. The next repair waits until 09:01:10 UTC."
    )
    fake.log.clear()
    assert work_on(namespace, now=after(1.1)).state == "drifted"
    assert fake.writes == []


def test_the_fence_is_put_back_at_once_however_often(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    for second in range(60):
        open_egress(fake, after(1 + second / 60))
        looked = work_on(namespace, now=after(1 + second / 60))
        assert looked.state == "ready", second
        assert "egress" not in fake.objects[DENY_ALL]["spec"]  # type: ignore[operator]
    assert Deviation.objects.get().repairs == 60


def test_the_fence_is_put_back_at_once_beside_a_fight(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    for _ in range(2):
        helm_writes(fake, after(1))
        work_on(namespace, now=after(1))
    fake.remove(DENY_ALL)
    assert work_on(namespace, now=after(1.1)).state == "ready"
    assert DENY_ALL in fake.objects


@pytest.mark.parametrize(
    "label", ["bulkhead.dev/managed", "pod-security.kubernetes.io/enforce", "ns-id", "project"]
)
def test_labels_that_fence_are_put_back_at_once(
    label: str, namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    def write(tree: Any) -> None:
        tree["metadata"]["labels"].update({label: "other", "bulkhead.dev/managed": "true"})
        tree["metadata"]["labels"].update({"bulkhead.dev/spare": "x"} if "managed" in label else {})

    for _ in range(3):
        fake.tamper(NAMESPACE, write)
        assert work_on(namespace, now=after(1)).state == "ready"


def test_a_fight_is_over_after_an_hour_of_calm_and_that_is_told_once(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    for minute in range(1, 30):
        helm_writes(fake, after(minute))
        work_on(namespace, now=after(minute))
    work_on(namespace, now=after(40))
    before = Event.objects.count()
    for minute in (105, 115, 125):
        assert work_on(namespace, now=after(minute)).state == "ready"
    assert Event.objects.count() == before + 1
    assert Deviation.objects.get().fought_at is None


def test_two_managers_are_counted_apart(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    def more_pods(tree: Any) -> None:
        tree["spec"]["hard"]["pods"] = "2000"

    for minute, manager in ((1, "helm"), (2, "argocd")):
        fake.now = lambda at=minute: after(at)  # type: ignore[misc]
        fake.tamper(QUOTA, more_pods, manager=manager)
        assert work_on(namespace, now=after(minute)).state == "ready"
    assert sorted(Deviation.objects.values_list("by", "repairs")) == [("argocd", 1), ("helm", 1)]


def test_a_day_later_it_is_another_deviation(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    for minute in (1, 60 * 24):
        open_egress(fake, after(minute))
        work_on(namespace, now=after(minute))
    assert Deviation.objects.count() == 2
    assert actions(namespace=NAME).count("cluster:deviation:seen") == 2


def test_a_namespace_deleted_outside_is_written_down_until_somebody_says_they_know(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime, after: Minutes
) -> None:
    fake.remove(NAMESPACE)
    again = work_on(namespace, now=after(5))
    assert again.state == "ready"
    row = Deviation.objects.get(kind="deleted")
    assert (row.uid, row.not_before, row.ended_at) == (namespace.uid, now, after(5))
    assert row.acknowledged_at is None
    assert actions(namespace=NAME).count("cluster:namespace:missing") == 1


def test_a_foreign_object_that_changes_is_another(
    namespace: ManagedNamespace, fake: FakeCluster, after: Minutes
) -> None:
    fake.put(FOREIGN)
    work_on(namespace, now=after(1))
    fake.tamper(
        Key("NetworkPolicy", NAME, "let-me-out"),
        lambda tree: tree["spec"].update(ingress=[{}]),  # type: ignore[union-attr,call-arg,arg-type]
    )
    work_on(namespace, now=after(2))
    open_ones = Deviation.objects.filter(ended_at__isnull=True)
    assert (Deviation.objects.count(), open_ones.count()) == (2, 1)
