"""Pods that wait for their fence, as admission leaves them; the word on the Namespace."""

from onboarding.domain.fence_gate import FENCE_GATE_FACT, GATE, PROOF_LABEL, PROVEN, says_proven
from onboarding.domain.objects import Key, Manifest, branch
from onboarding.models import Cluster
from tests.support.fake_cluster import FakeCluster
from tests.support.requests import NAME, NAMESPACE


def install_gate(cluster: Cluster) -> Cluster:
    """What `prepare_cluster` writes down of a cluster that can hold pods back."""
    cluster.facts = {**cluster.facts, FENCE_GATE_FACT: True}
    cluster.save(update_fields=["facts"])
    return cluster


def gated(name: str, *others: str, namespace: str = NAME) -> Manifest:
    """A pod that was admitted before the fence of its namespace was read back."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "containers": [{"name": "web", "image": "registry.example/web"}],
            "schedulingGates": [{"name": gate} for gate in (*others, GATE)],
        },
    }


def gates_of(fake: FakeCluster, name: str) -> list[str]:
    spec = branch(fake.objects[Key("Pod", NAME, name)], "spec")
    return [gate["name"] for gate in spec.get("schedulingGates", [])]  # type: ignore[union-attr,call-overload,index,misc]


def is_told(fake: FakeCluster) -> bool:
    """Whether the Namespace says that its fence was read back."""
    return says_proven(fake.objects[NAMESPACE])


def tell(tree: Manifest) -> None:
    """Forge it, as only somebody with break-glass rights could."""
    branch(tree, "metadata", "labels")[PROOF_LABEL] = PROVEN


def untell(tree: Manifest) -> None:
    del branch(tree, "metadata", "labels")[PROOF_LABEL]
