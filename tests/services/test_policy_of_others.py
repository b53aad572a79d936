"""Policies add up: one that no plan contains may open what was approved to be closed.

So it proves nothing, and pods wait, until it is gone or somebody answers for it.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.demo.scenario import acting
from onboarding.domain.fence_gate import GATE
from onboarding.domain.objects import Key, Manifest, branch, copied, key_of
from onboarding.domain.ownership import GENERATION, MANAGED_BY, PORTAL
from onboarding.models import Cluster, ManagedNamespace
from onboarding.services.acknowledge import acknowledge
from tests.support.fake_cluster import FakeCluster
from tests.support.gated_pods import gated, gates_of, install_gate, is_told
from tests.support.manifests import policy
from tests.support.requests import BINDING, NAME, ready, wanted, work_on

pytestmark = pytest.mark.usefixtures("cast")
QUOTA = Key("ResourceQuota", NAME, "quota")
MINUTE = timedelta(seconds=60)
LET_OUT = policy(NAME, "let-me-out", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]})


@pytest.fixture(autouse=True)
def with_gate(cluster: Cluster) -> Cluster:
    return install_gate(cluster)


@pytest.fixture
def prod(fake: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(now=now)


def forged() -> Manifest:
    """It carries the marks of what the portal applied for an earlier revision."""
    tree = copied(LET_OUT)
    branch(tree, "metadata")["labels"] = {MANAGED_BY: PORTAL}
    branch(tree, "metadata")["annotations"] = {GENERATION: "1"}
    return tree


def widened(tree: Any) -> None:
    tree["spec"]["ingress"] = [{}]


def enlarged(tree: Any) -> None:
    tree["spec"]["hard"]["pods"] = "99"


def test_it_takes_the_word_back_and_nobody_is_let_go(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.put(LET_OUT)
    fake.put(gated("web"))
    row = work_on(prod, now=now)
    assert (is_told(fake), row.fenced_uid, row.state) == (False, None, "drifted")
    assert gates_of(fake, "web") == [GATE]
    before = len(fake.writes)
    again = work_on(row, now=now + MINUTE)
    assert (again.state, fake.writes[before:]) == ("drifted", [])
    assert gates_of(fake, "web") == [GATE]


def test_once_it_is_gone_pods_go(fake: FakeCluster, prod: ManagedNamespace, now: datetime) -> None:
    fake.put(LET_OUT)
    fake.put(gated("web"))
    row = work_on(prod, now=now)
    fake.remove(key_of(LET_OUT))
    row = work_on(row, now=now + MINUTE)
    assert (is_told(fake), row.state, gates_of(fake, "web")) == (True, "ready", [])


def test_acknowledged_it_counts_until_it_says_something_else(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.put(LET_OUT)
    row = work_on(prod, now=now)
    [found] = row.deviations.all()
    acknowledge(found.pk, by=acting("alice"), reason="it is ours", now=now)
    row = work_on(row, now=now + MINUTE)
    assert (is_told(fake), row.state) == (True, "ready")
    fake.tamper(key_of(LET_OUT), widened)
    row = work_on(row, now=now + 2 * MINUTE)
    assert (is_told(fake), row.state) == (False, "drifted")


def test_where_it_stands_from_the_beginning_nothing_is_proven(
    fake: FakeCluster, now: datetime
) -> None:
    row = wanted(now=now)
    fake.meanwhile("apply", lambda key: key == BINDING, lambda: fake.put(LET_OUT))
    row = work_on(row, now=now)
    assert (is_told(fake), row.fenced_uid, row.state) == (False, None, "drifted")


def test_what_only_looks_like_the_portals_goes(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    fake.put(forged())
    row = work_on(prod, now=now)
    assert key_of(forged()) not in fake.objects
    assert (is_told(fake), row.state) == (True, "ready")


def test_a_fight_about_something_else_does_not_put_it_off(
    fake: FakeCluster, prod: ManagedNamespace, now: datetime
) -> None:
    row = prod
    for second in range(3):  # repairs of a quota wait by now
        fake.tamper(QUOTA, enlarged)
        row = work_on(row, now=now + timedelta(seconds=second))
    fake.put(LET_OUT)
    row = work_on(row, now=now + timedelta(seconds=4))
    assert (is_told(fake), row.fenced_uid) == (False, None)


def test_what_only_looks_like_the_portals_goes_from_a_cluster_without_the_gate(
    fake: FakeCluster, cluster: Cluster, now: datetime
) -> None:
    Cluster.objects.update(facts={**cluster.facts, "fence_gate": False})
    row = ready(now=now)
    fake.put(forged())
    assert work_on(row, now=now).state == "ready"
    assert key_of(forged()) not in fake.objects
