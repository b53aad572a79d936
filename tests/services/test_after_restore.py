"""After a restore exactly what a platform admin decided happens, and nothing before."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.after_restore import RestoreChoice
from onboarding.domain.epoch import BreakKind
from onboarding.domain.objects import branch
from onboarding.domain.refusals import Conflict, Forbidden, Invalid
from onboarding.models import (
    Cluster,
    ClusterObservation,
    Event,
    HistoryBreak,
    ManagedNamespace,
    RoleAssignment,
    User,
)
from onboarding.queries.after_restore import differences_on, shown_of
from onboarding.services import epoch
from onboarding.services.after_restore import settle
from onboarding.services.close_cluster import ask_to_close, confirm_closing
from onboarding.services.observe import observe
from tests.services.test_epoch import HOME
from tests.support.back_in_time import cluster_restored, database_restored
from tests.support.behind_the_portal import without_guards
from tests.support.came_back import (
    changed_and_forgotten,
    removal_of,
    restore,
    saved_of,
    until_ended,
)
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    BINDING,
    NAME,
    NAMESPACE,
    actions,
    ask_removal,
    ready,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")

HOUR = timedelta(hours=1)
Look = Callable[[], None]


@pytest.fixture
def look(fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Look at the cluster, an hour after the story."""
    Cluster.objects.update(credential=b"sealed")
    monkeypatch.setattr("onboarding.services.observe.open_gateway", lambda _cluster: fake)

    def look_now() -> None:
        assert observe(Cluster.objects.get().pk, clock=lambda: now + HOUR)

    return look_now


@pytest.fixture
def removed(fake: FakeCluster, look: Look, now: datetime) -> HistoryBreak:
    """The database was restored to before a retirement, and the cluster looked at since."""
    namespace = ready(now=now)
    with database_restored():
        until_ended(removal_of(namespace, now), now)
    look()
    fake.log.clear()
    return HistoryBreak.objects.get()


@pytest.fixture
def came_back(fake: FakeCluster, look: Look, now: datetime) -> HistoryBreak:
    """The cluster was restored to before a retirement, and looked at since."""
    namespace = ready(now=now)
    look()
    with cluster_restored(fake):
        until_ended(removal_of(namespace, now), now)
        look()
    look()
    fake.log.clear()
    return HistoryBreak.objects.get()


def decide(found: HistoryBreak, now: datetime, **choices: RestoreChoice) -> None:
    """Pat decides; underscores stand for hyphens."""
    named = {name.replace("_", "-"): choice for name, choice in choices.items()}
    shown = shown_of(differences_on(found.cluster))
    settle(found.pk, named, shown=shown, by=acting("pat"), now=now + HOUR)


def differing() -> Mapping[str, str]:
    return {one.name: one.kind.value for one in differences_on(Cluster.objects.get())}


def test_what_was_removed_since_the_backup_can_be_recorded_as_removed(
    fake: FakeCluster, removed: HistoryBreak, now: datetime
) -> None:
    assert differing() == {NAME: "gone"}
    decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    row = ManagedNamespace.objects.get()
    assert (row.state, row.next_at, fake.writes) == ("gone", None, [])
    assert actions()[-2:] == ["portal:namespace:settled", "portal:history:settled"]


def test_it_can_be_made_again_and_only_then_has_the_team_access(
    fake: FakeCluster, removed: HistoryBreak, now: datetime
) -> None:
    decide(removed, now, payments_prod=RestoreChoice.MAKE_AGAIN)
    assert BINDING not in fake.objects
    row = work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert row.state == "ready"
    assert BINDING in fake.objects


def test_what_came_back_with_the_clusters_backup_can_be_removed_again(
    fake: FakeCluster, came_back: HistoryBreak, now: datetime
) -> None:
    assert differing() == {NAME: "alive"}
    assert BINDING in fake.objects
    decide(came_back, now, payments_prod=RestoreChoice.REMOVE_AGAIN)
    row = until_ended(ManagedNamespace.objects.get(), now + HOUR)
    assert (row.state, NAMESPACE in fake.objects) == ("gone", False)


def test_what_was_left_alone_stays_as_it_is(
    fake: FakeCluster, came_back: HistoryBreak, now: datetime
) -> None:
    decide(came_back, now, payments_prod=RestoreChoice.LEAVE)
    row = ManagedNamespace.objects.get()
    assert (row.state, row.reason, fake.writes) == ("blocked", "reappeared", [])


