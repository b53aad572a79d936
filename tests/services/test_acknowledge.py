"""Acknowledge: who may say that they know of a deviation, what it changes, and when it ends."""

from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.objects import Key
from onboarding.domain.refusals import Forbidden, Invalid, NotFound
from onboarding.models import Deviation, Event, ManagedNamespace
from onboarding.services.acknowledge import NotAsShown, acknowledge
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import policy
from tests.support.requests import NAME, NAMESPACE, actions, ready, work_on

pytestmark = pytest.mark.usefixtures("cast", "cluster")
FOREIGN = policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]})
FOREIGN_KEY = Key("NetworkPolicy", NAME, "let-me-out")


@pytest.fixture
def namespace(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    """A namespace with an egress policy of somebody else."""
    row = ready(now=now)
    fake.put(FOREIGN)
    return work_on(row, now=now)


def say(username: str, now: datetime, reason: str = "OpenShift puts it there.") -> Deviation:
    row = Deviation.objects.latest("pk")
    return acknowledge(row.pk, by=acting(username), reason=reason, now=now)


@pytest.mark.parametrize("person", ["alice", "pat"])
def test_a_lead_or_a_platform_admin_acknowledges_with_a_reason(
    person: str, namespace: ManagedNamespace, now: datetime
) -> None:
    row = say(person, now)
    assert (row.acknowledged_at, row.acknowledgement) == (now, "OpenShift puts it there.")
    assert row.acknowledged_by.username == person  # type: ignore[union-attr]
    event = Event.objects.latest("pk")
    assert event.action == "portal:deviation:acknowledged"
    assert event.note == "OpenShift puts it there."


@pytest.mark.parametrize(
    ("person", "refusal"),
    [("bob", Forbidden), ("dana", Forbidden), ("frank", Forbidden), ("charlie", NotFound)],
)
def test_nobody_else_acknowledges(
    person: str, refusal: type[Exception], namespace: ManagedNamespace, now: datetime
) -> None:
    with pytest.raises(refusal):
        say(person, now)
    assert Deviation.objects.get().acknowledged_at is None


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_it_needs_a_reason_of_bounded_length(
    reason: str, namespace: ManagedNamespace, now: datetime
) -> None:
    with pytest.raises(Invalid):
        say("alice", now, reason)


def test_an_acknowledged_finding_no_longer_keeps_it_from_ready(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    assert namespace.state == "drifted"
    say("alice", now)
    before = Event.objects.count()
    fake.log.clear()
    for _ in range(3):
        namespace = work_on(namespace, now=now)
        assert (namespace.state, namespace.message) == ("ready", "")
    assert (fake.writes, Event.objects.count()) == ([], before)


def test_an_acknowledgement_makes_the_namespace_due(
    namespace: ManagedNamespace, now: datetime
) -> None:
    say("alice", now)
    namespace.refresh_from_db()
    assert namespace.next_at == now


@pytest.mark.parametrize("how", ["changed", "made again"])
def test_it_comes_back_when_the_object_is_another(
    how: str, namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    say("alice", now)
    assert work_on(namespace, now=now).state == "ready"
    if how == "changed":
        fake.tamper(FOREIGN_KEY, lambda tree: tree["spec"].update(ingress=[{}]))  # type: ignore[union-attr,call-arg,arg-type]
    else:
        fake.remove(FOREIGN_KEY)
        fake.put(FOREIGN)
    assert work_on(namespace, now=now).state == "drifted"
    assert actions(namespace=NAME).count("cluster:deviation:seen") == 2
    assert Deviation.objects.filter(ended_at=None).count() == 1


def test_a_label_put_on_it_is_no_other_object(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    say("alice", now)
    fake.tamper(FOREIGN_KEY, lambda tree: tree["metadata"].update(labels={"a": "b"}))  # type: ignore[union-attr,call-arg,arg-type]
    assert work_on(namespace, now=now).state == "ready"


def test_another_finding_beside_it_still_counts(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    say("alice", now)
    fake.put(policy(NAME, "let-me-in", {"policyTypes": ["Ingress"], "ingress": [{}]}))
    assert work_on(namespace, now=now).state == "drifted"


def test_nothing_is_acknowledged_twice(namespace: ManagedNamespace, now: datetime) -> None:
    say("alice", now)
    with pytest.raises(NotAsShown, match="Alice acknowledged it before"):
        say("pat", now)


def test_what_is_gone_by_now_is_not_acknowledged(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.remove(FOREIGN_KEY)
    work_on(namespace, now=now)
    with pytest.raises(NotAsShown, match="gone"):
        say("alice", now)


def test_a_loss_stays_until_it_is_acknowledged_and_a_second_one_is_told_anew(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    for minutes in (1, 2):
        fake.remove(NAMESPACE)
        namespace = work_on(namespace, now=now + timedelta(minutes=minutes))
        assert Deviation.objects.filter(kind="deleted").count() == minutes
    losses = Deviation.objects.filter(kind="deleted", acknowledged_at__isnull=True)
    assert losses.count() == 2
