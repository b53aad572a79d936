"""On the real API server: what is stored is not what was sent, what came back, whose it is.

A mutating admission policy of somebody else's rewrites objects on their way in; somebody with
break-glass acts between two calls of one run, and brings back what a backup held.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from onboarding.cluster.connections import HttpClient
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.responses import Response
from onboarding.demo.scenario import acting
from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.domain.objects import Key
from onboarding.models import Cluster, Event, ManagedNamespace
from onboarding.services.observe import observe
from onboarding.services.preview import adopt_wish
from onboarding.services.retry import try_again
from onboarding.services.submit import submit
from tests.support import live_portal
from tests.support.audit_log import AuditLog
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db

READY, BLOCKED, GONE = NamespaceState.READY, NamespaceState.BLOCKED, NamespaceState.GONE
MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"
MUTATING_BINDINGS = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings"
BY_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields")
ADD_LABEL = (
    '[JSONPatch{op: "add", path: "/metadata/labels/pod-security.kubernetes.io~1enforce-version",'
    ' value: "latest"}]'
)
BOTH_WAYS = '[JSONPatch{op: "add", path: "/spec/policyTypes", value: ["Ingress", "Egress"]}]'
Rewrite = Callable[[str, str, str], None]


def core(name: str) -> str:
    return f"/api/v1/namespaces/{name}"


def policies(name: str) -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies"


def bindings(name: str) -> str:
    return f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings"


@pytest.fixture
def breaker(admin: RawApi) -> RawApi:
    return admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")


@pytest.fixture
def rewrite(admin: RawApi, name: str) -> Iterator[Rewrite]:
    """Return what rewrites objects of a kind under this test's name, once it is in force."""

    def put(group: str, resource: str, patch: str) -> None:
        rule = {
            "apiGroups": [group],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": [resource],
        }
        mine = f"object.metadata.name.startsWith('{name}')"
        if resource != "namespaces":
            mine = f"request.namespace.startsWith('{name}') && object.metadata.name == 'allow-dns'"
        spec = {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [rule]},
            "matchConditions": [{"name": "mine", "expression": mine}],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        }
        for path, content in ((MUTATING, spec), (MUTATING_BINDINGS, {"policyName": name})):
            made = admin.post(path, {"metadata": {"name": name}, "spec": content})
            assert made.status == 201, made.message
        live_portal.wait_for(lambda: is_rewritten(resource), "the policy is in force")

    def is_rewritten(resource: str) -> bool:
        if resource == "namespaces":
            body = {"metadata": {"name": f"{name}-try", "labels": {"a": "b"}}}
            tried = admin.post("/api/v1/namespaces?dryRun=All", body)
            return "enforce-version" in str(tried.body)
        body = {"metadata": {"name": "allow-dns"}, "spec": {"podSelector": {}}}
        tried = admin.post(f"{policies(probe)}?dryRun=All", body)
        return len(tried.body["spec"]["policyTypes"]) == 2

    probe = f"{name}-probe"
    made = admin.post("/api/v1/namespaces", {"metadata": {"name": probe}})
    assert made.status == 201
    yield put
    for path in (f"{MUTATING_BINDINGS}/{name}", f"{MUTATING}/{name}", core(probe)):
        admin.delete(path)


def before(
    monkeypatch: pytest.MonkeyPatch, verb: str, of: Callable[[Any], bool], act: Callable[[], object]
) -> None:
    """Let somebody act once, just before the portal's next call of `verb` on what matches."""
    real, left = getattr(Gateway, verb), [act]

    def interrupted(gateway: Gateway, about: Any, *rest: Any, **named: Any) -> Any:
        if left and of(about):
            left.pop()()
        return real(gateway, about, *rest, **named)

    monkeypatch.setattr(Gateway, verb, interrupted)


def brought_back(breaker: RawApi, name: str) -> None:
    """Delete the namespace, then restore it as a backup does: same marks, new uids."""
    home = breaker.get(core(name)).body
    inside = {path: breaker.get(path).body["items"] for path in (policies(name), bindings(name))}
    assert breaker.delete(core(name)).status == 200
    live_portal.wait_for(lambda: breaker.get(core(name)).status == 404, "the namespace goes")
    restored(breaker, home, inside)


def restored(breaker: RawApi, home: dict[str, Any], inside: dict[str, list[Any]]) -> None:
    entries = [("/api/v1/namespaces", [home]), *inside.items()]
    for path, objects in entries:
        for tree in objects:
            kept = {k: v for k, v in tree["metadata"].items() if k not in BY_SERVER}
            made = breaker.post(path, {**tree, "metadata": kept, "status": {}})
            assert made.status == 201, made.message