def test_a_newer_generation_is_overwritten_only_by_decision(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    namespace = changed_and_forgotten(fake, now)
    found = HistoryBreak.objects.create(
        cluster=namespace.cluster, kind="database-older", known="", found_at=now
    )
    look()
    assert differing() == {NAME: "newer"}
    decide(found, now, payments_prod=RestoreChoice.APPLY_RECORDED)
    row = work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert (row.state, row.generation) == ("ready", 1)


def test_left_alone_a_newer_generation_waits_for_its_lead(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    namespace = changed_and_forgotten(fake, now)
    found = HistoryBreak.objects.create(
        cluster=namespace.cluster, kind="database-older", known="", found_at=now
    )
    look()
    decide(found, now, payments_prod=RestoreChoice.LEAVE)
    fake.log.clear()
    row = work_on(ManagedNamespace.objects.get(), now=now + HOUR)
    assert (row.reason, fake.writes) == ("newer-on-cluster", [])


def test_every_namespace_that_differs_needs_a_choice_that_there_is(
    removed: HistoryBreak, now: datetime
) -> None:
    with pytest.raises(Invalid) as refused:
        decide(removed, now)
    assert refused.value.field == NAME
    with pytest.raises(Invalid):
        decide(removed, now, payments_prod=RestoreChoice.LEAVE)
    assert HistoryBreak.objects.get().settled_at is None


@pytest.mark.parametrize("name", ["alice", "dana", "frank"])
def test_nobody_but_platform_admins_decides(
    removed: HistoryBreak, now: datetime, name: str
) -> None:
    with pytest.raises(Forbidden):
        settle(removed.pk, {NAME: RestoreChoice.RECORD_GONE}, shown="", by=acting(name), now=now)


def test_nothing_is_decided_on_a_picture_from_before(removed: HistoryBreak, now: datetime) -> None:
    ClusterObservation.objects.update(seen_at=removed.found_at - HOUR)
    with pytest.raises(Conflict, match="Wait for the next complete look"):
        decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)


def test_it_is_decided_once(removed: HistoryBreak, now: datetime) -> None:
    decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    with pytest.raises(Conflict, match="Somebody else has settled"):
        decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    assert Event.objects.filter(action="portal:history:settled").count() == 1


def test_once_settled_the_next_look_writes_on_and_finds_no_break(
    fake: FakeCluster, removed: HistoryBreak, look: Look, now: datetime
) -> None:
    decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    look()
    cluster = Cluster.objects.get()
    newest = Event.objects.latest("pk").pk
    assert (cluster.accepted_epoch, cluster.epoch_event) == (None, newest)
    look()
    assert HistoryBreak.objects.filter(settled_at=None).count() == 0


@pytest.mark.parametrize("state", ["wanted", "created", "granted", "retrying", "blocked", "ready"])
def test_whatever_became_of_it_here_it_is_asked_what_is_not_on_the_cluster(
    removed: HistoryBreak, now: datetime, state: str
) -> None:
    with without_guards():
        ManagedNamespace.objects.update(state=state, observed_generation=0, uid="")
    assert differing() == {NAME: "gone"}
    decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    assert ManagedNamespace.objects.get().state == "gone"


def test_a_removal_that_was_approved_before_is_no_question(
    removed: HistoryBreak, now: datetime
) -> None:
    removal_of(ManagedNamespace.objects.get(), now + HOUR)
    assert differing() == {}


def test_what_is_recorded_as_removed_takes_its_open_request_along(
    removed: HistoryBreak, now: datetime
) -> None:
    request = ask_removal(ManagedNamespace.objects.get(), now=now)
    decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    request.refresh_from_db()
    assert request.state == "cancelled"
    assert "portal:request:cancelled" in actions()


def test_a_worker_that_still_had_it_writes_nothing_more(
    removed: HistoryBreak, now: datetime
) -> None:
    before = ManagedNamespace.objects.get().fencing_token
    decide(removed, now, payments_prod=RestoreChoice.RECORD_GONE)
    assert ManagedNamespace.objects.get().fencing_token == before + 1


def test_access_that_a_forgotten_removal_took_comes_back_only_by_decision(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    namespace = ready(now=now)
    look()
    fake.remove(BINDING)
    epoch.note_break(namespace.cluster, BreakKind.DATABASE_OLDER, now=now)
    look()
    [one] = differences_on(namespace.cluster)
    assert (one.kind.value, one.objects) == ("changed", (str(BINDING),))


def test_another_one_with_our_marks_is_named(fake: FakeCluster, look: Look, now: datetime) -> None:
    namespace = ready(now=now)
    restore(fake, saved_of(fake))
    epoch.note_break(namespace.cluster, BreakKind.CLUSTER_OLDER, now=now)
    look()
    assert differing() == {NAME: "another"}
    decide(HistoryBreak.objects.get(), now, payments_prod=RestoreChoice.LEAVE)
    fake.log.clear()
    row = work_on(namespace, now=now + HOUR)
    assert (row.state, row.reason, fake.writes) == ("blocked", "restored", [])


def test_what_differs_since_the_page_was_shown_is_not_decided(
    removed: HistoryBreak, now: datetime
) -> None:
    shown = shown_of(differences_on(removed.cluster))
    with without_guards():
        ManagedNamespace.objects.update(state="blocked", reason="reappeared")
    with pytest.raises(Conflict, match="Something else differs"):
        settle(
            removed.pk,
            {NAME: RestoreChoice.REMOVE_AGAIN},
            shown=shown,
            by=acting("pat"),
            now=now + HOUR,
        )


def test_a_cluster_that_forgot_its_epoch_is_written_to_again_once_settled(
    fake: FakeCluster, look: Look, now: datetime
) -> None:
    ready(now=now)
    look()
    branch(fake.system[HOME], "metadata").pop("annotations")
    look()
    decide(HistoryBreak.objects.get(), now)
    look()
    assert HistoryBreak.objects.filter(settled_at=None).count() == 0
    assert Cluster.objects.get().epoch_event is not None


def test_a_cluster_that_is_closed_keeps_nobody_waiting(
    removed: HistoryBreak, erin: User, now: datetime
) -> None:
    RoleAssignment.objects.create(user=erin, role="platform-admin")
    cluster = removed.cluster
    ask_to_close(cluster.pk, by=acting("pat"), reason="burnt", typed_name=cluster.name, now=now)
    confirm_closing(cluster.pk, by=acting("erin"), typed_name=cluster.name, now=now)
    assert HistoryBreak.objects.get().settled_at == now
