"""What goes with a namespace, and what a smaller size would mean: as observed, or unknown."""

from datetime import datetime, timedelta

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.objects import Json, Key, Manifest
from onboarding.domain.refusals import Invalid
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace, Request
from onboarding.queries.holdings import (
    DELETE_DATA,
    DELETE_WORKLOADS,
    Holdings,
    UsedBound,
    below_use,
    holdings_of,
)
from onboarding.services import observe as observing
from onboarding.services.preview import retire_wish
from onboarding.services.submit import submit
from tests.support.fake_cluster import FakeCluster
from tests.support.observing import look, pod
from tests.support.requests import NAME, NAMESPACE, ask_removal, plan_of, ready

pytestmark = pytest.mark.usefixtures("cast", "cluster")
MINUTE = timedelta(seconds=60)
QUOTA = Key("ResourceQuota", NAME, "quota")


@pytest.fixture
def fake(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    monkeypatch.setattr(observing, "open_gateway", lambda _cluster: fake)
    return fake


@pytest.fixture
def prod(cast: object, cluster: Cluster, fake: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(now=now)


def claim(name: str = "data", size: str = "120Gi") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": NAME},
        "spec": {"resources": {"requests": {"storage": size}}},
        "status": {"phase": "Bound", "capacity": {"storage": size}},
    }


def seen(row: ManagedNamespace, at: datetime) -> Holdings | None:
    look(row.cluster, at)
    return holdings_of(row)


def ask_with(row: ManagedNamespace, phrase: str, now: datetime) -> Request:
    wish = retire_wish(row, confirms=phrase, why="It is time.")
    return submit(wish, by=acting("alice"), form_key=f"retire-{phrase}", now=now)


def test_before_a_look_it_is_unknown(prod: ManagedNamespace) -> None:
    assert holdings_of(prod) is None


def test_pods_claims_and_services_are_told_with_their_age(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    for one in (pod(NAME, "web-1"), pod(NAME, "web-2"), claim(), claim("logs", "10Gi")):
        fake.put(one)
    held = seen(prod, now + MINUTE)
    assert held is not None
    assert (held.pods, held.claims_size, held.services, held.seen_at) == (
        2, "130Gi", 0, now + MINUTE,
    )  # fmt: skip
    assert held.largest_claims == [("data", "120Gi", True), ("logs", "10Gi", True)]


def test_what_is_in_somebody_elses_namespace_of_the_name_is_not_told(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.remove(NAMESPACE)
    fake.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}})
    fake.put(claim())
    assert seen(prod, now + MINUTE) is None


@pytest.mark.parametrize("resource", ["persistentvolumeclaims", "services"])
def test_a_role_of_an_earlier_release_makes_a_part_unknown_and_not_empty(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime, cluster: Cluster, resource: str
) -> None:
    fake.withheld.add(("list", resource))
    held = seen(prod, now + MINUTE)
    assert held is not None
    assert not held.is_known
    assert len(ClusterObservation.objects.get(cluster=cluster).unread_kinds or []) == 1
    assert held.quotas is not None


def test_an_empty_namespace_needs_none(prod: ManagedNamespace, now: datetime) -> None:
    held = seen(prod, now + MINUTE)
    assert held is not None
    assert held.confirmation == ""
    assert ask_removal(prod, now=now + MINUTE).state == "pending"


def test_data_and_workloads_are_confirmed_in_words_of_their_own(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.put(pod(NAME, "web-1"))
    held = seen(prod, now + MINUTE)
    assert held is not None
    assert held.confirmation == DELETE_WORKLOADS
    fake.put(claim())
    held = seen(prod, now + 2 * MINUTE)
    assert held is not None
    assert held.confirmation == DELETE_DATA


@pytest.mark.parametrize("phrase", ["", "delete workloads", "Delete data", "delete data "])
def test_no_door_asks_for_a_removal_without_the_phrase(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime, phrase: str
) -> None:
    fake.put(claim())
    look(prod.cluster, now + MINUTE)
    with pytest.raises(Invalid, match='Type "delete data"') as refused:
        ask_with(prod, phrase, now + MINUTE)
    assert refused.value.field == "confirms"
    assert ask_with(prod, DELETE_DATA, now + MINUTE).state == "pending"


@pytest.fixture
def used(fake: FakeCluster, prod: ManagedNamespace, now: datetime) -> None:
    """Seven pods on a medium namespace, as a quota controller would count them."""
    used: dict[str, Json] = {
        "limits.cpu": "3500m",
        "limits.memory": "14Gi",
        "requests.storage": "120Gi",
        "pods": "7",
    }
    fake.tamper(QUOTA, lambda tree: tree.update(status={"hard": {}, "used": used}))
    look(prod.cluster, now + MINUTE)


@pytest.mark.usefixtures("used")
def test_a_smaller_size_names_what_is_used_beyond_it(prod: ManagedNamespace) -> None:
    found = below_use(plan_of(size="small"), holdings_of(prod))
    assert [(one.resource, one.used, one.bound) for one in found] == [
        ("limits.memory", "14Gi", "8Gi"),
        ("requests.storage", "120Gi", "50Gi"),
    ]


@pytest.mark.usefixtures("used")
def test_a_size_that_holds_what_is_used_says_nothing(prod: ManagedNamespace) -> None:
    assert below_use(plan_of(size="medium"), holdings_of(prod)) == ()


@pytest.mark.parametrize(
    ("resource", "held", "first"),
    [
        ("limits.memory", "pods", True),
        ("pods", "pods", True),
        ("limits.ephemeral-storage", "pods", True),
        ("requests.storage", "claims", True),
        ("persistentvolumeclaims", "claims", False),
        ("services", "services", False),
        ("services.nodeports", "services", False),
        ("secrets", "objects", False),
        ("count/jobs.batch", "objects", False),
    ],
)
def test_a_bound_says_what_it_holds_back_and_counts_wait_for_a_question(
    resource: str, held: str, *, first: bool
) -> None:
    bound = UsedBound(resource, "5", "4")
    assert (bound.holds_back, bound.is_shown_first) == (held, first)
    assert UsedBound(resource, "5", "6").is_shown_first


@pytest.mark.usefixtures("used")
def test_without_a_look_nothing_is_claimed(prod: ManagedNamespace) -> None:
    assert below_use(plan_of(size="small"), None) == ()
