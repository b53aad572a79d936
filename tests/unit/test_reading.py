"""Reading: what objects become in a world, and that nothing of them is dropped without a word."""

from pathlib import Path

import pytest
import yaml

from onboarding.domain.objects import Json, Manifest
from onboarding.reachability.files import BadInput
from onboarding.reachability.model import (
    METADATA_NAME,
    ForeignPolicy,
    NamedPort,
    Node,
    Pod,
    Protocol,
    Selector,
    ServicePort,
)
from onboarding.reachability.reading import Loaded, load


def loaded(folder: Path, *objects: Manifest) -> Loaded:
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects))
    return load(str(folder))


def refused(folder: Path, *objects: Manifest) -> list[str]:
    """What is wrong, without the folder in front."""
    with pytest.raises(BadInput) as error:
        loaded(folder, *objects)
    return [one.replace(f"{folder}/", "") for one in error.value.problems]


def an(api_version: str, kind: str, name: str = "web", **fields: Json) -> Manifest:
    metadata: Manifest = {"name": name}
    metadata.update(fields.pop("metadata", {}))  # type: ignore[arg-type]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def pod(name: str = "web", **fields: Json) -> Manifest:
    return an("v1", "Pod", name, **fields)


def deployment(name: str = "web", **spec: Json) -> Manifest:
    template: Manifest = {"metadata": {"labels": {"app": name}}}
    return an("apps/v1", "Deployment", name, spec={"template": template, **spec})


def owned_by(kind: str, name: str, uid: str = "") -> Manifest:
    return {"ownerReferences": [{"kind": kind, "name": name, "uid": uid}]}


def test_a_namespace_has_the_label_the_api_server_sets_whatever_is_written(tmp_path: Path) -> None:
    written = an(
        "v1", "Namespace", "payments", metadata={"labels": {METADATA_NAME: "other", "a": "b"}}
    )
    said = loaded(tmp_path, written)
    assert said.world.namespaces == {"payments": {METADATA_NAME: "payments", "a": "b"}}
    assert "was read as payments" in said.notes[0]


def test_a_namespace_that_is_only_mentioned_has_its_name_and_a_note(tmp_path: Path) -> None:
    said = loaded(tmp_path, pod(metadata={"namespace": "payments"}), pod())
    assert said.world.namespaces == {
        name: {METADATA_NAME: name} for name in ("default", "payments")
    }
    assert said.notes[0].endswith("default, payments")


def test_a_pod_has_its_labels_addresses_node_and_the_ports_that_have_names(tmp_path: Path) -> None:
    containers: Json = [
        {"ports": [{"name": "http", "containerPort": 80}, {"containerPort": 81}]},
        {
            "ports": [
                {"name": "http", "containerPort": 82},
                {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            ]
        },
    ]
    starting: Json = [
        {"restartPolicy": "Always", "ports": [{"name": "metrics", "containerPort": 9090}]},
        {"ports": [{"name": "never", "containerPort": 1}]},
    ]
    written = pod(
        metadata={"labels": {"app": "web"}},
        spec={"containers": containers, "initContainers": starting, "nodeName": "one"},
        status={
            "podIP": "10.1.0.1",
            "podIPs": [{"ip": "10.1.0.1"}, {"ip": "fd00::1"}],
            "hostIP": "10.0.0.1",
        },
    )
    assert loaded(tmp_path, written).world.pods == (
        Pod(
            "default", "web", {"app": "web"},
            ports=(
                NamedPort("http", Protocol.TCP, 80),
                NamedPort("http", Protocol.TCP, 82),
                NamedPort("dns", Protocol.UDP, 53),
                NamedPort("metrics", Protocol.TCP, 9090),
            ),
            addresses=("10.1.0.1", "fd00::1"),
            node="one",
        ),
    )  # fmt: skip


def test_a_pod_on_the_hosts_network_has_the_nodes_addresses(tmp_path: Path) -> None:
    written = pod(spec={"hostNetwork": True}, status={"hostIP": "10.0.0.1"})
    [read] = loaded(tmp_path, written).world.pods
    assert (read.host_network, read.addresses, read.node) == (True, ("10.0.0.1",), "10.0.0.1")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_left_out_and_counted(tmp_path: Path, phase: str) -> None:
    said = loaded(tmp_path, pod(status={"phase": phase}), pod("api", status={"phase": "Pending"}))
    assert [one.name for one in said.world.pods] == ["api"]
    assert any("1 Pod that has ended" in note for note in said.notes)


def test_nodes_and_ranges_of_the_cluster_are_known(tmp_path: Path) -> None:
    addresses: Json = [
        {"type": "InternalIP", "address": "10.0.0.1"},
        {"type": "Hostname", "address": "one"},
    ]
    world = loaded(
        tmp_path,
        an(
            "v1",
            "Node",
            "one",
            spec={"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24", "fd00::/64"]},
            status={"addresses": addresses},
        ),
        an("networking.k8s.io/v1", "ServiceCIDR", "kubernetes", spec={"cidrs": ["10.96.0.0/16"]}),
    ).world
    assert world.nodes == (Node("one", ("10.0.0.1",)),)
    assert world.pod_ranges == ("10.1.0.0/24", "fd00::/64")
    assert world.service_ranges == ("10.96.0.0/16",)


