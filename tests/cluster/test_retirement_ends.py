"""Retirement on the real API server, while others hold it up: it ends, or says what holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest

from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace
from onboarding.services.clock import database_now
from tests.cluster.conftest import eventually
from tests.support import live_portal
from tests.support.audit_log import AuditLog
from tests.support.manifests import pod
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db
GONE, DELETING = NamespaceState.GONE, NamespaceState.DELETING
NO_FINALIZERS = {"metadata": {"finalizers": None}}
CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "bucket", "finalizers": ["example.com/bucket-cleanup"]},
}


@pytest.fixture
def ready(dev_eu: Cluster, audit: AuditLog, name: str) -> ManagedNamespace:
    return live_portal.brought_to(live_portal.onboard(dev_eu, name), NamespaceState.READY)


@contextmanager
def beside(act: Any, *, every: float) -> Iterator[list[int]]:
    """Do something again and again in a thread of its own; yields what it answered so far."""
    over, answers = Event(), []  # type: ignore[var-annotated]

    def go_on() -> None:
        while not over.wait(every):
            answers.extend(act())

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def breaker(admin: RawApi) -> RawApi:
    """Admission lets it name a node."""
    return admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")


def owner(admin: RawApi) -> RawApi:
    """A controller of the platform, which may put its finalizer on what it looks after."""
    return admin.acting_as("system:serviceaccount:buckets:operator", "system:masters")


def operator(api: RawApi, pods: str) -> Any:
    """Puts its pod back whenever it is not there or ends."""

    def act() -> list[int]:
        live = [one for one in api.get(pods).body.get("items", []) if not is_ending(one)]
        count = len(act.made)  # type: ignore[attr-defined]
        made = [] if live else [api.post(pods, owned(f"db-{count}")).status]
        act.made.extend(made)  # type: ignore[attr-defined]
        return made

    act.made = []  # type: ignore[attr-defined]
    return act


def kubelet(api: RawApi, pods: str) -> Any:
    """Ends pods that were told to, one look after it saw them."""
    seen: set[str] = set()

    def act() -> list[int]:
        ending = {
            one["metadata"]["name"] for one in api.get(pods).body.get("items", []) if is_ending(one)
        }
        for name in ending & seen:
            api.send("DELETE", f"{pods}/{name}", {"gracePeriodSeconds": 0})
        seen.update(ending)
        return []

    return act


def is_ending(one: dict[str, Any]) -> bool:
    return bool(one["metadata"].get("deletionTimestamp"))


def owned(name: str) -> dict[str, Any]:
    """A pod on a node, so that it ends only when a kubelet says so."""
    whole: dict[str, Any] = {**pod(name)}
    whole["metadata"] = {"name": name, "labels": {"app": "db"}}
    whole["spec"] = {**whole["spec"], "nodeName": "node-1", "terminationGracePeriodSeconds": 30}
    return whole


def test_an_operator_that_puts_its_pods_back_does_not_hold_it(
    ready: ManagedNamespace, admin: RawApi
) -> None:
    pods = f"/api/v1/namespaces/{ready.name}/pods"
    asked = live_portal.retire(ready)
    began = database_now()
    with (
        beside(kubelet(admin, pods), every=1.0),
        beside(operator(breaker(admin), pods), every=1.0) as made,
    ):
        eventually(lambda: 201 in made, "the operator made a pod")
        gone = live_portal.brought_to(asked, GONE)
    assert gone.gone_at is not None
    assert gone.gone_at - began < timedelta(seconds=30)
    assert admin.get(f"/api/v1/namespaces/{ready.name}").status == 404
    [drained] = gone.runs.latest("id").steps.filter(phase="drain")
    assert "did not end" not in drained.message


def test_the_door_is_closed_before_the_first_pod_goes(
    ready: ManagedNamespace, admin: RawApi, audit: AuditLog
) -> None:
    pods = f"/api/v1/namespaces/{ready.name}/pods"
    assert breaker(admin).post(pods, owned("db")).status == 201
    live_portal.look(live_portal.retire(ready))
    quotas = f"/api/v1/namespaces/{ready.name}/resourcequotas"
    [quota] = admin.get(quotas).body["items"]
    assert quota["spec"]["hard"]["pods"] == quota["spec"]["hard"]["count/deployments.apps"] == "0"
    assert quota["spec"]["hard"]["requests.storage"] == "50Gi"
    eventually(lambda: breaker(admin).post(pods, owned("again")).status == 403, "no pod gets in")
    written = [entry.resource for entry in audit.writes_of_portal(ready.name)]
    assert written.index("resourcequotas", written.index("rolebindings")) < written.index("pods")
    assert "pod is shutting down: db" in live_portal.look(ready).message
    policies = f"/apis/networking.k8s.io/v1/namespaces/{ready.name}/networkpolicies"
    assert "deny-all" in {one["metadata"]["name"] for one in admin.get(policies).body["items"]}


def test_a_quota_that_was_taken_away_is_made_to_close_the_door(
    ready: ManagedNamespace, admin: RawApi
) -> None:
    quotas = f"/api/v1/namespaces/{ready.name}/resourcequotas"
    assert breaker(admin).delete(f"{quotas}/quota").status == 200
    made = breaker(admin).post(f"/api/v1/namespaces/{ready.name}/pods", owned("db"))
    assert made.status == 201
    live_portal.look(live_portal.retire(ready))
    [quota] = admin.get(quotas).body["items"]
    assert quota["spec"]["hard"]["pods"] == "0"


def test_deleted_by_hand_while_it_retires_it_needs_no_quota(
    ready: ManagedNamespace, admin: RawApi
) -> None:
    place = f"/api/v1/namespaces/{ready.name}"
    assert owner(admin).post(f"{place}/configmaps", CONFIG_MAP).status == 201
    asked = live_portal.retire(ready)
    assert admin.delete(place).status == 200
    assert live_portal.look(asked).state == DELETING
    admin.merge(f"{place}/configmaps/bucket", NO_FINALIZERS)
    live_portal.brought_to(asked, GONE)


def test_a_finalizer_in_it_is_named_with_what_carries_it_and_it_ends_when_lifted(
    ready: ManagedNamespace, admin: RawApi
) -> None:
    maps = f"/api/v1/namespaces/{ready.name}/configmaps"
    assert owner(admin).post(maps, CONFIG_MAP).status == 201
    asked = live_portal.retire(ready)

    def is_named() -> bool:
        return "example.com/bucket-cleanup" in live_portal.look(asked).message

    eventually(is_named, "the finalizer is named")
    row = live_portal.fresh(asked)
    assert {"kind": "content-finalizers", "names": ["example.com/bucket-cleanup"]} in row.held_by
    assert {"kind": "content", "names": ["configmaps"]} in row.held_by
    assert admin.merge(f"{maps}/bucket", NO_FINALIZERS).status == 200
    live_portal.brought_to(asked, GONE)


def test_a_finalizer_on_the_namespace_itself_is_named_and_the_line_on_the_page_lifts_it(
    ready: ManagedNamespace, admin: RawApi
) -> None:
    place = f"/api/v1/namespaces/{ready.name}"
    holder = {"metadata": {"finalizers": ["controller.cattle.io/namespace-auth"]}}
    assert admin.merge(place, holder).status == 200
    row = live_portal.brought_to(live_portal.retire(ready), DELETING)
    row = live_portal.look(row)
    assert "controller.cattle.io/namespace-auth" in row.message
    held = {"kind": "namespace-finalizers", "names": ["controller.cattle.io/namespace-auth"]}
    assert held in row.held_by
    assert admin.merge(place, NO_FINALIZERS).status == 200
    live_portal.brought_to(row, GONE)


def test_an_api_that_does_not_answer_is_named(ready: ManagedNamespace, admin: RawApi) -> None:
    services = "/apis/apiregistration.k8s.io/v1/apiservices"
    assert admin.post(services, silent_api()).status == 201
    try:
        asked = live_portal.retire(ready)
        held = {"kind": "silent-apis", "names": ["custom.metrics.example.io/v1beta1"]}
        eventually(lambda: held in (live_portal.look(asked).held_by or []), "the API is named")
    finally:
        admin.delete(f"{services}/v1beta1.custom.metrics.example.io")
    live_portal.brought_to(asked, GONE)


def silent_api() -> dict[str, Any]:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.custom.metrics.example.io"},
        "spec": {
            "group": "custom.metrics.example.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "nobody", "namespace": "default"},
        },
    }


def test_a_webhook_that_does_not_answer_is_somebody_elses_to_mend(
    dev_eu: Cluster, audit: AuditLog, name: str, admin: RawApi
) -> None:
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    assert admin.post(hooks, dead_webhook(name)).status == 201
    try:
        asked = live_portal.onboard(dev_eu, name)
        row = live_portal.brought_to(asked, NamespaceState.RETRYING)
    finally:
        admin.delete(f"{hooks}/dead-{name}")
    assert row.reason == "webhook-down"
    assert row.message.startswith("The webhook gatekeeper.example.com on the cluster does not ans")
    live_portal.brought_to(row, NamespaceState.READY)


def dead_webhook(namespace: str) -> dict[str, Any]:
    """Asked about every policy of one namespace, at an address where nobody listens."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"dead-{namespace}"},
        "webhooks": [
            {
                "name": "gatekeeper.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 1,
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": namespace},
                },
                "rules": [
                    {
                        "apiGroups": ["networking.k8s.io"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["networkpolicies"],
                    }
                ],
            }
        ],
    }
