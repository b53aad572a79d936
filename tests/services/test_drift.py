"""Drift: whatever somebody changes is found, named with its culprit, and put back."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from onboarding.domain.objects import Key, Manifest, copied, key_of
from onboarding.models import Event, ManagedNamespace
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import binding, policy
from tests.support.requests import (
    BINDING,
    DENY_ALL,
    NAME,
    NAMESPACE,
    actions,
    approve_all,
    ask_change,
    ready,
    spec_of,
    work_on,
)

pytestmark = pytest.mark.usefixtures("cast", "cluster")
QUOTA = Key("ResourceQuota", NAME, "quota")
LIMITS = Key("LimitRange", NAME, "limits")
DNS = Key("NetworkPolicy", NAME, "allow-dns")
INTERNAL = Key("NetworkPolicy", NAME, "allow-internal-ingress")
EXPOSURE = Key("NetworkPolicy", NAME, "allow-ingress-ingress-nginx")
Tampering = Callable[[Any], object]

TAMPERINGS: list[tuple[str, Key, Tampering]] = [
    ("spec.egress", DENY_ALL, lambda t: t["spec"].update(egress=[{}])),
    ("spec.ingress", DENY_ALL, lambda t: t["spec"].update(ingress=[{}])),
    ("spec.policyTypes", DENY_ALL, lambda t: t["spec"].update(policyTypes=["Ingress"])),
    (
        "spec.podSelector.matchLabels",
        DENY_ALL,
        lambda t: t["spec"].update(podSelector={"matchLabels": {"no": "pod"}}),
    ),
    (
        "spec.egress",
        DNS,
        lambda t: t["spec"]["egress"][0]["to"][0].update(namespaceSelector={}),
    ),
    ("spec.egress", DNS, lambda t: t["spec"]["egress"][0].pop("ports")),
    ("spec.ingress", INTERNAL, lambda t: t["spec"]["ingress"].append({})),
    (
        "spec.ingress",
        INTERNAL,
        lambda t: t["spec"]["ingress"][0]["from"][0].pop("namespaceSelector"),
    ),
    (
        "spec.ingress",
        EXPOSURE,
        lambda t: t["spec"]["ingress"][0]["ports"][0].update(endPort=65535),
    ),
    ("spec.hard.pods", QUOTA, lambda t: t["spec"]["hard"].update(pods="2000")),
    (
        "spec.hard.services.nodeports",
        QUOTA,
        lambda t: t["spec"]["hard"].pop("services.nodeports"),
    ),
    ("spec.limits", LIMITS, lambda t: t["spec"].update(limits=[])),
    ("subjects", BINDING, lambda t: t["subjects"].append({**t["subjects"][0], "name": "others"})),
    (
        "metadata.labels.pod-security.kubernetes.io/enforce",
        NAMESPACE,
        lambda t: t["metadata"]["labels"].update(
            {"pod-security.kubernetes.io/enforce": "privileged"}
        ),
    ),
    ("metadata.labels.ns-id", NAMESPACE, lambda t: t["metadata"]["labels"].update({"ns-id": "x"})),
    ("metadata.labels.project", NAMESPACE, lambda t: t["metadata"]["labels"].pop("project")),
    (
        "metadata.labels.bulkhead.dev/owner",
        NAMESPACE,
        lambda t: t["metadata"]["labels"].update({"bulkhead.dev/owner": "me"}),
    ),
    (
        "metadata.annotations.bulkhead.dev/digest",
        DENY_ALL,
        lambda t: t["metadata"]["annotations"].update({"bulkhead.dev/digest": "x"}),
    ),
    (
        "metadata.labels.app.kubernetes.io/managed-by",
        DENY_ALL,
        lambda t: t["metadata"]["labels"].pop("app.kubernetes.io/managed-by"),
    ),
]


@pytest.fixture
def namespace(fake: FakeCluster, now: datetime, cast: object, cluster: object) -> ManagedNamespace:
    return ready(now=now)


def bodies(action: str) -> list[Any]:
    events = Event.objects.filter(action=action).order_by("id")
    return [json.loads(bytes(event.canonical))["body"] for event in events]


def contents(fake: FakeCluster) -> dict[Key, Manifest]:
    """Every object without the server's own metadata."""
    found = {}
    for key, live in fake.objects.items():
        tree = copied(live)
        metadata = tree["metadata"]
        assert isinstance(metadata, dict)
        for name in ("resourceVersion", "managedFields", "uid", "creationTimestamp"):
            metadata.pop(name, None)
        found[key] = tree
    return found


@pytest.mark.parametrize(("field", "key", "tampering"), TAMPERINGS)
def test_g10_any_tampering_is_found_named_and_put_back(
    *,
    field: str,
    key: Key,
    tampering: Tampering,
    namespace: ManagedNamespace,
    fake: FakeCluster,
    now: datetime,
) -> None:
    before = contents(fake)
    fake.tamper(key, tampering)
    assert contents(fake) != before
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert namespace.state == "ready", namespace.message
    assert contents(fake) == before
    assert {written for _verb, written in fake.writes} <= {key}
    [body] = bodies("cluster:deviation:seen")
    [drifted] = body["objects"]
    assert drifted["object"] == str(key)
    assert any(path.startswith(field) or field.startswith(path) for path in drifted["fields"])
    assert drifted["by"].startswith("kubectl-edit (Update")
    fake.log.clear()
    assert work_on(namespace, now=now).state == "ready"
    assert fake.writes == []


