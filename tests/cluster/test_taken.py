"""What the cluster refuses, and whose trouble that is: the namespace's or the whole cluster's.

A foreign namespace gets zero writes (G13). A refused object blocks one namespace, in the server's
words. A refused credential or a missing grant is the cluster's condition, and ends by itself.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from devcluster import start
from onboarding.demo.scenario import acting
from onboarding.domain.lifecycle import BlockedReason, ClusterCondition, NamespaceState
from onboarding.models import Cluster, Event
from onboarding.services.credentials import encrypted_token
from onboarding.services.reconcile import reconcile
from onboarding.services.retry import try_again
from tests.cluster.conftest import KEY, registered_by
from tests.support import live_portal
from tests.support.audit_log import AuditLog
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db

READY, BLOCKED = NamespaceState.READY, NamespaceState.BLOCKED
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
PROVISIONER = "/apis/rbac.authorization.k8s.io/v1/clusterroles/bulkhead:provisioner"
WORDS = "quotas are somebody else's business today"


def put_namespace(admin: RawApi, name: str, **labels: str) -> dict[str, Any]:
    body = {"metadata": {"name": name, "labels": labels}}
    made = admin.post("/api/v1/namespaces", body)
    assert made.status == 201, made.message
    return dict(admin.get(f"/api/v1/namespaces/{name}").body)


def is_untouched(admin: RawApi, before: dict[str, Any]) -> bool:
    name = before["metadata"]["name"]
    after = admin.get(f"/api/v1/namespaces/{name}").body
    policies = admin.get(f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies").body
    return bool(after["metadata"] == before["metadata"] and policies["items"] == [])


def test_g13_a_namespace_that_exists_is_not_adopted(
    dev_eu: Cluster, audit: AuditLog, admin: RawApi, name: str
) -> None:
    before = put_namespace(admin, name)
    looked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert (looked.state, looked.reason) == (BLOCKED, BlockedReason.TAKEN)
    assert "was not created by this request" in looked.message
    assert [entry.code for entry in audit.writes_of_portal(name)] == [409]
    assert is_untouched(admin, before)


def test_g13_not_even_one_that_looks_like_ours(
    dev_eu: Cluster, audit: AuditLog, admin: RawApi, name: str
) -> None:
    breaker = admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")
    before = put_namespace(breaker, name, **{"bulkhead.dev/managed": "true", "ns-id": name})
    assert live_portal.look(live_portal.onboard(dev_eu, name)).state == BLOCKED
    assert is_untouched(admin, before)


def test_g13_one_that_took_the_name_during_the_run_is_left_alone(
    dev_eu: Cluster, audit: AuditLog, admin: RawApi, name: str
) -> None:
    ready = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    path = f"/api/v1/namespaces/{name}"
    breaker = admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")
    assert breaker.delete(path).status == 200
    live_portal.wait_for(lambda: admin.get(path).status == 404, "the namespace goes")
    before, since = put_namespace(admin, name), audit.since_now()
    looked = live_portal.look(ready)
    assert (looked.state, looked.reason) == (BLOCKED, BlockedReason.UID_CHANGED)
    assert since.writes_of_portal(name) == []
    assert is_untouched(admin, before)


def test_once_the_name_is_free_another_try_ends_ready(
    dev_eu: Cluster, admin: RawApi, name: str
) -> None:
    put_namespace(admin, name)
    blocked = live_portal.look(live_portal.onboard(dev_eu, name))
    admin.delete(f"/api/v1/namespaces/{name}")
    gone = f"/api/v1/namespaces/{name}"
    live_portal.wait_for(lambda: admin.get(gone).status == 404, "the namespace goes")
    try_again(blocked.pk, by=acting("alice"), now=timezone.now())
    assert live_portal.brought_to(blocked, READY).reason == ""


@pytest.fixture
def no_quotas(admin: RawApi, name: str) -> Iterator[str]:
    """An admission policy of somebody else's refuses quotas here. Yields its binding's path."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["resourcequotas"],
    }
    refuse = {"expression": f"!object.metadata.namespace.startsWith('{name}')", "message": WORDS}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [refuse]}
    bound = {"policyName": name, "validationActions": ["Deny"]}
    put_namespace(admin, f"{name}-probe")
    for path, content in ((POLICIES, spec), (BINDINGS, bound)):
        made = admin.post(path, {"metadata": {"name": name}, "spec": content})
        assert made.status == 201, made.message
    live_portal.wait_for(lambda: WORDS in try_quota(admin, name), "the policy is in force")
    yield f"{BINDINGS}/{name}"
    for path in (f"{BINDINGS}/{name}", f"{POLICIES}/{name}", f"/api/v1/namespaces/{name}-probe"):
        admin.delete(path)


