"""What went back in time is only looked at: nothing is created, bound or deleted by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from onboarding.domain.epoch import Epoch, annotation_of
from onboarding.domain.objects import Key, branch, text
from onboarding.models import Cluster, Event, HistoryBreak, Installation, ManagedNamespace
from onboarding.services import epoch
from onboarding.services.claim import claim
from onboarding.services.observe import observe
from tests.support.back_in_time import cluster_restored, database_restored
from tests.support.came_back import removal_of, until_ended
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import NAME, NAMESPACE, actions, ready, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")

HOUR = timedelta(hours=1)
HOME = Key("Namespace", "", "bulkhead-system")
Look = Callable[[], None]


@pytest.fixture
def look(fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Look at the cluster, an hour after the story."""
    Cluster.objects.update(credential=b"sealed")
    monkeypatch.setattr("onboarding.services.observe.open_gateway", lambda _cluster: fake)

    def look_now() -> None:
        assert observe(Cluster.objects.get().pk, clock=lambda: now + HOUR)

    return look_now


def written(fake: FakeCluster) -> str:
    """What stands on the cluster of this portal's history."""
    name = annotation_of(Installation.objects.get().identity)
    return text(fake.system[HOME], "metadata", "annotations", name)


def kinds() -> list[str]:
    return [*HistoryBreak.objects.order_by("pk").values_list("kind", flat=True)]


def test_every_look_writes_how_far_history_has_come(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    look()
    newest = Event.objects.latest("pk")
    assert written(fake) == Epoch(newest.pk, newest.leaf, epoch.database_identity()).dump()
    assert Cluster.objects.get().epoch_event == newest.pk


def test_a_look_that_has_nothing_new_to_say_writes_nothing(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    look()
    before = written(fake)
    fake.log.clear()
    look()
    assert written(fake) == before
    assert "annotate" not in {verb for verb, _key in fake.log}


def test_b3_what_was_retired_is_not_made_again_by_an_older_database(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    with database_restored():
        until_ended(removal_of(namespace, now), now)
    fake.log.clear()
    row = work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert (fake.writes, NAMESPACE in fake.objects) == ([], False)
    assert (row.state, kinds()) == ("ready", ["database-older"])
    assert actions()[-1] == "cluster:history:broken"


def test_nothing_is_claimed_until_it_is_settled(fake: FakeCluster, now: datetime) -> None:
    namespace = ready(now=now)
    with database_restored():
        until_ended(removal_of(namespace, now), now)
    work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    ManagedNamespace.objects.update(next_at=now)
    assert claim("a worker") is None
    HistoryBreak.objects.update(settled_at=now)
    assert claim("a worker") is not None


def test_a_break_of_the_database_holds_on_every_cluster(fake: FakeCluster, now: datetime) -> None:
    ready(now=now)
    ManagedNamespace.objects.update(next_at=now)
    other = Cluster.objects.create(name="dev-us", api_server="https://127.0.0.1:1", ca_pem="")
    found = HistoryBreak.objects.create(cluster=other, kind="cluster-older", known="", found_at=now)
    assert claim("a worker") is not None
    ManagedNamespace.objects.update(next_at=now, lease_until=None)
    HistoryBreak.objects.filter(pk=found.pk).update(kind="database-older")
    assert claim("a worker") is None


def test_a_copy_of_the_database_changes_nothing(
    fake: FakeCluster, look: Look, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "database_identity", lambda: "the first")
    ready(now=now)
    look()
    monkeypatch.setattr(epoch, "database_identity", lambda: "a copy")
    fake.remove(NAMESPACE)
    fake.log.clear()
    work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert (fake.writes, kinds()) == ([], ["database-other"])


def test_b6_a_cluster_that_forgot_is_only_looked_at(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    look()
    with cluster_restored(fake):
        ready(now=now)
        look()
    fake.log.clear()
    work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert (fake.writes, NAMESPACE in fake.objects) == ([], False)
    assert kinds() == ["cluster-older"]


def test_a_cluster_without_the_epoch_that_was_written_there_forgot_too(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    look()
    branch(fake.system[HOME], "metadata").pop("annotations")
    look()
    assert kinds() == ["cluster-older"]
    assert written(fake) == ""


def test_a_look_goes_on_seeing_while_nothing_may_be_written(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    namespace = ready(now=now)
    with database_restored():
        until_ended(removal_of(namespace, now), now)
    look()
    seen = Cluster.objects.get().observation
    assert (seen.seen_at, seen.trouble) == (now + HOUR, "")
    assert kinds() == ["database-older"]
    look()
    assert actions().count("cluster:history:broken") == 1


def test_another_cluster_that_answers_is_believed_in_nothing(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    namespace = ready(now=now)
    facts = Cluster.objects.get().facts
    Cluster.objects.update(facts={**facts, "uid": "the registered one"})
    fake.remove(NAMESPACE)
    fake.log.clear()
    row = work_on(namespace, now=now + HOUR)
    assert (row.state, row.uid, fake.writes) == ("ready", namespace.uid, [])
    cluster = Cluster.objects.get()
    assert cluster.condition == "other-cluster"
    assert "has the uid" in cluster.condition_message


def test_the_right_cluster_ends_it_with_the_next_look(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    uid = text(fake.system[Key("Namespace", "", "kube-system")], "metadata", "uid")
    Cluster.objects.update(facts={**Cluster.objects.get().facts, "uid": "another"})
    look()
    assert Cluster.objects.get().condition == "other-cluster"
    Cluster.objects.update(facts={**Cluster.objects.get().facts, "uid": uid})
    look()
    assert Cluster.objects.get().condition == "ok"


def test_an_answer_without_kube_system_says_nothing_about_anything(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    fake.system.clear()
    row = work_on(namespace, now=now + HOUR)
    assert (row.state, fake.objects[NAMESPACE]["kind"]) == ("ready", "Namespace")
    assert "the answer is not whole" in row.message
    assert NAME in row.name
