"""Whatever somebody with break-glass rights changes is back after the next reconcile (G10, G21).

The event names the field manager that did it, so that people know whom to ask.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from onboarding.demo.scenario import acting
from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, Event, ManagedNamespace
from onboarding.services.acknowledge import acknowledge
from tests.support import live_portal
from tests.support.manifests import RBAC_GROUP, binding, policy
from tests.support.raw_api import RawApi

pytestmark = pytest.mark.django_db

READY = NamespaceState.READY
HAND = "a-stray-hand"
RBAC = f"/apis/{RBAC_GROUP}/v1"
OPEN: list[Any] = [{"podSelector": {}}]


@dataclass(frozen=True)
class Scene:
    """A READY namespace and somebody whom admission lets through."""

    namespace: ManagedNamespace
    breaker: RawApi

    @property
    def core(self) -> str:
        return f"/api/v1/namespaces/{self.namespace.name}"

    @property
    def policies(self) -> str:
        return f"/apis/networking.k8s.io/v1/namespaces/{self.namespace.name}/networkpolicies"

    @property
    def bindings(self) -> str:
        return f"{RBAC}/namespaces/{self.namespace.name}/rolebindings"

    def merge(self, path: str, body: object) -> None:
        answer = self.breaker.merge(f"{path}?fieldManager={HAND}", body)
        assert answer.status == 200, answer.message

    def only(self, collection: str) -> dict[str, Any]:
        [item] = self.breaker.get(collection).body["items"]
        return dict(item)

    def path_of_only(self, collection: str) -> str:
        return f"{collection}/{self.only(collection)['metadata']['name']}"

    def deny_all(self, spec: dict[str, Any]) -> None:
        self.merge(f"{self.policies}/deny-all", {"spec": spec})

    def quota(self, hard: dict[str, str]) -> None:
        self.merge(self.path_of_only(f"{self.core}/resourcequotas"), {"spec": {"hard": hard}})

    def mark(self, path: str, part: str, **values: str | None) -> None:
        pairs = {name.replace("__", "/").replace("_", "-"): value for name, value in values.items()}
        named = {key.replace("bulkhead-dev", "bulkhead.dev"): v for key, v in pairs.items()}
        self.merge(path, {"metadata": {part: named}})

    def limits(self) -> None:
        path = self.path_of_only(f"{self.core}/limitranges")
        self.merge(path, {"spec": {"limits": [{"type": "Container", "default": {"cpu": "64"}}]}})

    def subjects(self) -> None:
        intruder = {"apiGroup": RBAC_GROUP, "kind": "Group", "name": "breaker"}
        self.merge(self.path_of_only(self.bindings), {"subjects": [intruder]})

    def other_role(self) -> None:
        """`roleRef` cannot be changed, so: delete, and create under the same name."""
        binding = self.only(self.bindings)
        path = f"{self.bindings}/{binding['metadata']['name']}"
        assert self.breaker.delete(path).status == 200
        for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            binding["metadata"].pop(field, None)
        binding["roleRef"]["name"] = "cluster-admin"
        made = self.breaker.post(f"{self.bindings}?fieldManager={HAND}", binding)
        assert made.status == 201, made.message


Act = Callable[[Scene], None]
CHANGES: dict[str, Act] = {
    "deny-all egress opened": lambda on: on.deny_all({"egress": [{}]}),
    "deny-all ingress opened": lambda on: on.deny_all({"ingress": [{"from": OPEN}]}),
    "deny-all ingress to everybody": lambda on: on.deny_all({"ingress": [{}]}),
    "deny-all for some pods only": lambda on: on.deny_all(
        {"podSelector": {"matchLabels": {"app": "none"}}}
    ),
    "deny-all for some pods by expression": lambda on: on.deny_all(
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}
    ),
    "deny-all without egress": lambda on: on.deny_all({"policyTypes": ["Ingress"]}),
    "an allow that allows more": lambda on: on.merge(
        f"{on.policies}/allow-ingress-ingress-nginx", {"spec": {"ingress": [{}]}}
    ),
    "quota raised": lambda on: on.quota({"pods": "9000"}),
    "quota with one more bound": lambda on: on.quota({"count/configmaps": "3"}),
    "limits raised": lambda on: on.limits(),
    "binding to somebody else": lambda on: on.subjects(),
    "binding to another role": lambda on: on.other_role(),
    "a label of the namespace": lambda on: on.mark(on.core, "labels", ns_id="other"),
    "a reserved label too many": lambda on: on.mark(
        on.core, "labels", bulkhead_dev__spare="true"
    ),
    "a label of deny-all": lambda on: on.mark(
        f"{on.policies}/deny-all", "labels", bulkhead_dev__spare="true"
    ),
    "the generation written on it": lambda on: on.mark(
        f"{on.policies}/deny-all", "annotations", bulkhead_dev__generation="0"
    ),
}  # fmt: skip


@pytest.fixture
def scene(dev_eu: Cluster, name: str, admin: RawApi) -> Scene:
    namespace = live_portal.brought_to(live_portal.onboard(dev_eu, name), READY)
    return Scene(namespace, admin.acting_as("breaker", "system:masters", "bulkhead:break-glass"))


def told_of(scene: Scene) -> str:
    """The newest event about a change made outside, as it is written down."""
    event = Event.objects.filter(
        namespace=scene.namespace.name, action=Action.DEVIATION_SEEN.value
    ).latest("pk")
    return bytes(event.canonical).decode()


@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES.keys())
def test_g10_a_change_is_repaired_and_its_author_named(scene: Scene, act: Act) -> None:
    act(scene)
    assert live_portal.deviations(scene.namespace)
    assert live_portal.look(scene.namespace).state == READY
    assert live_portal.deviations(scene.namespace) == []
    assert HAND in told_of(scene)


def test_a_deleted_policy_comes_back_and_how_long_it_was_missing_is_known(scene: Scene) -> None:
    assert scene.breaker.delete(f"{scene.policies}/deny-all").status == 200
    looked = live_portal.look(scene.namespace)
    assert looked.state == READY
    assert live_portal.deviations(scene.namespace) == []
    assert "deny-all" in told_of(scene)
    row = looked.deviations.get()
    assert (row.kind, row.object_name, row.by) == ("missing", "deny-all", "")
    assert (row.not_before, row.ended_at) == (scene.namespace.verified_at, looked.verified_at)


def test_when_a_change_was_made_is_what_the_api_server_noted(scene: Scene) -> None:
    scene.deny_all({"egress": [{}]})
    row = live_portal.look(scene.namespace).deviations.get()
    assert (row.by, row.fields, row.repairs) == (HAND, ["spec.egress"], 1)
    assert row.changed_at
    assert scene.namespace.verified_at
    assert scene.namespace.verified_at.replace(microsecond=0) <= row.changed_at <= row.seen_at


def test_g22_a_fight_over_a_label_backs_off_and_never_over_the_fence(scene: Scene) -> None:
    fight = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    for _ in range(2):
        scene.merge(scene.core, fight)
        looked = live_portal.look(scene.namespace)
    assert looked.state == NamespaceState.DRIFTED
    assert "a-stray-hand keeps undoing repairs" in looked.message
    assert scene.breaker.delete(f"{scene.policies}/deny-all").status == 200
    assert live_portal.look(scene.namespace).state == READY
    assert live_portal.deviations(scene.namespace) == []


def test_a_managed_label_taken_away_is_put_back(scene: Scene) -> None:
    """Admission confines the portal to managed namespaces, and lets it take its own ones back."""
    scene.mark(scene.core, "labels", bulkhead_dev__managed=None)
    assert live_portal.look(scene.namespace).state == READY
    assert live_portal.deviations(scene.namespace) == []
    assert "bulkhead.dev/managed" in told_of(scene)


def test_without_any_mark_of_the_portal_a_namespace_is_out_of_its_reach(scene: Scene) -> None:
    scene.mark(scene.core, "labels", bulkhead_dev__managed=None, bulkhead_dev__team=None)
    looked = live_portal.look(scene.namespace)
    assert looked.state == NamespaceState.BLOCKED
    assert "may only write to namespaces labelled bulkhead.dev/managed=true" in looked.message
    scene.mark(scene.core, "labels", bulkhead_dev__managed="true")
    assert live_portal.look(scene.namespace).state == READY


def test_a_deleted_namespace_is_made_again_behind_its_fence(scene: Scene) -> None:
    assert scene.breaker.delete(scene.core).status == 200
    live_portal.wait_for(lambda: scene.breaker.get(scene.core).status == 404, "the namespace goes")
    again = live_portal.look(scene.namespace)
    assert again.state == READY
    assert again.uid not in {"", scene.namespace.uid}
    assert live_portal.deviations(again) == []


def test_a_foreign_policy_is_a_finding_with_its_author_and_is_left_alone(scene: Scene) -> None:
    foreign = policy(scene.namespace.name, "sesame", {"egress": [{}]})
    made = scene.breaker.post(f"{scene.policies}?fieldManager={HAND}", foreign)
    assert made.status == 201
    looked = live_portal.look(scene.namespace)
    assert looked.state == NamespaceState.DRIFTED
    [row] = looked.deviations.all()
    assert (row.kind, row.object_name, row.by) == ("foreign", "sesame", HAND)
    assert scene.breaker.get(f"{scene.policies}/sesame").status == 200


def test_a_removed_finding_ends_the_drift(scene: Scene) -> None:
    foreign = policy(scene.namespace.name, "sesame", {"egress": [{}]})
    scene.breaker.post(scene.policies, foreign)
    assert live_portal.look(scene.namespace).state == NamespaceState.DRIFTED
    assert scene.breaker.delete(f"{scene.policies}/sesame").status == 200
    assert live_portal.look(scene.namespace).state == READY


def test_objects_of_others_go_by_request_with_the_portals_own_rights(scene: Scene) -> None:
    """The shipped role and admission policies let the portal delete them."""
    name = scene.namespace.name
    made = [
        scene.breaker.post(scene.policies, policy(name, "sesame", {"egress": [{}]})),
        scene.breaker.post(scene.bindings, binding(name, "friends", role="view", group="friends")),
    ]
    assert [answer.status for answer in made] == [201, 201]
    found = live_portal.look(scene.namespace)
    looked = live_portal.look(live_portal.removal(found))
    assert (looked.state, looked.observed_generation) == (READY, 2)
    gone = (f"{scene.policies}/sesame", f"{scene.bindings}/friends")
    assert [scene.breaker.get(path).status for path in gone] == [404, 404]


def test_an_acknowledged_object_of_others_stays_and_the_namespace_is_ready(scene: Scene) -> None:
    foreign = policy(scene.namespace.name, "sesame", {"egress": [{}]})
    scene.breaker.post(scene.policies, foreign)
    row = live_portal.look(scene.namespace).deviations.get()
    acknowledge(row.pk, by=acting("alice"), reason="Known.", now=timezone.now())
    assert live_portal.look(scene.namespace).state == READY
    assert scene.breaker.get(f"{scene.policies}/sesame").status == 200
    scene.merge(f"{scene.policies}/sesame", {"spec": {"policyTypes": ["Egress"]}})
    assert live_portal.look(scene.namespace).state == NamespaceState.DRIFTED