def try_quota(admin: RawApi, name: str) -> str:
    """Return what the server says to a quota beside the namespace; nothing is stored."""
    path = f"/api/v1/namespaces/{name}-probe/resourcequotas?dryRun=All"
    body = {"metadata": {"name": "probe"}, "spec": {"hard": {"pods": "1"}}}
    return admin.post(path, body).message


def test_an_object_the_server_refuses_blocks_in_its_words_until_it_is_mended(
    dev_eu: Cluster, admin: RawApi, name: str, no_quotas: str
) -> None:
    blocked = live_portal.look(live_portal.onboard(dev_eu, name))
    assert (blocked.state, blocked.reason) == (BLOCKED, BlockedReason.REFUSED)
    assert WORDS in blocked.message
    assert blocked.runs.get().steps.get(state="failed").phase == "bound"
    assert admin.delete(no_quotas).status == 200
    live_portal.wait_for(lambda: WORDS not in try_quota(admin, name), "the policy is gone")
    try_again(blocked.pk, by=acting("alice"), now=timezone.now())
    assert live_portal.brought_to(blocked, READY).message == ""


def use_token(cluster: Cluster, token: str) -> None:
    """Store a credential as renewal does."""
    row = Cluster.objects.get(pk=cluster.pk)
    Cluster.objects.filter(pk=row.pk).update(
        credential=encrypted_token(row, token, issued_at=timezone.now()),
        credential_version=row.credential_version + 1,
    )


def conditions_told() -> int:
    return Event.objects.filter(action="cluster:cluster:condition").count()


def test_a_refused_credential_is_the_clusters_condition_and_ends_by_itself(
    dev_eu: Cluster, audit: AuditLog, name: str
) -> None:
    good = bytes(Cluster.objects.get().credential or b"")
    use_token(dev_eu, "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmVk")
    first = live_portal.onboard(dev_eu, name)
    second = live_portal.onboard(dev_eu, f"{name}-b")
    for namespace in (first, second):
        assert live_portal.look(namespace).state == NamespaceState.WANTED
    cluster = Cluster.objects.get()
    assert cluster.condition == ClusterCondition.UNAUTHORIZED
    assert conditions_told() == 1
    Cluster.objects.update(credential=good, credential_version=cluster.credential_version + 1)
    for namespace in (first, second):
        live_portal.make_due(namespace)
        live_portal.brought_to(namespace, READY)
    assert Cluster.objects.get().condition == ClusterCondition.OK
    assert conditions_told() == 2


def test_while_a_cluster_is_given_up_on_nobody_asks_it(
    dev_eu: Cluster, audit: AuditLog, name: str
) -> None:
    use_token(dev_eu, "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmVk")
    namespace = live_portal.look(live_portal.onboard(dev_eu, name))
    later = timezone.now() + timedelta(hours=1)
    Cluster.objects.update(retry_at=later)
    assert reconcile("test", clock=timezone.now, namespace_id=namespace.pk) is False


@pytest.fixture
def own(cast: object, tmp_path: Path, settings: Any) -> Iterator[tuple[Cluster, RawApi]]:
    """A control plane of its own, prepared, whose installed roles a test may spoil."""
    settings.BULKHEAD_CREDENTIAL_KEYS = [KEY]
    with start(tmp_path / "plane") as plane:
        cluster = registered_by(plane.kubeconfig).write()
        yield cluster, RawApi.from_kubeconfig(plane.kubeconfig)


def test_a_missing_grant_is_the_clusters_condition_and_ends_by_itself(
    own: tuple[Cluster, RawApi], name: str
) -> None:
    cluster, admin = own
    rules = admin.get(PROVISIONER).body["rules"]
    fewer = [rule for rule in rules if "networkpolicies" not in rule["resources"]]
    namespace = live_portal.onboard(cluster, name)
    assert admin.merge(PROVISIONER, {"rules": fewer}).status == 200

    def is_noticed() -> bool:
        live_portal.look(namespace)
        return Cluster.objects.get().condition == ClusterCondition.GRANT_MISSING

    live_portal.wait_for(is_noticed, "the missing grant is noticed")
    assert "networkpolicies" in Cluster.objects.get().condition_message
    assert live_portal.fresh(namespace).state != BLOCKED
    assert admin.merge(PROVISIONER, {"rules": rules}).status == 200

    def is_ready() -> bool:
        return live_portal.look(namespace).state == READY

    live_portal.wait_for(is_ready, "it goes on by itself")
    assert Cluster.objects.get().condition == ClusterCondition.OK
