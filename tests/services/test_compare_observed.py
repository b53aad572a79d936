"""A look knows within a minute what a re-verification would find in ten: it wakes a worker."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from onboarding.cluster.verbs import SnapshotLost
from onboarding.domain.objects import Key, Manifest, branch
from onboarding.models import Cluster, ManagedNamespace, NamespaceObservation
from onboarding.queries.truth import Truth, truth_of
from onboarding.services import observe as observing
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import policy as foreign_policy
from tests.support.observing import look
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    approve_all,
    ask_change,
    ready,
    spec_of,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
MINUTE = timedelta(seconds=60)
SESAME = Key("NetworkPolicy", NAME, "sesame")
QUOTA = Key("ResourceQuota", NAME, "quota")
LIMITS = Key("LimitRange", NAME, "limits")


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return fake


@pytest.fixture
def prod(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    """Ready, read back at `now`, and due again in ten minutes."""
    row = ready(now=now)
    later(row)
    return fresh(row)


def later(row: ManagedNamespace) -> None:
    ManagedNamespace.objects.filter(pk=row.pk).update(next_at=Now() + timedelta(minutes=10))


def fresh(row: ManagedNamespace) -> ManagedNamespace:
    return ManagedNamespace.objects.select_related("cluster", "team").get(pk=row.pk)


def is_due(row: ManagedNamespace) -> bool:
    return ManagedNamespace.objects.filter(pk=row.pk, next_at__lte=Now()).exists()


def looked(row: ManagedNamespace, at: datetime) -> Truth:
    look(row.cluster, at)
    return truth_of(fresh(row))


def spec(path: str, value: Any) -> Callable[[Manifest], None]:
    def change(tree: Manifest) -> None:
        branch(tree, "spec")[path] = value

    return change


def labelled(tree: Manifest) -> None:
    branch(tree, "metadata", "labels")["ns-id"] = "other"


def bound_to_nobody(tree: Manifest) -> None:
    tree["subjects"] = []


CHANGES: dict[str, Callable[[FakeCluster], object]] = {
    "a policy gone": lambda fake: fake.remove(DENY_ALL),
    "a policy opened": lambda fake: fake.tamper(DENY_ALL, spec("egress", [{}])),
    "a binding gone": lambda fake: fake.remove(BINDING),
    "a binding changed": lambda fake: fake.tamper(BINDING, bound_to_nobody),
    "a quota raised": lambda fake: fake.tamper(QUOTA, spec("hard", {"pods": "9000"})),
    "limits gone": lambda fake: fake.remove(LIMITS),
    "a label of the namespace": lambda fake: fake.tamper(NAMESPACE, labelled),
    "a policy too many": lambda fake: fake.put(foreign_policy(NAME, "sesame", {"egress": [{}]})),
}


def test_a_namespace_as_approved_is_left_alone(prod: ManagedNamespace, now: datetime) -> None:
    truth = looked(prod, now + MINUTE)
    assert (truth.is_verified, truth.is_contradicted, is_due(prod)) == (True, False, False)
    assert NamespaceObservation.objects.get(name=NAME).differs == []


@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_differs_makes_it_due_at_once_and_is_said(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime, act: Callable[[FakeCluster], object]
) -> None:
    act(fake)
    truth = looked(prod, now + MINUTE)
    assert (truth.is_verified, truth.is_contradicted) == (False, True)
    assert (truth.badge, truth.since, truth.seen_at) == ("differs", now + MINUTE, now + MINUTE)
    assert is_due(prod)


def test_the_difference_names_object_field_and_manager(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.tamper(DENY_ALL, spec("egress", [{}]), manager="helm")
    [one] = looked(prod, now + MINUTE).differences
    assert (one.kind, one.name, one.where) == ("NetworkPolicy", "deny-all", "spec.egress")
    assert one.by.startswith("helm (")


def test_repaired_and_read_back_it_is_verified_again(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.remove(DENY_ALL)
    looked(prod, now + MINUTE)
    repaired = work_on(prod, now=now + MINUTE + timedelta(seconds=2))
    assert truth_of(repaired).is_verified
    assert looked(prod, now + 2 * MINUTE).is_verified
    assert NamespaceObservation.objects.get(name=NAME).differs == []


def test_deleted_again_after_a_repair_it_is_new(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.remove(DENY_ALL)
    looked(prod, now + MINUTE)
    later(work_on(prod, now=now + MINUTE + timedelta(seconds=2)))
    fake.remove(DENY_ALL)
    truth = looked(prod, now + 2 * MINUTE)
    assert (truth.since, is_due(prod)) == (now + 2 * MINUTE, True)


def test_seen_twice_before_a_worker_came_it_keeps_its_beginning(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.remove(DENY_ALL)
    looked(prod, now + MINUTE)
    truth = looked(prod, now + 2 * MINUTE)
    assert (truth.since, truth.seen_at) == (now + MINUTE, now + 2 * MINUTE)


def test_what_no_plan_contains_wakes_a_worker_once(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    CHANGES["a policy too many"](fake)
    looked(prod, now + MINUTE)
    assert is_due(prod)
    found = work_on(prod, now=now + MINUTE + timedelta(seconds=2))
    later(found)
    truth = looked(prod, now + 2 * MINUTE)
    assert (found.state, truth.is_contradicted, is_due(prod)) == ("drifted", False, False)


def test_a_namespace_that_is_gone_wakes_a_worker_and_is_said_to_be_missing(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.remove(NAMESPACE)
    truth = looked(prod, now + MINUTE)
    assert (truth.is_missing, truth.is_verified, is_due(prod)) == (True, False, True)


def test_another_namespace_of_the_name_is_said_to_be_another(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.remove(NAMESPACE)
    fake.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
    truth = looked(prod, now + MINUTE)
    assert (truth.is_replaced, truth.is_verified, is_due(prod)) == (True, False, True)
    [entry] = NamespaceObservation.objects.get(name=NAME).differs or []
    assert (entry["fields"], entry["by"]) == (["metadata.uid"], "")


def test_a_namespace_being_deleted_is_said_to_be(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    def going(tree: Manifest) -> None:
        branch(tree, "metadata")["deletionTimestamp"] = "2026-11-24T09:00:30Z"

    fake.tamper(NAMESPACE, going)
    [one] = looked(prod, now + MINUTE).differences
    assert one.is_going
    assert is_due(prod)


def test_while_a_worker_has_it_nothing_is_said(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    ManagedNamespace.objects.filter(pk=prod.pk).update(lease_until=now + 10 * MINUTE)
    fake.remove(DENY_ALL)
    assert not looked(prod, now + MINUTE).is_contradicted
    assert not is_due(prod)


@pytest.mark.parametrize("moved", ["fencing_token", "generation"])
def test_what_changed_hands_during_the_look_is_left_alone(
    fake: FakeCluster,
    prod: ManagedNamespace,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    moved: str,
) -> None:
    listed = fake.pages

    def meanwhile(kind: str, namespace: str = "", **bounds: Any) -> Any:
        if kind == "RoleBinding":
            ManagedNamespace.objects.filter(pk=prod.pk).update(**{moved: 40})
        return listed(kind, namespace, **bounds)

    fake.remove(DENY_ALL)
    monkeypatch.setattr(fake, "pages", meanwhile)
    assert not looked(prod, now + MINUTE).is_contradicted
    assert not is_due(prod)
    assert NamespaceObservation.objects.get(name=NAME).differs is None


def test_an_approved_change_is_not_a_difference(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    approve_all(ask_change(prod, spec_of(size="medium"), now=now), now=now)
    assert not looked(prod, now + MINUTE).is_contradicted
    assert NamespaceObservation.objects.get(name=NAME).differs is None


def test_a_list_that_is_read_again_finds_what_differs_once(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.cluster.gateway.PAGE_SIZE", 1)
    fake.tamper(DENY_ALL, spec("egress", [{}]))
    fake.fail_next("continue", SnapshotLost("too old", status=410))
    assert len(looked(prod, now + MINUTE).differences) == 1


def test_what_may_not_be_listed_is_not_missing(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.withheld.add(("list", "rolebindings.rbac.authorization.k8s.io"))
    assert looked(prod, now + MINUTE).is_verified


def test_use_of_a_quota_is_data_and_builds_no_world_anew(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime, cluster: Cluster
) -> None:
    version = look(cluster, now + MINUTE).version

    def used(tree: Manifest) -> None:
        tree["status"] = {"hard": {"pods": "20"}, "used": {"pods": "7"}}

    fake.tamper(QUOTA, used)
    assert look(cluster, now + 2 * MINUTE).version == version
    [quota] = NamespaceObservation.objects.get(name=NAME).quotas or []
    assert quota["used"] == {"pods": "7"}


def test_m5_what_is_blocked_for_access_is_woken_by_what_a_look_finds(
    prod: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.loopholes.add(("create", "networkpolicies.networking.k8s.io"))
    assert work_on(prod, now=now).reason == "team-may-write-policy"
    later(prod)
    fake.remove(DENY_ALL)
    looked(prod, now + timedelta(seconds=60))
    assert is_due(prod)