def can_create_pods(admin: RawApi, name: str) -> bool:
    asked = {"verb": "create", "resource": "pods", "namespace": name}
    body = {"spec": {"groups": ["team-payments"], "resourceAttributes": asked}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(admin.post(path, body).body["status"]["allowed"])


# Believe only what the server stored ------------------------------------------------------------


def test_a8b_a_namespace_rewritten_on_its_way_in_is_remembered_removed_and_truly_gone(
    dev_eu: Cluster, admin: RawApi, name: str, rewrite: Rewrite
) -> None:
    rewrite("", "namespaces", ADD_LABEL)
    blocked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert (blocked.state, blocked.reason) == (BLOCKED, BlockedReason.NOT_AS_PLANNED)
    assert blocked.uid == admin.get(core(name)).body["metadata"]["uid"]
    ended = live_portal.brought_to(live_portal.retire(blocked), GONE)
    assert admin.get(core(name)).status == 404
    assert ended.gone_at is not None


def test_a_policy_rewritten_on_its_way_in_is_not_believed(
    dev_eu: Cluster, admin: RawApi, name: str, rewrite: Rewrite
) -> None:
    rewrite("networking.k8s.io", "networkpolicies", BOTH_WAYS)
    blocked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert (blocked.state, blocked.reason) == (BLOCKED, BlockedReason.NOT_AS_PLANNED)
    assert "allow-dns was stored differently from what was sent" in blocked.message
    assert admin.get(bindings(name)).body["items"] == []


def test_a_fence_opened_after_it_was_applied_is_not_believed(
    dev_eu: Cluster, breaker: RawApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence = Key("NetworkPolicy", name, "deny-all")

    def open_up() -> None:
        path = f"{policies(name)}/deny-all"
        assert breaker.merge(path, {"spec": {"policyTypes": ["Ingress"]}}).status == 200

    before(monkeypatch, "get", lambda key: key == fence, open_up)
    blocked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert (blocked.state, blocked.reason) == (BLOCKED, BlockedReason.NOT_AS_PLANNED)


def test_what_is_changed_just_before_it_is_verified_is_not_ready(
    dev_eu: Cluster, breaker: RawApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_up() -> None:
        path = f"{policies(name)}/allow-dns"
        assert breaker.merge(path, {"spec": {"egress": [{}]}}).status == 200

    def is_there(kind: str) -> bool:
        return kind == "NetworkPolicy" and bool(breaker.get(bindings(name)).body.get("items"))

    before(monkeypatch, "list", is_there, open_up)
    looked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert looked.ready_at is None
    assert "allow-dns was changed while it was being verified" in looked.message
    assert live_portal.brought_to(looked, READY).ready_at is not None


def test_what_took_the_name_of_an_object_meanwhile_is_not_removed(
    dev_eu: Cluster, breaker: RawApi, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    spec = ready.revisions.get().wanted.changed(openings=())
    changed = live_portal.change(ready, spec)
    path = f"{policies(name)}/allow-ingress-ingress-nginx"

    def exchange() -> None:
        tree = breaker.get(path).body
        assert breaker.delete(path).status == 200
        kept = {k: v for k, v in tree["metadata"].items() if k not in BY_SERVER}
        assert breaker.post(policies(name), {**tree, "metadata": kept}).status == 201

    before(monkeypatch, "delete", lambda key: key.name.startswith("allow-ingress-"), exchange)
    looked = live_portal.look(changed)
    assert looked.state == NamespaceState.RETRYING
    assert breaker.get(path).status == 200


# A 404 of something in front of the API server --------------------------------------------------


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list; while a method stands in it, a proxy answers that with its own 404 page."""
    real, broken = HttpClient.send, list[str]()

    def send(client: HttpClient, method: str, path: str, **named: Any) -> Response:
        return Response(404, {}) if method in broken else real(client, method, path, **named)

    monkeypatch.setattr(HttpClient, "send", send)
    return broken


def test_b1_a_proxys_404_ends_no_retirement(
    dev_eu: Cluster, admin: RawApi, name: str, line: list[str]
) -> None:
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    retiring = live_portal.retire(ready)
    line.append("GET")
    looked = live_portal.look(retiring)
    assert (looked.state, looked.uid) == (NamespaceState.RETRYING, ready.uid)
    assert looked.runs.filter(generation=2).count() == 0
    assert can_create_pods(admin, name)
    line.clear()
    live_portal.make_due(looked)
    live_portal.brought_to(looked, GONE)
    assert admin.get(core(name)).status == 404


def test_b2_a_proxys_404_makes_a_ready_namespace_forget_nothing(
    dev_eu: Cluster, audit: AuditLog, name: str, line: list[str]
) -> None:
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    since = audit.since_now()
    line.extend(["GET", "POST"])
    looked = live_portal.look(ready)
    line.clear()
    assert looked.uid == ready.uid
    assert looked.state != BLOCKED
    live_portal.make_due(looked)
    assert live_portal.brought_to(looked, READY).uid == ready.uid
    assert since.writes_of_portal(name) == []
    assert not Event.objects.filter(action="cluster:namespace:missing").exists()


def test_b2_a_proxys_404_to_the_post_blocks_no_onboarding(
    dev_eu: Cluster, name: str, line: list[str]
) -> None:
    line.append("POST")
    looked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert looked.state == NamespaceState.RETRYING
    line.clear()
    live_portal.make_due(looked)
    live_portal.brought_to(looked, READY)


# Whose it is ------------------------------------------------------------------------------------


def test_a5b_what_was_never_created_is_not_called_gone(
    dev_eu: Cluster, admin: RawApi, audit: AuditLog, name: str
) -> None:
    assert admin.post("/api/v1/namespaces", {"metadata": {"name": name}}).status == 201
    taken = live_portal.look(live_portal.onboard(dev_eu, name))
    assert taken.reason == BlockedReason.TAKEN
    ended = live_portal.look(live_portal.retire(taken))
    assert ended.state == NamespaceState.UNCREATED
    assert admin.get(core(name)).body["status"]["phase"] == "Active"
    assert [entry.code for entry in audit.writes_of_portal(name)] == [409]


@pytest.fixture
def back(dev_eu: Cluster, breaker: RawApi, name: str) -> ManagedNamespace:
    """A READY namespace that a backup brought back, as the portal found it."""
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    brought_back(breaker, name)
    return live_portal.look(ready)


def test_a11_a_restored_namespace_waits_and_is_taken_over_by_an_approved_request(
    back: ManagedNamespace, breaker: RawApi, audit: AuditLog, name: str
) -> None:
    assert (back.state, back.reason) == (BLOCKED, BlockedReason.RESTORED)
    assert audit.writes_of_portal(name) == []
    request = submit(
        adopt_wish(back, why="It is time."),
        by=acting("alice"),
        form_key="adopt",
        now=timezone.now(),
    )
    done = live_portal.brought_to(live_portal.approved(request), READY)
    assert done.uid == breaker.get(core(name)).body["metadata"]["uid"] != back.uid
    assert live_portal.deviations(done) == []


def test_a11_a_restored_namespace_is_removed_with_its_access_before_it_is_called_gone(
    back: ManagedNamespace, admin: RawApi, name: str
) -> None:
    assert can_create_pods(admin, name)
    live_portal.brought_to(live_portal.retire(back), GONE)
    assert admin.get(core(name)).status == 404
    assert not can_create_pods(admin, name)


def test_b6_what_was_removed_and_is_restored_is_told_and_removed_anew(
    dev_eu: Cluster, breaker: RawApi, name: str
) -> None:
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    home, roles = breaker.get(core(name)).body, breaker.get(bindings(name)).body["items"]
    gone = live_portal.brought_to(live_portal.retire(ready), GONE)
    restored(breaker, home, {bindings(name): roles})
    assert observe(dev_eu.pk, clock=timezone.now)
    told = live_portal.fresh(gone)
    assert (told.state, told.reason) == (BLOCKED, BlockedReason.REAPPEARED)
    try_again(told.pk, by=acting("pat"), now=timezone.now())
    live_portal.brought_to(told, GONE)
    assert breaker.get(core(name)).status == 404


def test_b4_a_newer_generation_on_the_cluster_is_seen_and_not_written_over(
    dev_eu: Cluster, breaker: RawApi, audit: AuditLog, name: str
) -> None:
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    marks = {"bulkhead.dev/generation": "5", "bulkhead.dev/request": "REQ-F9RG9TTEN9"}
    newer = {"metadata": {"annotations": marks}}
    assert breaker.merge(core(name), newer).status == 200
    since = audit.since_now()
    looked = live_portal.look(ready)
    assert (looked.state, looked.reason) == (BLOCKED, BlockedReason.NEWER_ON_CLUSTER)
    assert since.writes_of_portal(name) == []
    assert Event.objects.filter(action="cluster:namespace:superseded", namespace=name).count() == 1