def test_a_service_has_the_port_of_its_pods_and_one_without_selector_is_counted(
    tmp_path: Path,
) -> None:
    ports: Json = [{"port": 80, "targetPort": "http"}, {"port": 53, "protocol": "UDP"}]
    said = loaded(
        tmp_path,
        an("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": ports}),
        an("v1", "Service", "elsewhere", spec={"type": "ExternalName"}),
    )
    [service] = said.world.services
    assert service.selector == Selector((("app", "web"),))
    assert service.ports == (ServicePort(80, "http"), ServicePort(53, 53, Protocol.UDP))
    assert said.notes[-1] == "not looked at: 1 Service without selector"


@pytest.mark.parametrize(
    ("api_version", "kind", "count"),
    [
        ("apps/v1", "Deployment", 3),
        ("apps/v1", "ReplicaSet", 3),
        ("apps/v1", "StatefulSet", 3),
        ("apps/v1", "DaemonSet", 1),
        ("v1", "ReplicationController", 3),
        ("batch/v1", "Job", 2),
    ],
)
def test_a_workload_stands_for_its_pods(
    tmp_path: Path, api_version: str, kind: str, count: int
) -> None:
    template: Json = {"metadata": {"labels": {"app": "web"}}, "spec": {"hostNetwork": True}}
    spec: Manifest = {"replicas": 3, "parallelism": 2, "template": template}
    [read] = loaded(tmp_path, an(api_version, kind, spec=spec)).world.pods
    assert (read.kind, read.name, read.count, read.host_network) == (kind, "web", count, True)
    assert read.labels["app"] == "web"


def test_a_cron_job_is_read_down_to_its_pods(tmp_path: Path) -> None:
    job: Json = {"spec": {"template": {"metadata": {"labels": {"app": "nightly"}}}}}
    [read] = loaded(
        tmp_path, an("batch/v1", "CronJob", "nightly", spec={"jobTemplate": job})
    ).world.pods
    assert (read.kind, read.labels) == ("CronJob", {"app": "nightly"})


def test_a_job_gives_its_pods_the_label_policies_can_find_them_by(tmp_path: Path) -> None:
    [read] = loaded(tmp_path, an("batch/v1", "Job", "once", spec={})).world.pods
    assert read.labels == {"job-name": "once", "batch.kubernetes.io/job-name": "once"}


def test_a_workload_whose_pods_are_given_is_not_counted_twice(tmp_path: Path) -> None:
    world = loaded(
        tmp_path,
        deployment(),
        an(
            "apps/v1",
            "ReplicaSet",
            "web-1",
            metadata=owned_by("Deployment", "web"),
            spec={"replicas": 1},
        ),
        pod("web-1-x", metadata=owned_by("ReplicaSet", "web-1")),
    ).world
    assert [(one.kind, one.name) for one in world.pods] == [("Pod", "web-1-x")]


def test_the_owner_is_also_known_by_its_uid(tmp_path: Path) -> None:
    owner = deployment()
    owner["metadata"] = {"name": "web", "uid": "u1"}
    world = loaded(tmp_path, owner, pod("x", metadata=owned_by("Other", "renamed", "u1"))).world
    assert [one.name for one in world.pods] == ["x"]


def test_a_namesake_in_another_namespace_owns_nothing_here(tmp_path: Path) -> None:
    there = owned_by("Deployment", "web") | {"namespace": "other"}
    world = loaded(tmp_path, deployment(), pod("x", metadata=there)).world
    assert [one.kind for one in world.pods] == ["Pod", "Deployment"]


def test_an_old_replica_set_does_not_stand_for_its_deployment(tmp_path: Path) -> None:
    old = an(
        "apps/v1",
        "ReplicaSet",
        "web-1",
        metadata=owned_by("Deployment", "web"),
        spec={"replicas": 0},
    )
    said = loaded(tmp_path, deployment(), old)
    assert [one.kind for one in said.world.pods] == ["Deployment"]
    assert any("1 ReplicaSet without replicas" in note for note in said.notes)


def test_a_job_that_has_ended_runs_nothing(tmp_path: Path) -> None:
    ended: Json = {"conditions": [{"type": "Complete", "status": "True"}]}
    said = loaded(tmp_path, an("batch/v1", "Job", "once", spec={}, status=ended))
    assert said.world.pods == ()
    assert any("1 Job that has ended" in note for note in said.notes)


