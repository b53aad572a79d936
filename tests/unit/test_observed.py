"""What is kept of an observed cluster: all that a policy can tell apart, and nothing else."""

import pytest

from onboarding.domain.objects import Json, Manifest
from onboarding.domain.observed import (
    COUNTER_LABELS,
    METADATA_NAME,
    SeenNamespace,
    keys_selecting_pods,
    reduce_namespaces,
    reduce_pods,
    reduce_policies,
    seen_namespaces,
)

WEB: Manifest = {"name": "http", "containerPort": 8080}


def pod(labels: Manifest | None = None, *, phase: str = "Running", **spec: object) -> Manifest:
    metadata: Manifest = {"namespace": "payments-prod", "name": "web", "labels": labels or {}}
    return {"metadata": metadata, "spec": {**spec}, "status": {"phase": phase}}  # type: ignore[dict-item]


def policy(
    spec: Manifest,
    *,
    name: str = "one",
    annotations: Manifest | None = None,
    labels: Manifest | None = None,
) -> Manifest:
    metadata: Manifest = {
        "labels": labels or {},
        "namespace": "payments-prod",
        "name": name,
        "uid": "1",
        "annotations": annotations or {},
    }
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def classes_of(*pods: Manifest, selected_by: frozenset[str] = frozenset()) -> list[Manifest]:
    [found] = reduce_pods(pods, selected_by=selected_by).values()
    return [one.dump(count) for one, count in sorted(found.items())]


def container(*ports: Manifest, **more: str) -> Manifest:
    return {"name": "c", "ports": [*ports], **more}


def test_pods_that_nothing_tells_apart_are_one_class_with_a_count() -> None:
    web, worker = {"app": "web"}, {"app": "worker"}
    assert classes_of(pod({**web}), pod({**worker}), pod({**web})) == [
        {"labels": web, "ports": [], "hostNetwork": False, "count": 2},
        {"labels": worker, "ports": [], "hostNetwork": False, "count": 1},
    ]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pods_that_have_ended_are_left_out(phase: str) -> None:
    assert reduce_pods([pod(phase=phase)], selected_by=()) == {}


@pytest.mark.parametrize("phase", ["Running", "Pending", "Unknown", ""])
def test_pods_that_may_still_speak_are_kept(phase: str) -> None:
    assert [one["count"] for one in classes_of(pod(phase=phase))] == [1]


def test_a_pod_on_the_hosts_network_is_a_class_of_its_own() -> None:
    found = classes_of(pod(), pod(hostNetwork=True))
    assert [one["hostNetwork"] for one in found] == [False, True]


def test_named_ports_are_tcp_unless_said_otherwise_and_unnamed_ones_do_not_count() -> None:
    ports: list[Manifest] = [
        WEB,
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
        {"containerPort": 9090},
    ]
    [found] = classes_of(pod(containers=[container(*ports), container(WEB)]))
    assert found["ports"] == [
        {"name": "dns", "protocol": "UDP", "number": 53},
        {"name": "http", "protocol": "TCP", "number": 8080},
    ]


def test_a_sidecar_serves_its_ports_and_a_first_step_does_not() -> None:
    sidecar = container(WEB, restartPolicy="Always")
    step = container({"name": "setup", "containerPort": 1})
    [found] = classes_of(pod(initContainers=[sidecar, step]))
    assert found["ports"] == [{"name": "http", "protocol": "TCP", "number": 8080}]


def test_a_port_of_a_protocol_no_policy_can_name_is_left_out() -> None:
    odd: Manifest = {"name": "odd", "containerPort": 1, "protocol": "QUIC"}
    assert classes_of(pod(containers=[container(odd)]))[0]["ports"] == []


@pytest.mark.parametrize("label", sorted(COUNTER_LABELS))
def test_labels_that_count_pods_are_dropped_unless_a_policy_names_them(label: str) -> None:
    pods = [pod({"app": "web", label: "1"}), pod({"app": "web", label: "2"})]
    assert [one["count"] for one in classes_of(*pods)] == [2]
    assert len(classes_of(*pods, selected_by=frozenset({label}))) == 2


def test_every_place_where_a_policy_names_a_pods_label_is_found() -> None:
    def selector(key: str) -> Manifest:
        return {"podSelector": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}

    spec: Manifest = {
        "podSelector": {"matchLabels": {"subject": "1"}},
        "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}, selector("sender")]}],
        "egress": [{}, {"to": [selector("receiver"), {"namespaceSelector": {}}]}],
    }
    assert keys_selecting_pods([policy(spec)]) == {"subject", "sender", "receiver"}


MARKS = {"app.kubernetes.io/managed-by": "bulkhead"}
STAMPS = {"bulkhead.dev/template": "deny-all@1", "bulkhead.dev/generation": "1", "note": "long"}


def kept(*policies: Manifest) -> list[Json]:
    [found] = reduce_policies(policies).values()
    return [*found]


def test_of_a_policy_of_ours_name_template_and_spec_are_kept() -> None:
    marked = policy({"podSelector": {}}, annotations=STAMPS, labels=MARKS)
    assert kept(marked, policy({}, name="bare")) == [
        {"metadata": {"namespace": "payments-prod", "name": "bare"}, "spec": {}},
        {
            "metadata": {
                "namespace": "payments-prod",
                "name": "one",
                "annotations": {"bulkhead.dev/template": "deny-all@1"},
            },
            "spec": {"podSelector": {}},
        },
    ]


@pytest.mark.parametrize(
    ("annotations", "labels"),
    [(STAMPS, {}), ({"bulkhead.dev/template": "deny-all@1"}, MARKS)],
    ids=["no label", "no generation"],
)
def test_nobody_else_passes_for_a_template(annotations: Manifest, labels: Manifest) -> None:
    [one] = kept(policy({}, annotations=annotations, labels=labels))
    assert one == {"metadata": {"namespace": "payments-prod", "name": "one"}, "spec": {}}


def test_the_digest_is_of_the_content_not_of_the_order_it_came_in() -> None:
    pods = [pod({"a": "1", "b": "2"}), pod({"c": "3"})]
    policies = [policy({}, name="one"), policy({}, name="two")]

    def seen(*, backwards: bool) -> SeenNamespace:
        step = -1 if backwards else 1
        [found] = seen_namespaces(
            {"payments-prod": {}},
            reduce_policies(policies[::step]),
            reduce_pods(pods[::step], selected_by=()),
        )
        return found

    assert seen(backwards=False).digest == seen(backwards=True).digest
    assert seen(backwards=False).digest != SeenNamespace("payments-prod", {}).digest


def test_namespaces_keep_their_labels_and_are_sorted() -> None:
    listed: list[Manifest] = [
        {"metadata": {"name": "search", "labels": {"team": "search"}}},
        {"metadata": {"name": "payments-prod"}},
    ]
    found = [*seen_namespaces(reduce_namespaces(listed), {}, {})]
    assert [(one.name, one.labels) for one in found] == [
        ("payments-prod", {}),
        ("search", {"team": "search"}),
    ]


def test_a_namespace_made_between_two_lists_is_not_lost() -> None:
    [found] = seen_namespaces({}, {}, reduce_pods([pod()], selected_by=()))
    assert (found.name, found.labels) == ("payments-prod", {METADATA_NAME: "payments-prod"})
    assert len(found.pods) == 1
