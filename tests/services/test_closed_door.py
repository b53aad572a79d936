"""The door of a namespace that goes: nothing new gets in, while everything else is removed."""

from collections.abc import Callable
from datetime import datetime

import pytest

from onboarding.cluster.errors import Refused, WriteConflict
from onboarding.domain.objects import Key, Manifest, branch
from onboarding.models import ManagedNamespace
from onboarding.services.phases.retire import CLOSED
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import (
    NAME,
    NAMESPACE,
    approve_all,
    ask_removal,
    ready,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
QUOTA = Key("ResourceQuota", NAME, "quota")
Act = Callable[[FakeCluster], object]


@pytest.fixture
def retiring(fake: FakeCluster, cast: object, cluster: object, now: datetime) -> ManagedNamespace:
    """A namespace whose removal is approved, on a cluster that takes its time."""
    namespace = ready(now=now)
    fake.lingering = True
    approve_all(ask_removal(namespace, now=now), now=now)
    fake.log.clear()
    return namespace


def hard(fake: FakeCluster) -> Manifest:
    return branch(fake.objects[QUOTA], "spec", "hard")


def test_countable_kinds_go_to_zero_and_other_bounds_stay(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    before = dict(hard(fake))
    work_on(retiring, now=now)
    assert hard(fake) == {**before, **CLOSED}
    assert before["requests.storage"] == "50Gi"


def test_a_closed_door_is_not_written_again(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    namespace = work_on(retiring, now=now)
    work_on(namespace, now=now)
    assert [key for verb, key in fake.writes if verb == "apply"] == [QUOTA]


def test_a_quota_somebody_took_away_is_made(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.remove(QUOTA)
    namespace = work_on(retiring, now=now)
    assert hard(fake) == CLOSED
    revoked = namespace.runs.latest("id").steps.get(phase="revoke")
    assert {"object": str(QUOTA), "outcome": "created"} in revoked.changes


def test_use_that_changes_the_quota_meanwhile_is_read_again(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", WriteConflict("the object has been modified", status=409), times=3)
    assert work_on(retiring, now=now).state == "deleting"
    assert hard(fake)["pods"] == "0"


def test_a_quota_that_never_stands_still_is_tried_again(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", WriteConflict("the object has been modified", status=409), times=5)
    namespace = work_on(retiring, now=now)
    assert namespace.state == "retrying"
    assert work_on(namespace, now=now).state == "deleting"


def test_a_refusal_to_close_it_waits_for_a_person(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.fail_next("apply", Refused("quotas are frozen", status=403))
    namespace = work_on(retiring, now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "refused")
    assert "quotas are frozen" in namespace.message


def test_a_server_that_stores_an_open_door_is_not_believed(
    retiring: ManagedNamespace,
    fake: FakeCluster,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeCluster, "apply", lambda self, _manifest, **_: self.objects[QUOTA])
    namespace = work_on(retiring, now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "not-as-planned")
    assert NAMESPACE in fake.objects


def test_deleted_by_somebody_it_needs_no_door(
    retiring: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.tamper(NAMESPACE, lambda home: branch(home, "metadata").update(deletionTimestamp="now"))
    assert work_on(retiring, now=now).state == "deleting"
    assert not [key for verb, key in fake.writes if verb in {"apply", "create"}]


def test_deleted_while_it_is_closed_nothing_waits_for_a_person(
    retiring: ManagedNamespace,
    fake: FakeCluster,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_late(self: FakeCluster, manifest: Manifest, **_: object) -> Manifest:
        branch(self.objects[NAMESPACE], "metadata")["deletionTimestamp"] = "now"
        raise Refused(f"namespace {NAME} is being terminated", status=403)

    monkeypatch.setattr(FakeCluster, "apply", too_late)
    namespace = work_on(retiring, now=now)
    assert namespace.state == "deleting"
