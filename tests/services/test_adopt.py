"""Re-adoption: what came back is taken over by a request whose approvers saw how it differs."""

from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.lanes import Lane
from onboarding.domain.objects import branch, text
from onboarding.domain.refusals import Conflict, Forbidden
from onboarding.models import ManagedNamespace, Request
from onboarding.services.preview import adopt_wish
from onboarding.services.submit import submit
from tests.support.came_back import changed_and_forgotten, restore, saved_of, until_ended
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding
from tests.support.requests import (
    DENY_ALL,
    NAME,
    NAMESPACE,
    approve_all,
    ask_removal,
    ready,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")


@pytest.fixture
def restored(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    """A READY namespace that was restored from a backup, with an older fence and a stray group."""
    namespace = ready(now=now)
    saved = saved_of(fake)
    branch(saved[DENY_ALL], "spec")["policyTypes"] = ["Ingress"]
    restore(fake, saved)
    return work_on(namespace, now=now)


def ask_adoption(
    namespace: ManagedNamespace, *, now: datetime, by: str = "alice", key: str = "adopt"
) -> Request:
    return submit(adopt_wish(namespace, why="It is time."), by=acting(by), form_key=key, now=now)


def test_adoption_asks_platform_and_network(restored: ManagedNamespace, now: datetime) -> None:
    request = ask_adoption(restored, now=now)
    lanes = set(request.lanes.values_list("lane", flat=True))
    assert lanes == {Lane.PLATFORM.value, Lane.NETWORK.value}
    assert request.adopted_uid == (restored.found or {})["uid"]


def test_a11_an_approved_adoption_takes_the_new_uid_and_repairs_everything(
    restored: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    approve_all(ask_adoption(restored, now=now), now=now)
    done = work_on(restored, now=now)
    assert (done.state, done.generation, done.found) == ("ready", 2, None)
    assert done.uid == text(fake.objects[NAMESPACE], "metadata", "uid")
    assert branch(fake.objects[DENY_ALL], "spec")["policyTypes"] == ["Ingress", "Egress"]


def test_nothing_is_written_before_the_last_approval(
    restored: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    ask_adoption(restored, now=now)
    fake.log.clear()
    assert work_on(restored, now=now).reason == "restored"
    assert fake.writes == []


def test_only_a_lead_asks_for_an_adoption(restored: ManagedNamespace, now: datetime) -> None:
    for person in ("bob", "pat", "charlie"):
        with pytest.raises(Forbidden):
            ask_adoption(restored, by=person, now=now)


def test_what_is_ready_is_not_adopted(fake: FakeCluster, now: datetime) -> None:
    with pytest.raises(Conflict):
        ask_adoption(ready(now=now), now=now)


def test_an_adoption_of_what_was_exchanged_meanwhile_is_not_approved(
    restored: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    request = ask_adoption(restored, now=now)
    restore(fake, saved_of(fake))
    work_on(restored, now=now)
    with pytest.raises(Conflict, match="is not there any more, or is another one"):
        approve_all(request, now=now)
    restored.refresh_from_db()
    assert (restored.generation, restored.state) == (1, "blocked")


def test_an_adoption_of_what_is_no_longer_there_is_not_approved(
    restored: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    request = ask_adoption(restored, now=now)
    fake.remove(NAMESPACE)
    assert work_on(restored, now=now).state == "ready"
    with pytest.raises(Conflict, match="is not there any more"):
        approve_all(request, now=now)


def test_an_adoption_leaves_the_end_of_the_lifetime_as_it_was(
    restored: ManagedNamespace, now: datetime
) -> None:
    before = restored.expires_at
    approve_all(ask_adoption(restored, now=now), now=now + timedelta(days=3))
    restored.refresh_from_db()
    assert restored.expires_at == before


def test_b4_a_newer_generation_is_taken_over_by_one_that_is_newer_still(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = work_on(changed_and_forgotten(fake, now), now=now)
    assert namespace.reason == "newer-on-cluster"
    approve_all(ask_adoption(namespace, now=now), now=now)
    done = work_on(namespace, now=now)
    assert (done.state, done.generation) == ("ready", 3)
    assert (
        text(fake.objects[NAMESPACE], "metadata", "annotations", "bulkhead.dev/generation") == "3"
    )


def test_a11_a_removal_asked_for_after_the_restore_removes_what_was_restored(
    restored: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.put(binding(NAME, "friends", role="view", group="friends"))
    request = ask_removal(restored, now=now)
    assert request.adopted_uid == text(fake.objects[NAMESPACE], "metadata", "uid")
    approve_all(request, now=now)
    fake.log.clear()
    assert until_ended(restored, now).state == "gone"
    assert fake.objects == {}
    assert [key.kind for _verb, key in fake.writes][:2] == ["RoleBinding", "RoleBinding"]


def test_b4_a_removal_asked_for_of_what_is_newer_removes_it(
    fake: FakeCluster, now: datetime
) -> None:
    namespace = work_on(changed_and_forgotten(fake, now), now=now)
    approve_all(ask_removal(namespace, now=now), now=now)
    assert until_ended(namespace, now).state == "gone"
    assert fake.objects == {}
