"""What is done to a namespace while something answers wrongly, from its first call to its last.

Each scenario prepares rows and a cluster, says what a worker does next, and when it is over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from onboarding.demo.openings import INTERNET, WEB
from onboarding.domain.fence_gate import FENCE_GATE_FACT, GATE
from onboarding.domain.objects import Json, Key, branch
from onboarding.models import Cluster, ClusterObservation, ManagedNamespace
from onboarding.services.observe import observe
from onboarding.services.reconcile import reconcile
from tests.chaos.nemesis.witness import unlike_its_plan
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding
from tests.support.observing import pod, policy
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    approve_all,
    ask_change,
    ask_removal,
    ready,
    spec_of,
    wanted,
)

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Prepare = Callable[[FakeCluster, datetime], ManagedNamespace]
Worked = Callable[[ManagedNamespace, datetime], datetime]
Over = Callable[[ManagedNamespace, FakeCluster], bool]


def work(row: ManagedNamespace, now: datetime) -> datetime:
    """Let a worker look at the namespace; return when it is due again.

    Claims go by the database's clock, the story by its own: what is due is put far behind both.
    """
    Cluster.objects.filter(pk=row.cluster_id, retry_at__isnull=False).update(retry_at=LONG_AGO)
    ManagedNamespace.objects.filter(pk=row.pk, next_at__isnull=False).update(next_at=LONG_AGO)
    assert reconcile("worker-1", clock=lambda: now, namespace_id=row.pk)
    row.refresh_from_db()
    cluster = Cluster.objects.get(pk=row.cluster_id)
    return max(at for at in (row.next_at, cluster.retry_at, now) if at)


def look(row: ManagedNamespace, now: datetime) -> datetime:
    """Look at the whole cluster; return when that is due again."""
    observe(row.cluster_id, clock=lambda: now)
    row.refresh_from_db()
    seen = ClusterObservation.objects.get(cluster=row.cluster_id)
    assert seen.next_at is not None
    return seen.next_at


@dataclass(frozen=True)
class Scenario:
    """`prepare` leaves what is to be done; `step` does it, until it is `over`.

    `others` act on each copy of the cluster as it goes on.
    """

    name: str
    prepare: Prepare
    step: Worked
    over: Over
    page_size: int = 500
    others: Callable[[FakeCluster], None] = lambda cluster: None

    def __str__(self) -> str:
        return self.name


def is_ready(row: ManagedNamespace, cluster: FakeCluster) -> bool:
    is_so = row.state == "ready" and row.observed_generation == row.generation
    return is_so and row.attempts == 0 and not unlike_its_plan(row, cluster)


def is_gone(row: ManagedNamespace, cluster: FakeCluster) -> bool:
    return row.state == "gone"


def is_seen(row: ManagedNamespace, cluster: FakeCluster) -> bool:
    seen = ClusterObservation.objects.get(cluster=row.cluster_id)
    return seen.trouble == "" and seen.seen_at is not None and row.state == "ready"


def to_be_made(cluster: FakeCluster, now: datetime) -> ManagedNamespace:
    return wanted(now=now)


def start_early(cluster: FakeCluster) -> None:
    """Somebody of the team starts a pod as soon as they may, and it waits for the fence."""
    gates: list[Json] = [{"name": GATE}]
    waiting = pod(NAME, "early")
    branch(waiting, "spec")["schedulingGates"] = gates
    cluster.meanwhile("review_access", lambda key: True, lambda: cluster.put(waiting))


def to_be_narrowed(cluster: FakeCluster, now: datetime) -> ManagedNamespace:
    """Egress and exposure go, the quota grows: objects are removed, changed and kept."""
    row = ready(spec_of(openings=(WEB, INTERNET)), now=now)
    approve_all(ask_change(row, spec_of(openings=(), size="medium"), now=now), now=now)
    row.refresh_from_db()
    return row


def at_rest(cluster: FakeCluster, now: datetime) -> ManagedNamespace:
    return ready(now=now)


def to_be_repaired(cluster: FakeCluster, now: datetime) -> ManagedNamespace:
    row = ready(now=now)
    cluster.tamper(DENY_ALL, lambda tree: branch(tree, "spec").update({"egress": [{}]}))
    cluster.remove(BINDING)
    return row


def to_be_removed(cluster: FakeCluster, now: datetime) -> ManagedNamespace:
    row = ready(now=now)
    cluster.put(binding(NAME, "friends", role="view", group="friends"))
    cluster.put(pod(NAME, "web"))
    meta: dict[str, Json] = {"name": "web", "namespace": NAME}
    cluster.put({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta})
    approve_all(ask_removal(row, now=now), now=now)
    row.refresh_from_db()
    return row


SCENARIOS = (
    Scenario("provisioning", to_be_made, work, is_ready, others=start_early),
    Scenario("a change", to_be_narrowed, work, is_ready),
    Scenario("a look of a worker", at_rest, work, is_ready),
    Scenario("a repair", to_be_repaired, work, is_ready),
    Scenario("a retirement", to_be_removed, work, is_gone),
    Scenario("a look at the cluster", at_rest, look, is_seen, page_size=5),
)


def settle_in(cluster: FakeCluster, now: datetime) -> None:
    """Put in what others have, under names that are the portal's elsewhere."""
    cluster.now = lambda: now
    for place in ("legacy", "kube-system", "monitoring"):
        meta: dict[str, Json] = {"name": place, "labels": {}}
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        cluster.put(policy(place, DENY_ALL.name, {"podSelector": {}}))
        cluster.put(binding(place, BINDING.name, role="view", group="others"))
        cluster.put(pod(place, "web"))


def with_gate(cluster: Cluster) -> None:
    """Let pods on the cluster wait for their fence, as from Kubernetes 1.36 on."""
    cluster.facts = {**cluster.facts, FENCE_GATE_FACT: True}
    cluster.save(update_fields=["facts"])


HOME = Key("Namespace", "", NAME)
