"""The gateway's contract, held by the real gateway on a real API server and by the fake alike.

The real one runs with the portal's own credential and the shipped roles, never as an admin.
"""

import inspect
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from onboarding.cluster.errors import (
    AccessDenied,
    AlreadyExists,
    ObjectMissing,
    Refused,
    WriteConflict,
)
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.fence_gate import GATE
from onboarding.domain.objects import Json, Key, Manifest, branch, items, key_of, text
from tests.cluster.conftest import eventually, managed_namespace
from tests.support.fake_cluster import FakeCluster
from tests.support.manifests import pod
from tests.support.worlds import World


def test_reading_what_is_not_there_is_none(world: World) -> None:
    assert world.gateway.get(Key("NetworkPolicy", world.namespace, "absent")) is None


def test_a_created_object_reads_back_with_its_defaults(world: World) -> None:
    world.gateway.create(world.allow_dns)
    live = world.gateway.get(key_of(world.allow_dns))
    assert live is not None
    assert live["kind"] == "NetworkPolicy"
    assert live["spec"] == world.allow_dns["spec"]
    assert text(live, "metadata", "uid")


def test_a_namespace_is_labelled_with_its_name_by_the_server(world: World) -> None:
    live = world.gateway.get(Key("Namespace", "", world.namespace))
    assert live is not None
    labels = branch(live, "metadata", "labels")
    assert labels["kubernetes.io/metadata.name"] == world.namespace


def test_namespaces_are_found_by_their_names_in_one_request(world: World) -> None:
    before = world.gateway.requests
    found = world.gateway.named_namespaces("kube-system", "bulkhead-system", "nowhere")
    assert {*found} == {"kube-system", "bulkhead-system"}
    assert all(text(one, "metadata", "uid") for one in found.values())
    assert world.gateway.requests == before + 1


def test_an_epoch_is_written_on_the_version_that_was_seen(world: World) -> None:
    home, name = Key("Namespace", "", "bulkhead-system"), "bulkhead.dev/epoch.tests"
    seen = world.gateway.named_namespaces(home.name)[home.name]
    world.gateway.annotate(home, name, uuid.uuid4().hex, seen=seen)
    with pytest.raises(WriteConflict):
        world.gateway.annotate(home, name, uuid.uuid4().hex, seen=seen)


def test_creating_twice_is_refused_as_taken(world: World) -> None:
    with pytest.raises(AlreadyExists) as refusal:
        world.gateway.create(managed_namespace(world.namespace))
    assert refusal.value.key == Key("Namespace", "", world.namespace)
    assert "already exists" in refusal.value.message


def test_creating_without_the_managed_label_is_refused_not_ungranted(world: World) -> None:
    bare: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare-one"}}
    with pytest.raises(Refused, match="may only write to namespaces labelled"):
        world.gateway.create(bare)


def test_a_dry_run_stores_nothing(world: World) -> None:
    world.gateway.create(world.deny_all, dry_run=True)
    world.gateway.apply(world.allow_dns, dry_run=True)
    assert world.gateway.list("NetworkPolicy", world.namespace) == []


def test_writing_into_a_namespace_that_does_not_exist_is_not_found(world: World) -> None:
    astray = {**world.deny_all, "metadata": {"name": "deny-all", "namespace": "no-such-namespace"}}
    for write in (world.gateway.create, world.gateway.apply):
        with pytest.raises(ObjectMissing, match="no-such-namespace"):
            write(astray)


def test_applying_the_same_again_leaves_the_resource_version(world: World) -> None:
    first = world.gateway.apply(world.allow_dns)
    assert _version(world.gateway.apply(world.allow_dns)) == _version(first)


def test_applying_explicit_empty_lists_is_always_a_change(world: World) -> None:
    """Why drift is compared before anything is applied: the server never stores the empty lists."""
    first = world.gateway.apply(world.deny_all)
    assert "egress" not in branch(first, "spec")
    assert _version(world.gateway.apply(world.deny_all)) != _version(first)


def test_applying_what_was_seen_goes_through(world: World) -> None:
    seen = world.gateway.apply(world.allow_dns)
    changed = {**world.allow_dns, "spec": {**branch(world.allow_dns, "spec"), "egress": []}}
    assert _version(world.gateway.apply(changed, seen=seen)) != _version(seen)


def test_applying_over_a_version_that_has_moved_on_is_a_conflict(world: World) -> None:
    seen = world.gateway.apply(world.allow_dns)
    world.others.change(key_of(world.allow_dns), {"metadata": {"labels": {"by": "hand"}}})
    with pytest.raises(WriteConflict):
        world.gateway.apply(world.allow_dns, seen=seen)


def test_applying_over_what_has_been_deleted_since_is_a_conflict(world: World) -> None:
    seen = world.gateway.apply(world.allow_dns)
    world.gateway.delete(key_of(seen))
    with pytest.raises(WriteConflict):
        world.gateway.apply(world.allow_dns, seen=seen)


