"""What went back in time is only looked at: nothing is created, bound or deleted by itself."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from onboarding.cluster.errors import (
    AccessDenied,
    ClusterError,
    Refused,
    ServerFault,
    WriteConflict,
)
from onboarding.domain.epoch import (
    LARGEST_EPOCH,
    BreakKind,
    Epoch,
    annotation_of,
    read_epoch,
)
from onboarding.domain.objects import Key, branch, text
from onboarding.models import Cluster, Event, HistoryBreak, Installation, ManagedNamespace
from onboarding.services import epoch
from onboarding.services.claim import claim
from onboarding.services.installation import portal_identity
from onboarding.services.observe import observe
from tests.support.back_in_time import cluster_restored, database_restored
from tests.support.came_back import removal_of, until_ended
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import NAME, NAMESPACE, actions, ready, wanted, work_on

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


@pytest.mark.parametrize("kind", [BreakKind.DATABASE_OLDER, BreakKind.CLUSTER_OLDER])
def test_a_break_of_the_database_holds_on_every_cluster(
    fake: FakeCluster, now: datetime, kind: BreakKind
) -> None:
    ready(now=now)
    ManagedNamespace.objects.update(next_at=now)
    other = Cluster.objects.create(name="dev-us", api_server="https://127.0.0.1:1", ca_pem="")
    epoch.note_break(other, kind, said="what stands there", now=now)
    is_of_the_database = kind is BreakKind.DATABASE_OLDER
    assert (claim("a worker") is None) is is_of_the_database
    said = {one.cluster.name: one.said for one in HistoryBreak.objects.select_related("cluster")}
    assert said == {"dev-us": "what stands there"} | ({"dev-eu": ""} if is_of_the_database else {})


def test_what_another_cluster_says_is_kept_once_it_is_heard(now: datetime) -> None:
    cluster = Cluster.objects.get()
    other = Cluster.objects.create(name="dev-us", api_server="https://127.0.0.1:1", ca_pem="")
    epoch.note_break(other, BreakKind.DATABASE_OLDER, said="there", now=now)
    epoch.note_break(cluster, BreakKind.DATABASE_OLDER, said="here", now=now + HOUR)
    said = HistoryBreak.objects.values_list("cluster__name", "said", "found_at")
    assert {*said} == {("dev-us", "there", now), ("dev-eu", "here", now)}
    assert actions().count("cluster:history:broken") == 2


def test_a_restored_database_that_has_come_as_far_again_is_told_by_the_leaf(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    look()
    said = json.loads(written(fake))
    name = annotation_of(Installation.objects.get().identity)
    branch(fake.system[HOME], "metadata", "annotations")[name] = json.dumps({**said, "leaf": "x"})
    Cluster.objects.update(epoch_event=said["event"] - 1)  # as it was in the backup
    look()
    assert kinds() == ["database-older"]


def test_what_was_settled_while_a_process_had_the_old_row_is_no_break(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    namespace = ready(now=now)
    with database_restored():
        until_ended(removal_of(namespace, now), now)
    stale = Cluster.objects.get()
    Cluster.objects.update(accepted_epoch=written(fake))
    standing = epoch.check_cluster(stale, fake, portal=portal_identity(), now=now)
    assert (standing.written, kinds()) == (written(fake), [])


@pytest.mark.parametrize(
    "error", [Refused("no", status=403), AccessDenied("no", status=403)], ids=["refused", "denied"]
)
def test_where_no_epoch_can_be_written_nothing_is_removed(
    fake: FakeCluster, now: datetime, error: ClusterError
) -> None:
    namespace = removal_of(ready(now=now), now)
    fake.fail_next("annotate", error, times=10)
    row = work_on(namespace, now=now)
    assert (row.state, row.reason, NAMESPACE in fake.objects) == ("blocked", "refused", True)
    assert "run prepare_cluster" in row.message


def test_a_removal_goes_on_once_its_epoch_stands_although_somebody_was_faster(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = removal_of(ready(now=now), now)
    fake.fail_next("annotate", WriteConflict("modified", status=409))
    newest = Event.objects.latest("pk").pk
    assert work_on(namespace, now=now).state == "gone"
    assert json.loads(written(fake))["event"] >= newest
    verbs = [verb for verb, _key in fake.log]
    assert verbs.index("annotate") < verbs.index("delete")


def test_a_run_writes_first_how_far_history_has_come(fake: FakeCluster, now: datetime) -> None:
    namespace = wanted(now=now)
    newest = Event.objects.latest("pk").pk
    work_on(namespace, now=now)
    verbs = [verb for verb, _key in fake.log]
    assert verbs.index("annotate") < verbs.index("create")
    assert json.loads(written(fake))["event"] >= newest


def test_where_looks_write_it_runs_need_not(fake: FakeCluster, look: Look, now: datetime) -> None:
    look()
    fake.log.clear()
    work_on(wanted(now=now + HOUR), now=now + HOUR)
    assert "annotate" not in {verb for verb, _key in fake.log}


def test_a_look_that_fails_later_has_written_it_first(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    fake.fail_next("list", ServerFault("no"), times=10)
    look()
    assert Cluster.objects.get().observation.trouble
    assert json.loads(written(fake))["event"] == Event.objects.latest("pk").pk


def test_a_worker_that_finds_a_break_leaves_the_namespace_as_it_is(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = ready(now=now)
    with database_restored():
        until_ended(removal_of(namespace, now), now)
    row = work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert (row.state, row.attempts, row.message, row.lease_until) == ("ready", 0, "", None)


def test_while_a_break_is_open_no_look_writes_over_what_stands_there(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    epoch.note_break(Cluster.objects.get(), BreakKind.CLUSTER_NEW, now=now)
    fake.log.clear()
    look()
    assert "annotate" not in {verb for verb, _key in fake.log}


def test_what_no_portal_wrote_is_no_epoch() -> None:
    assert read_epoch(Epoch(1, "leaf", "x" * LARGEST_EPOCH).dump()) is None


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
