"""The main job on the real API server, told by its own audit log."""

import pytest

from onboarding.demo.openings import exposed
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace
from onboarding.plan.model import load_plan
from tests.support import live_portal
from tests.support.audit_log import PORTAL, AuditLog, Entry, check_fence_first, creations
from tests.support.manifests import pod
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db

READY = NamespaceState.READY
# The namespace and deny-all read once more as they are made, the namespace and each of the four
# kinds read anew at the end, the question to the API server, the proof, and the pods that waited.
REQUESTS_BESIDES_OBJECTS = 10
PROOF_OF_THE_FENCE = 1


@pytest.fixture
def ready(dev_eu: Cluster, audit: AuditLog, name: str) -> ManagedNamespace:
    """Alice asked, Dana and Pat approved, a worker brought it about."""
    return live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)


@pytest.fixture
def retired(ready: ManagedNamespace, audit: AuditLog, admin: RawApi) -> ManagedNamespace:
    """The namespace with a pod in it, after Alice asked for its end and Pat approved."""
    placed = admin.post(f"/api/v1/namespaces/{ready.name}/pods", pod("web"))
    assert placed.status == 201, placed.message
    return live_portal.brought_to(live_portal.retire(ready), NamespaceState.GONE)


def test_what_is_stored_equals_what_was_approved(ready: ManagedNamespace) -> None:
    assert live_portal.deviations(ready) == []
    assert ready.observed_generation == 1
    run = ready.runs.get()
    assert [step.state for step in run.steps.all()] == ["done"] * 6


def test_g02_the_namespace_is_created_once(ready: ManagedNamespace, audit: AuditLog) -> None:
    live_portal.look(ready)
    [created] = creations(audit.about(ready.name))
    assert created.user == PORTAL
    assert created.stored["metadata"]["uid"] == ready.uid


def test_g09_deny_all_is_stored_before_anything_else(
    ready: ManagedNamespace, audit: AuditLog
) -> None:
    entries = audit.by_portal(ready.name)
    check_fence_first(entries)
    bindings = [entry for entry in entries if entry.resource == "rolebindings" and entry.is_write]
    assert bindings
    assert all(entry.version for entry in bindings)


def test_provisioning_is_the_objects_and_at_most_ten_requests(
    ready: ManagedNamespace, audit: AuditLog
) -> None:
    objects = load_plan(ready.revisions.get().plan).objects
    entries = audit.by_portal(ready.name)
    writes = [entry.what for entry in entries if entry.is_write]
    assert len(writes) == len(objects) + PROOF_OF_THE_FENCE
    assert writes[-1] == f"patch namespaces/{ready.name}"
    asked = [entry.what for entry in entries]
    assert len(asked) <= len(objects) + REQUESTS_BESIDES_OBJECTS, asked


def test_a_second_reconcile_writes_nothing(ready: ManagedNamespace, audit: AuditLog) -> None:
    again = audit.since_now()
    assert live_portal.look(ready).state == READY
    assert again.by_portal(ready.name)
    assert again.writes_of_portal(ready.name) == []


def test_the_portal_is_never_an_administrator(ready: ManagedNamespace, audit: AuditLog) -> None:
    writers = {entry.user for entry in audit.about(ready.name) if entry.is_write}
    assert PORTAL in writers
    for entry in audit.by_portal(ready.name):
        assert "system:masters" not in entry.groups


def test_a_change_becomes_revision_2_in_the_same_namespace(
    ready: ManagedNamespace, audit: AuditLog
) -> None:
    wanted = ready.revisions.get().wanted
    bigger = wanted.changed(
        size="medium", openings=(exposed("ingress-nginx", "web", (8080, 9090)),)
    )
    changed = live_portal.brought_to(live_portal.change(ready, bigger), READY)
    assert (changed.generation, changed.observed_generation, changed.uid) == (2, 2, ready.uid)
    assert live_portal.deviations(changed) == []
    assert len(creations(audit.about(ready.name))) == 1


def test_a_change_shows_on_the_server(ready: ManagedNamespace, admin: RawApi) -> None:
    wanted = ready.revisions.get().wanted
    bigger = wanted.changed(
        size="medium", openings=(exposed("ingress-nginx", "web", (8080, 9090)),)
    )
    live_portal.brought_to(live_portal.change(ready, bigger), READY)
    [quota] = admin.get(f"/api/v1/namespaces/{ready.name}/resourcequotas").body["items"]
    assert quota["spec"]["hard"]["pods"] == "40"
    policy = f"/apis/networking.k8s.io/v1/namespaces/{ready.name}/networkpolicies/"
    [rule] = admin.get(f"{policy}allow-ingress-ingress-nginx").body["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [8080, 9090]


def test_retirement_takes_access_then_pods_then_the_namespace(
    retired: ManagedNamespace, audit: AuditLog, admin: RawApi
) -> None:
    entries = audit.by_portal(retired.name)
    removals = [entry for entry in entries if _removes(entry)]
    kinds = [entry.resource for entry in removals]
    # Policies outlive the pods: nothing but these three is removed by the portal.
    assert set(kinds) == {"rolebindings", "pods", "namespaces"}
    assert kinds == sorted(kinds, key=["rolebindings", "pods", "namespaces"].index)
    assert removals[-1].sent["preconditions"] == {"uid": retired.uid}
    last_look = [entry for entry in entries if entry.what == "list pods"][-1]
    assert last_look.stored["items"] == []
    assert entries.index(last_look) < entries.index(removals[-1])
    assert admin.get(f"/api/v1/namespaces/{retired.name}").status == 404
    assert (retired.next_at, retired.gone_at is None) == (None, False)


def _removes(entry: Entry) -> bool:
    return entry.verb in {"delete", "deletecollection"}
