"""What pages read of an observed cluster: a world, in few statements, however large it is."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onboarding.domain.objects import Key, text
from onboarding.models import Cluster
from onboarding.queries import observed as remembered
from onboarding.queries.observed import observed_world
from onboarding.services import observe as observing
from tests.support.database_roles import as_owner
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import lived_in, look, namespace, pod, policy

pytestmark = pytest.mark.usefixtures("cast")
MINUTE = timedelta(seconds=60)


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster with two namespaces that nobody asked the portal for."""
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return lived_in(fake)


def test_a_policy_that_cannot_be_understood_is_named_and_breaks_nothing(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    fake.put(policy("monitoring", "odd", {"podSelector": {}, "egress": "all"}))
    look(cluster, now)
    observed = observed_world(cluster)
    assert observed is not None
    assert [str(one.ref) for one in observed.world.policies] == ["legacy/guard"]
    [odd] = observed.world.foreign
    assert "monitoring/odd" in str(odd)
    assert "spec.egress" in str(odd)
    assert odd.namespace == "monitoring"


def test_the_clusters_own_ranges_are_part_of_the_world_also_when_they_change(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    first = observed_world(cluster)
    cluster.facts = {**cluster.facts, "pod_ranges": ["10.244.0.0/16"]}
    second = observed_world(cluster)
    assert first is not None
    assert second is not None
    assert (first.world.pod_ranges, second.world.pod_ranges) == ((), ("10.244.0.0/16",))


@pytest.mark.parametrize("namespaces", [1, 40])
def test_a_world_is_two_statements_and_then_one_however_large_it_is(
    fake: FakeCluster, cluster: Cluster, now: datetime, namespaces: int
) -> None:
    for number in range(namespaces):
        fake.put(namespace(f"team-{number}"))
        fake.put(policy(f"team-{number}", "guard", {"podSelector": {}}))
    look(cluster, now)
    for expected in (2, 1):
        with CaptureQueriesContext(connection) as statements:
            observed = observed_world(cluster)
        assert len(statements) == expected
        assert observed is not None
        assert len(observed.world.policies) == namespaces + 1


def test_a_cluster_that_nobody_looked_at_has_no_world(cluster: Cluster) -> None:
    assert observed_world(cluster) is None


def test_worlds_in_memory_are_few_and_of_the_newest_version(
    fake: FakeCluster, cluster: Cluster, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_worlds", type(remembered._worlds)())
    monkeypatch.setattr(remembered, "KEPT_WORLDS", 2)
    for number in range(4):
        other = Cluster.objects.create(name=f"c{number}", api_server="x", credential=b"sealed")
        look(other, now)
        observed_world(other)
        fake.put(pod("monitoring", f"one-more-{number}"))
        look(other, now + MINUTE)
        observed_world(other)
    assert [version for _, _, version, _ in remembered._worlds] == [2, 2]


def test_a_world_is_not_taken_for_that_of_an_observation_begun_anew(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    row = look(cluster, now)
    observed_world(cluster)
    with as_owner():
        row.delete()
    fake.put(namespace("newcomer"))
    assert look(cluster, now + MINUTE).version == row.version
    seen = observed_world(cluster)
    assert seen is not None
    assert "newcomer" in seen.world.namespaces


def test_a_namespace_is_known_by_its_uid(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    look(cluster, now)
    seen = observed_world(cluster)
    live = fake.get(Key("Namespace", "", "legacy"))
    assert seen is not None
    assert live is not None
    assert seen.uids["legacy"] == text(live, "metadata", "uid") != ""
