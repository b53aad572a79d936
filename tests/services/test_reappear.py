"""A tombstone is compared with every look: what was removed and lives again waits for a person."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.objects import Key, Manifest, branch
from onboarding.domain.refusals import Forbidden
from onboarding.models import Cluster, ManagedNamespace
from onboarding.services import reappear
from onboarding.services.observe import observe
from onboarding.services.retry import try_again
from onboarding.services.submit import submit
from tests.support.came_back import removal_of, restore, saved_of, until_ended
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    NAME,
    actions,
    approve_all,
    ready,
    spec_of,
    wish_of,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")

HOUR = timedelta(hours=1)
Look = Callable[[], ManagedNamespace]


@pytest.fixture
def saved(fake: FakeCluster, now: datetime) -> dict[Key, Manifest]:
    """What was on the cluster before the namespace was removed; it is gone by now."""
    namespace = ready(now=now)
    saved = saved_of(fake)
    assert until_ended(removal_of(namespace, now), now).state == "gone"
    return saved


@pytest.fixture
def look(fake: FakeCluster, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Look at the cluster an hour later; returns the oldest row of the name."""
    Cluster.objects.update(credential=b"sealed")
    monkeypatch.setattr("onboarding.services.observe.open_gateway", lambda _cluster: fake)

    def look_now() -> ManagedNamespace:
        later = now + HOUR
        assert observe(Cluster.objects.get().pk, clock=lambda: later)
        return ManagedNamespace.objects.filter(name=NAME).order_by("pk")[0]

    return look_now


def test_b6_a_removed_namespace_that_was_restored_waits_for_a_person(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look
) -> None:
    restore(fake, saved)
    row = look()
    assert (row.state, row.reason, row.next_at) == ("blocked", "reappeared", None)
    assert "may have it again" in row.message
    assert actions()[-1] == "cluster:namespace:reappeared"


def test_b6_it_is_known_by_its_uid_as_well(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look
) -> None:
    row = ManagedNamespace.objects.get()
    bare: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}}
    fake.put(bare)
    branch(fake.objects[Key("Namespace", "", NAME)], "metadata")["uid"] = row.known_uid
    assert look().reason == "reappeared"


def test_b6_it_is_told_once(fake: FakeCluster, saved: dict[Key, Manifest], look: Look) -> None:
    restore(fake, saved)
    look()
    look()
    assert actions().count("cluster:namespace:reappeared") == 1


def test_what_somebody_else_made_under_the_name_is_no_reappearance(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look
) -> None:
    fake.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
    assert look().state == "gone"


def test_a_look_that_began_before_the_end_contradicts_nothing(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look, now: datetime
) -> None:
    restore(fake, saved)
    ManagedNamespace.objects.update(gone_at=now + timedelta(hours=2))
    assert look().state == "gone"


def test_b6_another_try_by_a_lead_runs_the_approved_removal_anew(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look, now: datetime
) -> None:
    restore(fake, saved)
    row = look()
    try_again(row.pk, by=acting("alice"), now=now)
    assert until_ended(row, now).state == "gone"
    assert fake.objects == {}


def test_b6_a_platform_admin_may_try_again_and_a_member_may_not(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look, now: datetime
) -> None:
    restore(fake, saved)
    row = look()
    with pytest.raises(Forbidden):
        try_again(row.pk, by=acting("bob"), now=now)
    try_again(row.pk, by=acting("pat"), now=now)
    row.refresh_from_db()
    assert row.state == "revoking"


def test_b6_where_the_name_was_given_anew_it_is_told_and_the_name_stays_whose_it_is(
    fake: FakeCluster, saved: dict[Key, Manifest], look: Look, now: datetime
) -> None:
    ManagedNamespace.objects.update(gone_at=now - timedelta(days=30))
    request = submit(wish_of(spec_of()), by=acting("alice"), form_key="again", now=now)
    again = approve_all(request, now=now).namespace
    assert again is not None
    restore(fake, saved)
    assert work_on(again, now=now).reason == "taken"
    row = look()
    assert (row.state, row.reason) == ("gone", "")
    assert "was seen on dev-eu again" in row.message
    look()
    assert actions().count("cluster:namespace:reappeared") == 1


def test_of_two_looks_at_once_one_tells(
    fake: FakeCluster,
    saved: dict[Key, Manifest],
    look: Look,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    has_successor = reappear._has_successor

    def meanwhile(row: ManagedNamespace) -> bool:
        monkeypatch.setattr(reappear, "_has_successor", has_successor)
        assert reappear.tell_reappeared(row.cluster, seen_since=now + HOUR, now=now) == 1
        return has_successor(row)

    restore(fake, saved)
    monkeypatch.setattr(reappear, "_has_successor", meanwhile)
    assert look().state == "blocked"
    assert actions().count("cluster:namespace:reappeared") == 1
