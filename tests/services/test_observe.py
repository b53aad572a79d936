"""Observing: what workers see becomes rows, only what changed is written, and nothing else is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import repeat

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.cluster.errors import AccessDenied, ServerFault, Unreachable
from onboarding.cluster.verbs import SnapshotLost
from onboarding.domain.objects import Key, Manifest, branch
from onboarding.models import Cluster, ClusterObservation, Event, NamespaceObservation
from onboarding.queries.observed import observed_world
from onboarding.reachability.model import ForeignPolicy, NamedPort, Protocol
from onboarding.services import observe as observing
from onboarding.services.observe import (
    DISCOVERY_REFUSED,
    FAILED_LOOK_AGAIN,
    UNFORESEEN,
    observe,
)
from onboarding.services.read_lists import LIST_ATTEMPTS
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look, namespace, pod, policy

pytestmark = pytest.mark.usefixtures("cast")
MINUTE = timedelta(seconds=60)
PAUSE = timedelta(seconds=settings.OBSERVE_SECONDS)
HASH = "pod-template-hash"
GONE_STALE = SnapshotLost("the continue parameter is too old", status=410)


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster with two namespaces that nobody asked the portal for."""
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return lived_in(fake)


@contextmanager
def writes() -> Iterator[list[str]]:
    """Collect the statements that change a namespace's observation."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as statements:
        yield found
    found += [
        one["sql"]
        for one in statements
        if "onboarding_namespaceobservation" in one["sql"] and not one["sql"].startswith("SELECT")
    ]


def test_a_look_shows_namespaces_the_portal_does_not_manage(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    seen = look(cluster, now)
    assert (seen.seen_at, seen.version, seen.trouble) == (now, 1, "")
    assert (seen.namespaces, seen.policies, seen.pods, seen.requests) == (2, 1, 2, 15)
    assert seen.next_at == now + PAUSE
    observed = observed_world(cluster)
    assert observed is not None
    assert set(observed.world.namespaces) == {"legacy", "monitoring"}
    [guard], [web] = observed.world.policies, observed.world.pods
    assert str(guard.ref) == "legacy/guard"
    assert (web.namespace, web.labels, web.count) == ("legacy", {"app": "web"}, 2)
    assert web.ports == (NamedPort("http", Protocol.TCP, 8080),)


def test_a_second_look_at_the_same_writes_no_namespace_and_keeps_the_version(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    with writes() as written:
        again = look(cluster, now + MINUTE)
    assert written == []
    assert (again.version, again.seen_at) == (1, now + MINUTE)


def test_only_what_changed_is_written_and_what_vanished_is_removed(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    kept = NamespaceObservation.objects.get(name="legacy")
    fake.remove(Key("Namespace", "", "monitoring"))
    fake.put(namespace("search"))
    assert look(cluster, now + MINUTE).version == 2
    rows = dict(NamespaceObservation.objects.values_list("name", "pk"))
    assert set(rows) == {"legacy", "search"}
    assert rows["legacy"] == kept.pk


def test_a_namespace_that_vanished_makes_a_new_version_all_by_itself(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    fake.remove(Key("Namespace", "", "monitoring"))
    with writes() as written:
        assert look(cluster, now + MINUTE).version == 2
    assert [one.split()[0] for one in written] == ["DELETE"]
    observed = observed_world(cluster)
    assert observed is not None
    assert set(observed.world.namespaces) == {"legacy"}


def test_a_picture_is_as_old_as_the_beginning_of_its_look(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    seconds = iter(range(100))
    began = now + timedelta(seconds=1)  # the first answer of the clock finds what is free
    assert observe(cluster.pk, clock=lambda: now + timedelta(seconds=next(seconds)))
    assert next(seconds) > 3
    seen = ClusterObservation.objects.get(cluster=cluster)
    assert (seen.looked_at, seen.seen_at, seen.next_at) == (began, began, began + PAUSE)


@pytest.mark.parametrize(
    "change",
    [
        lambda fake: fake.put(pod("monitoring", "new")),
        lambda fake: fake.remove(Key("NetworkPolicy", "legacy", "guard")),
        lambda fake: fake.tamper(
            Key("Namespace", "", "legacy"), lambda tree: _label(tree, team="payments")
        ),
        lambda fake: fake.groups.update({"cilium.io": ["CiliumNetworkPolicy"]}),
    ],
    ids=["pod", "policy", "label", "foreign kind"],
)
def test_every_change_that_policies_depend_on_makes_a_new_version(
    fake: FakeCluster, cluster: Cluster, now: datetime, change: object
) -> None:
    look(cluster, now)
    change(fake)  # type: ignore[operator]
    assert look(cluster, now + MINUTE).version == 2


def _label(tree: Manifest, **labels: str) -> None:
    branch(tree, "metadata", "labels").update(labels)


def test_a_label_that_counts_pods_matters_from_the_moment_a_policy_selects_by_it(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.tamper(Key("Pod", "legacy", "web-2"), lambda tree: _label(tree, **{HASH: "5d8"}))
    look(cluster, now)
    assert len(NamespaceObservation.objects.get(name="legacy").pods) == 1
    selector: Manifest = {"matchLabels": {HASH: "5d8"}}
    fake.put(policy("monitoring", "odd", {"podSelector": selector}))
    look(cluster, now + MINUTE)
    assert len(NamespaceObservation.objects.get(name="legacy").pods) == 2


def test_observing_writes_nothing_to_the_cluster_and_no_event(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    events = Event.objects.count()
    look(cluster, now)
    fake.go_down(Unreachable("connection refused"))
    look(cluster, now + MINUTE)
    assert fake.writes == []
    assert Event.objects.count() == events
    cluster.refresh_from_db()
    assert cluster.condition == "ok"


def test_a_dead_cluster_keeps_its_last_picture_with_its_age_and_the_reason(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    fake.go_down(Unreachable("connection refused"))
    later = now + MINUTE
    seen = look(cluster, later)
    assert (seen.seen_at, seen.version, seen.trouble) == (now, 1, "connection refused")
    assert (seen.next_at, seen.lease_until) == (later + FAILED_LOOK_AGAIN, None)
    observed = observed_world(cluster)
    assert observed is not None
    assert (observed.seen_at, observed.trouble) == (now, "connection refused")
    fake.come_back()
    assert look(cluster, later + MINUTE).trouble == ""


def test_a_cluster_that_asks_for_patience_gets_it(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.fail_next("list", ServerFault("too much", retry_after=200.0))
    assert look(cluster, now).next_at == now + timedelta(seconds=200)


def test_a_look_that_fails_half_way_changes_no_row(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    fake.remove(Key("Namespace", "", "legacy"))
    fake.fail_next("served_kinds", ServerFault("cut short"))
    with writes() as written:
        assert look(cluster, now + MINUTE).version == 1
    assert written == []


def test_what_nobody_foresaw_is_not_shown_in_its_own_words(
    fake: FakeCluster,
    cluster: Cluster,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observing, "reduce_pods", lambda *_, **__: {}["secret detail"])
    seen = look(cluster, now)
    assert (seen.trouble, seen.seen_at) == (UNFORESEEN, None)
    assert observed_world(cluster) is None


def test_a_list_that_lost_its_place_is_read_again_from_its_first_page(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 1)
    fake.fail_next("continue", GONE_STALE, times=2)
    seen = look(cluster, now)
    assert (seen.namespaces, seen.policies, seen.pods, seen.trouble) == (2, 1, 2, "")


def test_a_list_that_loses_its_place_for_ever_is_given_up(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 1)
    fake.fail_next("continue", GONE_STALE, times=LIST_ATTEMPTS)
    assert "changed too fast" in look(cluster, now).trouble


def test_a_list_without_an_end_is_left_when_the_lease_ends(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "pages", lambda *_, **__: repeat([], 50))
    minutes = iter(range(500))
    observe(cluster.pk, clock=lambda: now + next(minutes) * MINUTE)
    assert "did not end" in ClusterObservation.objects.get(cluster=cluster).trouble
    assert next(minutes) < 10


def test_other_makers_policy_kinds_make_the_answer_incomplete(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.groups = {"cilium.io": ["CiliumNode", "CiliumNetworkPolicy"], "apps": ["Deployment"]}
    assert look(cluster, now).foreign_kinds == ["CiliumNetworkPolicy (cilium.io)"]
    observed = observed_world(cluster)
    assert observed is not None
    assert observed.world.foreign == (ForeignPolicy("CiliumNetworkPolicy (cilium.io)"),)


def test_not_being_told_what_is_served_is_incomplete_too(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.fail_next("served_kinds", AccessDenied("forbidden", status=403))
    seen = look(cluster, now)
    assert (seen.foreign_kinds, seen.trouble) == ([DISCOVERY_REFUSED], "")


@pytest.mark.parametrize("namespaces", [1, 40])
def test_a_look_takes_as_many_statements_for_one_namespace_as_for_forty(
    fake: FakeCluster, cluster: Cluster, now: datetime, namespaces: int
) -> None:
    for number in range(namespaces):
        fake.put(namespace(f"team-{number}"))
    look(cluster, now)
    with CaptureQueriesContext(connection) as statements:
        look(cluster, now + MINUTE)
    assert len(statements) <= 19