def test_apply_repairs_an_opened_fence_because_the_empty_lists_are_owned(world: World) -> None:
    world.gateway.apply(world.deny_all)
    world.others.change(key_of(world.deny_all), {"spec": {"egress": [{}]}})
    assert branch(_live(world, world.deny_all), "spec")["egress"] == [{}]
    world.gateway.apply(world.deny_all)
    assert "egress" not in branch(_live(world, world.deny_all), "spec")


def test_apply_cannot_repair_what_it_never_named(world: World) -> None:
    silent = world.policy("deny-all", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    world.gateway.apply(silent)
    world.others.change(key_of(silent), {"spec": {"egress": [{}]}})
    world.gateway.apply(silent)
    assert branch(_live(world, silent), "spec")["egress"] == [{}]


def test_apply_repairs_a_narrowed_selector(world: World) -> None:
    world.gateway.apply(world.deny_all)
    narrowed: Manifest = {"spec": {"podSelector": {"matchLabels": {"app": "none"}}}}
    world.others.change(key_of(world.deny_all), narrowed)
    world.gateway.apply(world.deny_all)
    assert branch(_live(world, world.deny_all), "spec")["podSelector"] == {}


def test_apply_drops_what_it_no_longer_names_and_leaves_what_others_added(world: World) -> None:
    labelled = _labelled(world.allow_dns, {"mine": "1", "kept": "1"})
    world.gateway.apply(labelled)
    world.others.change(key_of(labelled), {"metadata": {"labels": {"theirs": "1"}}})
    world.gateway.apply(_labelled(world.allow_dns, {"kept": "1"}))
    labels = branch(_live(world, labelled), "metadata", "labels")
    assert labels == {"kept": "1", "theirs": "1"}


def test_managed_fields_name_who_tampered_until_it_is_repaired(world: World) -> None:
    world.gateway.apply(world.deny_all)
    world.others.change(key_of(world.deny_all), {"spec": {"egress": [{}]}})
    assert _owners(_live(world, world.deny_all), "f:egress") == {"kubectl-edit"}
    world.gateway.apply(world.deny_all)
    assert _owners(_live(world, world.deny_all), "f:egress") == {"bulkhead"}


def test_listing_is_of_one_namespace_and_names_the_kind_of_each(world: World) -> None:
    world.gateway.apply(world.deny_all)
    world.gateway.apply(world.allow_dns)
    found = world.gateway.list("NetworkPolicy", world.namespace)
    assert [str(key_of(one)) for one in found] == [
        f"NetworkPolicy {world.namespace}/allow-dns",
        f"NetworkPolicy {world.namespace}/deny-all",
    ]


def test_listing_all_namespaces_includes_this_one(world: World) -> None:
    found = {key_of(one).name for one in world.gateway.list("Namespace")}
    assert world.namespace in found


def test_deleting_tells_whether_there_was_anything(world: World) -> None:
    world.gateway.apply(world.deny_all)
    assert world.gateway.delete(key_of(world.deny_all)) is True
    assert world.gateway.delete(key_of(world.deny_all)) is False


def test_deleting_another_uid_is_a_conflict_and_deletes_nothing(world: World) -> None:
    live = world.gateway.apply(world.deny_all)
    with pytest.raises(WriteConflict):
        world.gateway.delete(key_of(live), uid=str(uuid.uuid4()))
    assert world.gateway.delete(key_of(live), uid=text(live, "metadata", "uid")) is True


def test_a_collection_is_deleted_whole(world: World) -> None:
    for name in ("one", "two"):
        world.others.put(_pod(world.namespace, name))
    world.gateway.delete_collection("Pod", world.namespace)
    assert world.gateway.list("Pod", world.namespace) == []


def test_a_bound_role_cannot_be_exchanged(world: World) -> None:
    world.gateway.apply(world.binding("bulkhead:developer"))
    with pytest.raises(Refused, match="immutable"):
        world.gateway.apply(world.binding("bulkhead:viewer", name="team-developer"))


def test_a_terminating_namespace_takes_nothing_new_and_goes(world: World) -> None:
    key = Key("Namespace", "", world.namespace)
    assert world.gateway.delete(key) is True
    going = world.gateway.get(key)
    assert going is not None
    assert text(going, "metadata", "deletionTimestamp")
    with pytest.raises(Refused, match="being terminated"):
        world.gateway.create(world.deny_all)
    world.others.settle()
    eventually(lambda: world.gateway.get(key) is None, f"{key} is gone")


@pytest.mark.parametrize(
    ("verb", "resource", "allowed"),
    [
        ("create", "pods", True),
        ("create", "services", True),
        ("get", "networkpolicies.networking.k8s.io", True),
        ("create", "networkpolicies.networking.k8s.io", False),
        ("delete", "networkpolicies.networking.k8s.io", False),
        ("create", "rolebindings.rbac.authorization.k8s.io", False),
        ("create", "pods/exec", False),
        ("create", "pods/eviction", True),
        ("update", "deployments.apps/scale", True),
    ],
)
def test_a_bound_group_may_what_the_developer_role_says(
    world: World, verb: str, resource: str, *, allowed: bool
) -> None:
    world.gateway.apply(world.binding("bulkhead:developer"))
    asked = _review(world, verb=verb, resource=resource, group="payments")
    eventually(lambda: asked() is allowed, f"{verb} {resource} is {allowed}")


@pytest.mark.parametrize(
    ("verb", "resource", "allowed"),
    [
        ("create", "pods/exec", True),
        ("get", "pods/exec", True),
        ("create", "pods/attach", True),
        ("create", "pods/portforward", True),
        ("create", "pods", False),
        ("create", "pods/proxy", False),
        ("create", "networkpolicies.networking.k8s.io", False),
    ],
)
def test_a_bound_group_may_what_the_shell_role_says_and_nothing_else(
    world: World, verb: str, resource: str, *, allowed: bool
) -> None:
    world.gateway.apply(world.binding("bulkhead:shell"))
    asked = _review(world, verb="create", resource="pods/attach", group="payments")
    eventually(asked, "the binding is in force")
    assert _review(world, verb=verb, resource=resource, group="payments")() is allowed


def test_a_group_that_is_not_bound_may_nothing(world: World) -> None:
    assert _review(world, verb="get", resource="pods", group="payments")() is False


def test_the_portal_may_bind_only_the_shipped_roles(world: World) -> None:
    roles = (
        *("bulkhead:developer", "bulkhead:shell", "bulkhead:viewer"),
        *("edit", "admin", "cluster-admin"),
    )
    may_bind = [
        world.gateway.review_access(
            verb="bind", resource="clusterroles.rbac.authorization.k8s.io", name=role
        )
        for role in roles
    ]
    assert may_bind == [True, True, True, False, False, False]


def test_a_renewed_token_lives_as_long_as_was_asked_for(world: World) -> None:
    minted = world.gateway.renew_token(3600)
    assert len(minted.token) > 20
    assert minted.life == timedelta(hours=1)


def test_every_request_is_counted(world: World) -> None:
    before = world.gateway.requests
    world.gateway.get(Key("Namespace", "", world.namespace))
    assert world.gateway.requests == before + 1


def test_a_role_the_portal_may_not_bind_is_forbidden_too(world: World) -> None:
    with pytest.raises(AccessDenied):
        world.gateway.apply(world.binding("edit"))


@pytest.mark.parametrize("door", [Gateway, FakeCluster])
def test_both_doors_have_the_protocols_signatures(door: type) -> None:
    verbs = [name for name in vars(ClusterGateway) if not name.startswith("_")]
    for verb in verbs:
        assert inspect.signature(getattr(door, verb)) == inspect.signature(
            getattr(ClusterGateway, verb)
        )


def _live(world: World, manifest: Manifest) -> Manifest:
    live = world.gateway.get(key_of(manifest))
    assert live is not None
    return live


def _version(tree: Manifest) -> str:
    return text(tree, "metadata", "resourceVersion")


def _labelled(manifest: Manifest, labels: Manifest) -> Manifest:
    return {**manifest, "metadata": {**branch(manifest, "metadata"), "labels": labels}}


def _owners(tree: Manifest, field: str) -> set[str]:
    entries = items(tree, "metadata", "managedFields")
    return {text(one, "manager") for one in entries if field in branch(one, "fieldsV1", "f:spec")}


def _pod(namespace: str, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "registry.example/app"}]},
    }