@pytest.mark.parametrize("key", [DENY_ALL, DNS, INTERNAL, EXPOSURE, QUOTA, LIMITS, BINDING])
def test_a_removed_object_is_found_and_made_again(
    key: Key, namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    before = contents(fake)
    fake.remove(key)
    namespace = work_on(namespace, now=now)
    assert namespace.state == "ready"
    assert contents(fake) == before
    [body] = bodies("cluster:deviation:seen")
    assert body["objects"] == [
        {"kind": "missing", "object": str(key), "by": "", "fields": ["missing"]}
    ]


def test_drift_is_written_down_before_it_is_repaired(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.tamper(DENY_ALL, lambda tree: tree["spec"].update(egress=[{}]))  # type: ignore[union-attr,call-arg,arg-type]
    namespace = work_on(namespace, now=now)
    assert actions(namespace=NAME)[-2:] == ["cluster:deviation:seen", "cluster:deviation:ended"]
    [body] = bodies("cluster:deviation:ended")
    assert body["changes"] == [{"object": str(DENY_ALL), "outcome": "configured"}]


def test_an_extra_key_that_an_apply_would_leave_is_cut_out(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    def widen(tree: Any) -> None:
        tree["spec"]["hard"]["count/secrets"] = "1000"

    fake.tamper(QUOTA, widen)
    fake.log.clear()
    assert work_on(namespace, now=now).state == "ready"
    assert "count/secrets" not in fake.objects[QUOTA]["spec"]["hard"]  # type: ignore[index,call-overload,operator]
    assert ("cut", QUOTA) in fake.log


def test_a_binding_to_another_role_is_replaced(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    def stronger(tree: Any) -> None:
        tree["roleRef"]["name"] = "admin"

    fake.tamper(BINDING, stronger)
    fake.log.clear()
    assert work_on(namespace, now=now).state == "ready"
    assert fake.objects[BINDING]["roleRef"]["name"] == "bulkhead:developer"  # type: ignore[index,call-overload]
    assert [verb for verb, key in fake.writes if key == BINDING] == ["delete", "apply"]


FOREIGN_POLICY = policy(NAME, "let-me-out", {"policyTypes": ["Egress"], "egress": [{}]})
FOREIGN_BINDING = binding(NAME, "friends", role="view", group="friends")


@pytest.mark.parametrize("foreign", [FOREIGN_POLICY, FOREIGN_BINDING])
def test_g21_a_foreign_policy_or_binding_is_a_finding_and_not_ready(
    foreign: Manifest, namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.put(foreign)
    fake.log.clear()
    namespace = work_on(namespace, now=now)
    assert namespace.state == "drifted"
    [row] = namespace.deviations.all()
    named = (foreign["kind"], key_of(foreign).name)
    assert (row.kind, row.object_kind, row.object_name) == ("foreign", *named)
    assert row.by == "kubectl-create"
    assert "no approved plan contains" in namespace.message
    assert fake.writes == []
    assert actions()[-1] == "cluster:deviation:seen"


def test_g21_a_finding_is_told_once_and_ends_when_it_is_gone(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.put(FOREIGN_POLICY)
    for _ in range(3):
        namespace = work_on(namespace, now=now)
    assert actions().count("cluster:deviation:seen") == 1
    fake.remove(Key("NetworkPolicy", NAME, "let-me-out"))
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.message) == ("ready", "")
    assert actions()[-1] == "cluster:deviation:ended"


def test_a_change_beside_a_foreign_policy_is_carried_out_but_never_called_ready(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.put(FOREIGN_POLICY)
    approve_all(ask_change(namespace, spec_of(size="large"), now=now), now=now)
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.observed_generation) == ("drifted", 2)
    assert actions().count("cluster:namespace:ready") == 1


def test_objects_of_the_team_are_none_of_the_portals_business(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.put({"kind": "ResourceQuota", "metadata": {"name": "more", "namespace": NAME}, "spec": {}})
    fake.log.clear()
    assert work_on(namespace, now=now).state == "ready"
    assert fake.writes == []


@pytest.mark.parametrize(
    "loophole",
    [
        ("create", "networkpolicies.networking.k8s.io"),
        ("delete", "networkpolicies.networking.k8s.io"),
        ("create", "rolebindings.rbac.authorization.k8s.io"),
    ],
)
def test_a_team_that_may_write_policy_by_another_route_blocks(
    loophole: tuple[str, str], namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.loopholes.add(loophole)
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "team-may-write-policy")
    assert f"team-payments may {loophole[0]}" in namespace.message
    fake.loopholes.clear()
    assert work_on(namespace, now=now).state == "ready"


def test_m5_what_is_blocked_for_access_goes_on_being_repaired_at_the_usual_pace(
    namespace: ManagedNamespace, fake: FakeCluster, now: datetime
) -> None:
    fake.loopholes.add(("create", "networkpolicies.networking.k8s.io"))
    for _ in range(2):  # the first time it is looked at again soon
        namespace = work_on(namespace, now=now)
    assert namespace.next_at == now + timedelta(seconds=settings.REVERIFY_SECONDS)
    fake.remove(DENY_ALL)
    namespace = work_on(namespace, now=now)
    assert (namespace.state, namespace.reason) == ("blocked", "team-may-write-policy")
    assert DENY_ALL in fake.objects
