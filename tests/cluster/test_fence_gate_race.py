"""A hundred pods race the provisioning of their namespace; the audit log tells who was first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from onboarding.domain.fence_gate import GATE
from onboarding.domain.lifecycle import NamespaceState, Phase
from onboarding.domain.objects import Manifest
from onboarding.models import Cluster, ManagedNamespace
from onboarding.services.observe import observe
from onboarding.services.phases import PHASES
from onboarding.services.phases.work import PhaseResult, Work
from tests.cluster.conftest import eventually
from tests.support import live_portal
from tests.support.audit_log import PORTAL, AuditLog, Entry
from tests.support.manifests import RBAC_GROUP, pod, policy
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db
READY = NamespaceState.READY
RACERS, PODS_EACH = 10, 10
EVERYWHERE = f"/apis/{RBAC_GROUP}/v1/clusterrolebindings"


@pytest.fixture
def racer(admin: RawApi) -> Iterator[RawApi]:
    """Somebody with the developers' role before the portal gave it to anybody."""
    role = {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "bulkhead:developer"}
    subject = {"apiGroup": RBAC_GROUP, "kind": "Group", "name": "racers"}
    bound = {"metadata": {"name": "racers"}, "roleRef": role, "subjects": [subject]}
    assert admin.post(EVERYWHERE, bound).status == 201
    somebody = admin.acting_as("racer", "racers")
    eventually(
        lambda: somebody.get("/api/v1/namespaces/default/pods").status == 200, "the role counts"
    )
    yield somebody
    admin.delete(f"{EVERYWHERE}/racers")


def small_pod(name: str) -> Manifest:
    """One of which a hundred fit into the largest quota."""
    small: Any = pod(name)
    amounts = {"cpu": "10m", "memory": "16Mi"}
    small["spec"]["containers"][0]["resources"] = {"requests": amounts, "limits": amounts}
    return dict(small)