@pytest.mark.parametrize(
    ("api_version", "kind", "only_here"),
    [
        ("cilium.io/v2", "CiliumNetworkPolicy", True),
        ("cilium.io/v2", "CiliumEnvoyConfig", False),
        ("projectcalico.org/v3", "NetworkPolicy", True),
        ("crd.projectcalico.org/v1", "HostEndpoint", False),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", False),
        ("example.com/v1", "MyNetworkPolicy", False),
        ("k8s.ovn.org/v1", "EgressFirewall", True),
        ("security.istio.io/v1", "AuthorizationPolicy", False),
    ],
)
def test_policies_of_third_parties_are_named_with_the_namespace_they_can_speak_of(
    tmp_path: Path, api_version: str, kind: str, only_here: bool
) -> None:
    said = loaded(tmp_path, an(api_version, kind, "p", metadata={"namespace": "payments"}))
    speaks_of = "payments" if only_here else ""
    assert said.world.foreign == (ForeignPolicy(f"{kind} payments/p", speaks_of),)


def test_what_is_not_looked_at_is_counted_by_kind(tmp_path: Path) -> None:
    said = loaded(
        tmp_path,
        an("v1", "ConfigMap", "a"),
        an("v1", "ConfigMap", "b"),
        an("example.com/v1", "Widget"),
        an("serving.knative.dev/v1", "Service"),
        an("cilium.io/v2", "CiliumEndpoint"),
    )
    assert said.world.foreign == ()
    [note] = said.notes
    assert note == (
        "not looked at: 1 CiliumEndpoint (cilium.io/v2), 2 ConfigMap, "
        "1 Service (serving.knative.dev/v1), 1 Widget (example.com/v1)"
    )


@pytest.mark.parametrize("gone", ["extensions/v1beta1", "networking.k8s.io/v1beta1"])
def test_a_policy_of_a_version_that_is_gone_is_refused(tmp_path: Path, gone: str) -> None:
    [told] = refused(tmp_path, an(gone, "NetworkPolicy", "p", spec={}))
    assert told == f"all.yaml:1: apiVersion: {gone} is gone; write networking.k8s.io/v1"


NO_PORT: Json = [{"ports": [{"containerPort": 0}]}]
BACKWARDS: Json = [{"ports": [{"port": 9, "endPort": 8}]}]
POLICY = "networking.k8s.io/v1", "NetworkPolicy"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (pod(metadata={"labels": {"v": 8}}), "metadata.labels.v: 8 is not text; put the label"),
        (pod(metadata={"labels": {"on": True}}), "metadata.labels.on: true is not text"),
        (pod(metadata={"namespace": 7}), "metadata.namespace: 7 is not text; put it in quotes"),
        (pod(spec={"hostNetwork": "yes"}), "spec.hostNetwork: 'yes' is neither true nor false"),
        (pod(spec={"containers": NO_PORT}), "spec.containers[0].ports[0].containerPort: 0 is not"),
        (pod(spec={"containers": {"a": 1}}), "spec.containers: a list is expected here"),
        (pod(spec=[]), "spec: fields are expected here"),
        (pod(status={"podIP": "10.1"}), "status.podIP: '10.1' is not an IP address"),
        (deployment(replicas="3"), "spec.replicas: '3' is not a whole number"),
        (an("v1", "Node", spec={"podCIDRs": ["x"]}), "spec.podCIDRs[0]: 'x' is not a CIDR"),
        (an(*POLICY, podSelector={}), "podSelector: unknown field"),
        (an(*POLICY, spec={"egress": BACKWARDS}), "spec.egress[0].ports[0].endPort: 8 is smaller"),
    ],
)
def test_a_field_that_is_wrong_is_named(tmp_path: Path, written: Manifest, problem: str) -> None:
    [told] = refused(tmp_path, written)
    _, line, words = told.split(":", 2)
    assert words.strip().startswith(problem)
    last = problem.split(":", maxsplit=1)[0].rpartition(".")[2].partition("[")[0]
    text = (tmp_path / "all.yaml").read_text().splitlines()[int(line) - 1]
    assert last in text or "- x" in text


def test_one_object_given_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    [told] = refused(tmp_path, pod(), pod("api"), pod(metadata={"namespace": "default"}))
    assert told.startswith("all.yaml:11: Pod default/web is already given in ")
    assert told.endswith("all.yaml:1")


def test_every_mistake_of_every_object_is_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    told = refused(tmp_path, deployment(replicas=-1), pod(spec=[]), an("v1", "Node", spec=[]))
    assert [one.split(": ")[1] for one in told] == ["spec.replicas", "spec", "spec"]


def test_a_folder_with_policies_only_says_how_to_get_an_answer(tmp_path: Path) -> None:
    said = loaded(tmp_path, an("networking.k8s.io/v1", "NetworkPolicy", spec={}))
    assert "--assume-pods" in said.notes[-1]


def test_a_file_without_objects_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(BadInput, match="were expected"):
        load(str(tmp_path))
