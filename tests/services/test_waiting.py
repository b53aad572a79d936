"""Waiting for Kubernetes: quick looks at first, rare ones later, and stuck after minutes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from onboarding.cluster.errors import ServerFault
from onboarding.demo.scenario import acting
from onboarding.domain.objects import Manifest, branch
from onboarding.models import Event, ManagedNamespace
from onboarding.queries.namespaces import stuck
from onboarding.services.retry import try_again
from onboarding.services.waiting import pause_after
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import pod
from tests.support.requests import (
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    approve_all,
    ask_removal,
    ready,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
SECOND = timedelta(seconds=1)
STUCK = "cluster:namespace:stuck"


@pytest.fixture
def deleting(fake: FakeCluster, cast: object, cluster: object, now: datetime) -> ManagedNamespace:
    """A namespace whose removal was approved and that something on the cluster holds."""
    namespace = ready(now=now)
    fake.lingering = True
    approve_all(ask_removal(namespace, now=now), now=now)
    return work_on(namespace, now=now)


def hold(namespace: Manifest) -> None:
    branch(namespace, "metadata")["finalizers"] = ["controller.example/auth"]


def looks(namespace: ManagedNamespace, *, start: datetime, until: timedelta) -> list[timedelta]:
    """When a worker looks, as the row says it is due, counted from the start."""
    seen, at = [], start
    while at - start < until:
        namespace = work_on(namespace, now=at)
        seen.append(at - start)
        assert namespace.next_at is not None
        at = namespace.next_at
    return seen


def test_it_is_looked_at_often_for_ten_seconds_then_ever_rarer(
    deleting: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    seen = looks(deleting, start=now, until=timedelta(hours=1))
    pauses = [later - earlier for earlier, later in pairwise(seen)]
    quick = [at for at, pause in zip(seen, pauses, strict=False) if pause <= SECOND * 0.5]
    assert max(quick) < SECOND * 10
    assert pauses == sorted(pauses)
    assert max(pauses) == SECOND * 60
    assert len([at for at in seen if at > timedelta(minutes=10)]) <= 60


def test_after_minutes_it_is_stuck_with_one_event_and_its_holders(
    deleting: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.tamper(NAMESPACE, hold)
    namespace = work_on(deleting, now=now + SECOND * 179)
    assert (namespace.stuck_at, namespace.waiting_since) == (None, now)
    for seconds in (181, 300, 3000):
        namespace = work_on(namespace, now=now + SECOND * seconds)
    assert (namespace.state, namespace.stuck_at) == ("deleting", now + SECOND * 181)
    assert namespace.held_by == [
        {"kind": "namespace-finalizers", "names": ["controller.example/auth"]}
    ]
    assert "controller.example/auth" in namespace.message
    assert actions().count(STUCK) == 1
    assert [*stuck(ManagedNamespace.objects.all())] == [namespace]


def test_it_ends_by_itself_when_it_is_lifted(
    deleting: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    namespace = work_on(deleting, now=now + SECOND * 600)
    assert namespace.next_at is not None
    assert namespace.next_at - (now + SECOND * 600) <= SECOND * 60
    fake.finish_deletions()
    namespace = work_on(namespace, now=namespace.next_at)
    assert namespace.state == "gone"
    assert (namespace.stuck_at, namespace.waiting_since, namespace.held_by) == (None, None, None)


@pytest.mark.parametrize("username", ["alice", "pat"])
def test_who_lifted_it_may_have_it_looked_at_at_once(
    username: str, deleting: ManagedNamespace, now: datetime
) -> None:
    namespace = work_on(deleting, now=now + SECOND * 600)
    later = now + SECOND * 601
    try_again(namespace.pk, by=acting(username), now=later)
    namespace.refresh_from_db()
    assert namespace.next_at == later


def test_a_failed_look_while_waiting_takes_nothing_back(
    deleting: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    before = actions()
    fake.fail_next("get", ServerFault("etcdserver: no leader", status=500))
    namespace = work_on(deleting, now=now + SECOND)
    assert (namespace.state, namespace.waiting_since) == ("deleting", now)
    assert "The last look failed" in namespace.message
    assert actions() == before
    fake.finish_deletions()
    assert work_on(namespace, now=now + SECOND * 2).state == "gone"


def test_deleted_behind_the_portals_back_it_waits_in_the_same_words_with_one_event(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    fake.lingering = True
    fake.tamper(NAMESPACE, hold)
    fake.tamper(NAMESPACE, going(now))
    for seconds in (0, 1, 60, 181, 400):
        namespace = work_on(namespace, now=now + SECOND * seconds)
    assert (namespace.state, namespace.reason) == ("retrying", "terminating")
    assert namespace.stuck_at == now + SECOND * 181
    assert namespace.held_by is not None
    assert (actions().count("cluster:namespace:retrying"), actions().count(STUCK)) == (1, 1)
    fake.remove(NAMESPACE)
    assert work_on(namespace, now=now + SECOND * 401).state == "ready"


def going(now: datetime) -> Callable[[Manifest], object]:
    """What a deletion leaves in a Namespace until it is gone."""

    def mark(namespace: Manifest) -> None:
        branch(namespace, "metadata")["deletionTimestamp"] = now.isoformat()
        namespace["status"] = {"phase": "Terminating"}

    return mark


@pytest.fixture
def draining(
    fake: FakeCluster,
    cast: object,
    cluster: object,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> ManagedNamespace:
    """A namespace being retired, with seven pods that do not end."""
    namespace = ready(now=now)
    for number in range(7):
        fake.put(held_pod(f"web-{number}"))
    whole = FakeCluster.delete_collection
    monkeypatch.setattr(
        FakeCluster,
        "delete_collection",
        lambda self, kind, place: None if kind == "Pod" else whole(self, kind, place),
    )
    approve_all(ask_removal(namespace, now=now), now=now)
    return work_on(namespace, now=now)


def held_pod(name: str) -> Manifest:
    metadata: Manifest = {
        **branch(pod(name), "metadata"),
        "namespace": NAME,
        "ownerReferences": [{"kind": "StatefulSet", "name": "web"}],
        "finalizers": ["example.com/volume"],
    }
    return {**pod(name), "metadata": metadata}


def test_pods_that_do_not_end_are_named_with_who_made_them(draining: ManagedNamespace) -> None:
    one = "web-0 (made by StatefulSet web, finalizer example.com/volume)"
    assert draining.message.startswith(f"7 pods are shutting down: {one}, web-1 (")
    assert draining.message.endswith(" and 2 more.")
    assert draining.held_by == [{"kind": "pods", "names": [f"web-{n}" for n in range(5)]}]


def test_after_a_bound_it_goes_on_to_delete_with_deny_all_standing(
    draining: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.lingering = True
    assert work_on(draining, now=now + SECOND * 59).state == "draining"
    namespace = work_on(draining, now=now + SECOND * 61)
    assert namespace.state == "deleting"
    assert DENY_ALL in fake.objects
    done = Event.objects.filter(action="cluster:phase:done").latest("id")
    assert "7 pods did not end within 60 s" in bytes(done.canonical).decode()
    step = namespace.runs.latest("id").steps.get(phase="drain")
    assert "with deny-all standing: web-0" in step.message


def test_a_new_phase_waits_from_the_start(
    draining: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.lingering = True
    namespace = work_on(draining, now=now + SECOND * 61)
    assert namespace.waiting_since == now + SECOND * 61
    assert work_on(namespace, now=now + SECOND * 200).stuck_at is None


@pytest.mark.parametrize(("waited", "pause"), [(0, 0.5), (9.9, 0.5), (10, 1), (100, 10), (9e5, 60)])
def test_the_pause_is_a_tenth_of_the_wait(waited: float, pause: float) -> None:
    assert pause_after(SECOND * waited) == SECOND * pause