def _review(world: World, *, verb: str, resource: str, group: str) -> Callable[[], bool]:
    return lambda: world.gateway.review_access(
        verb=verb, resource=resource, namespace=world.namespace, group=group
    )


def _waiting_pod(world: World, *others: str) -> Key:
    """A pod with the gate, put there by somebody else."""
    waiting = {**pod("web"), "metadata": {"name": "web", "namespace": world.namespace}}
    gates: list[Json] = [{"name": name} for name in (*others, GATE)]
    branch(waiting, "spec")["schedulingGates"] = gates
    world.others.put(waiting)
    return key_of(waiting)


def _gates(world: World, key: Key) -> list[str]:
    [found] = [one for one in world.gateway.list("Pod", world.namespace) if key_of(one) == key]
    return [text(gate, "name") for gate in items(found, "spec", "schedulingGates")]


def test_pods_without_a_node_are_listed(world: World) -> None:
    assert [*world.gateway.unscheduled_pods(world.namespace)] == [[]]
    waiting = _waiting_pod(world)
    [page] = world.gateway.unscheduled_pods(world.namespace)
    assert [key_of(one) for one in page] == [waiting]


def test_one_gate_is_lifted_and_the_others_stay(world: World) -> None:
    waiting = _waiting_pod(world, "scheduling.example/topology")
    assert world.gateway.lift_gate(waiting, GATE)
    assert _gates(world, waiting) == ["scheduling.example/topology"]


def test_the_last_gate_is_lifted_and_lifting_it_again_changes_nothing(world: World) -> None:
    waiting = _waiting_pod(world)
    for _ in range(2):
        assert world.gateway.lift_gate(waiting, GATE)
        assert _gates(world, waiting) == []


def test_the_gate_of_a_pod_that_is_gone_is_not_lifted(world: World) -> None:
    assert not world.gateway.lift_gate(Key("Pod", world.namespace, "gone"), GATE)