@contextmanager
def racing(somebody: RawApi, namespace: str) -> Iterator[None]:
    """Create pods from before the namespace is there until all of them are."""
    over = Event()

    def run(number: int) -> None:
        left = [f"racer-{number}-{count}" for count in range(PODS_EACH)]
        while left and not over.is_set():
            made = somebody.post(f"/api/v1/namespaces/{namespace}/pods", small_pod(left[-1]))
            left = left[:-1] if made.status == 201 else left
            over.wait(0 if made.status == 201 else 0.002)

    threads = [Thread(target=run, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    try:
        yield
        live_portal.wait_for(lambda: not any(one.is_alive() for one in threads), "the race ends")
    finally:
        over.set()
        for thread in threads:
            thread.join()


def work_off(namespace: ManagedNamespace) -> ManagedNamespace:
    """What a worker does of itself, as the namespace becomes due."""
    return live_portal.brought_to(namespace, READY)


def gated(entry: Entry) -> bool:
    return GATE in [gate["name"] for gate in entry.stored["spec"].get("schedulingGates", [])]


def pods_of(admin: RawApi, namespace: str) -> list[dict[str, Any]]:
    return list(admin.get(f"/api/v1/namespaces/{namespace}/pods").body["items"])


def all_released(admin: RawApi, namespace: ManagedNamespace) -> bool:
    """Whether a hundred pods are there and none waits; looks as the row becomes due, not before."""
    live_portal.brought_to(namespace, READY)
    there = pods_of(admin, namespace.name)
    return len(there) == RACERS * PODS_EACH and not any(
        one["spec"].get("schedulingGates") for one in there
    )


def lets_pods_in(phase: Phase, many: int, admin: RawApi) -> Callable[[Work], PhaseResult]:
    """Return a phase that begins once so many pods are stored."""
    begin = PHASES[phase]

    def late(work: Work) -> PhaseResult:
        name = work.plan.namespace
        live_portal.wait_for(lambda: len(pods_of(admin, name)) >= many, f"{many} pods are there")
        return begin(work)

    return late


@pytest.fixture
def slow_worker(admin: RawApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for phase, many in {Phase.FENCE: 20, Phase.VERIFY: 50}.items():
        monkeypatch.setitem(PHASES, phase, lets_pods_in(phase, many, admin))  # type: ignore[arg-type]


@pytest.fixture
def entries(
    dev_eu: Cluster,
    audit: AuditLog,
    admin: RawApi,
    racer: RawApi,
    name: str,
) -> list[Entry]:
    """Everything that was stored while pods raced, in the server's own order."""
    row = live_portal.onboard(dev_eu, name, size="large")
    with racing(racer, name):
        row = work_off(row)
    eventually(lambda: all_released(admin, row), "all are there, and nobody waits")
    assert live_portal.fresh(row).deviations.count() == 0
    stored = [entry for entry in audit.about(name) if entry.is_write and entry.succeeded]
    return sorted(stored, key=lambda entry: entry.version)


@pytest.mark.usefixtures("slow_worker")
def test_g42_no_pod_is_ungated_before_everything_was_read_back(entries: list[Entry]) -> None:
    [proof] = [e for e in entries if e.resource == "namespaces" and e.verb == "patch"]
    [fence] = [e for e in entries if e.what == "patch networkpolicies/deny-all"]
    made = [e for e in entries if (e.resource, e.verb) == ("pods", "create")]
    lifted = [e for e in entries if (e.resource, e.verb) == ("pods", "patch")]
    assert len(made) == RACERS * PODS_EACH
    early = [entry for entry in made if entry.version < proof.version]
    assert len([entry for entry in early if entry.version < fence.version]) >= 20
    assert all(gated(entry) for entry in early)
    ungated = [e for e in (*made, *lifted) if not gated(e)]
    assert min(entry.version for entry in ungated) > proof.version
    assert {entry.user for entry in lifted} == {PORTAL}
    assert len(lifted) == len([entry for entry in made if gated(entry)])


def test_while_the_portal_is_down_they_wait_and_the_page_can_tell(
    dev_eu: Cluster, admin: RawApi, racer: RawApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = live_portal.onboard(dev_eu, name)
    with monkeypatch.context() as patched:
        patched.setitem(PHASES, Phase.VERIFY, _dies)  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            live_portal.look(row)
    racer.post(f"/api/v1/namespaces/{name}/pods", pod("web"))
    [waiting] = racer.get(f"/api/v1/namespaces/{name}/pods").body["items"]
    assert waiting["status"]["conditions"][0]["reason"] == "SchedulingGated"
    assert observe(dev_eu.pk, clock=live_portal.timezone.now)
    assert dev_eu.namespace_observations.get(name=name).waiting_pods == 1


def _dies(_work: object) -> None:
    raise KeyboardInterrupt


def test_tampering_holds_new_pods_back_until_it_is_repaired(
    dev_eu: Cluster, audit: AuditLog, admin: RawApi, racer: RawApi, name: str
) -> None:
    row = work_off(live_portal.onboard(dev_eu, name))
    breaker = admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")
    fence = f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies/deny-all"
    assert breaker.merge(fence, {"spec": {"egress": [{}]}}).status == 200
    again = audit.since_now()
    assert live_portal.look(row).state == READY
    writes = [entry.what for entry in again.writes_of_portal(name)]
    told = f"patch namespaces/{name}"
    assert writes == [told, "patch networkpolicies/deny-all", told]
    said = [GATE in e.stored["metadata"]["labels"] for e in again.writes_of_portal(name)[::2]]
    assert said == [False, True]


def test_a_policy_of_others_holds_new_pods_back_until_it_is_gone(
    dev_eu: Cluster, admin: RawApi, racer: RawApi, name: str
) -> None:
    row = work_off(live_portal.onboard(dev_eu, name))
    breaker = admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")
    policies = f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies"
    open_wide = policy(name, "open", {"podSelector": {}, "egress": [{}], "ingress": [{}]})
    assert breaker.post(policies, open_wide).status == 201
    assert live_portal.look(row).state == NamespaceState.DRIFTED
    pods = f"/api/v1/namespaces/{name}/pods"
    assert GATE in str(racer.post(pods, pod("late")).body["spec"]["schedulingGates"])
    breaker.delete(f"{policies}/open")
    assert live_portal.look(row).state == READY
    assert "schedulingGates" not in racer.get(f"{pods}/late").body["spec"]


def test_gated_pods_go_with_the_namespace(
    dev_eu: Cluster, admin: RawApi, racer: RawApi, name: str
) -> None:
    row = work_off(live_portal.onboard(dev_eu, name))
    held: Any = pod("held")
    held["spec"]["schedulingGates"] = [{"name": "scheduling.example/topology"}]
    assert racer.post(f"/api/v1/namespaces/{name}/pods", held).status == 201
    assert live_portal.brought_to(live_portal.retire(row), NamespaceState.GONE).gone_at
