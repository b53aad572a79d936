"""One place to run a contract test in: a gateway, somebody else who acts, a managed namespace."""

from dataclasses import dataclass
from typing import Protocol

from onboarding.cluster.kinds import object_path
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Key, Manifest, key_of
from tests.support.fake_cluster import FakeCluster
from tests.support.raw_api import RawApi

DENY_ALL_SPEC: Manifest = {
    "podSelector": {},
    "policyTypes": ["Ingress", "Egress"],
    "ingress": [],
    "egress": [],
}


class Others(Protocol):
    """Everybody but the portal."""

    def put(self, manifest: Manifest) -> None: ...

    def change(self, key: Key, patch: Manifest) -> None: ...

    def settle(self) -> None: ...


@dataclass(frozen=True)
class BreakGlass:
    raw: RawApi

    def put(self, manifest: Manifest) -> None:
        path = object_path(key_of(manifest)).rpartition("/")[0]
        assert self.raw.post(path, manifest).status == 201

    def change(self, key: Key, patch: Manifest) -> None:
        path = f"{object_path(key)}?fieldManager=kubectl-edit"
        assert self.raw.merge(path, patch).status == 200

    def settle(self) -> None:
        """The cluster's own controllers need no help."""


@dataclass(frozen=True)
class Levers:
    fake: FakeCluster

    def put(self, manifest: Manifest) -> None:
        self.fake.put(manifest)

    def change(self, key: Key, patch: Manifest) -> None:
        self.fake.tamper(key, lambda tree: _merge(tree, patch))

    def settle(self) -> None:
        self.fake.finish_deletions()


@dataclass(frozen=True)
class World:
    gateway: ClusterGateway
    others: Others
    namespace: str

    def policy(self, name: str, spec: Manifest) -> Manifest:
        metadata: Manifest = {"name": name, "namespace": self.namespace}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": metadata,
            "spec": spec,
        }

    def binding(self, role: str, *, group: str = "payments", name: str = "") -> Manifest:
        named = name or role.replace("bulkhead:", "team-")
        rbac = "rbac.authorization.k8s.io"
        return {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": named, "namespace": self.namespace},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": rbac, "kind": "Group", "name": group}],
        }

    @property
    def deny_all(self) -> Manifest:
        return self.policy("deny-all", DENY_ALL_SPEC)

    @property
    def allow_dns(self) -> Manifest:
        return self.policy("allow-dns", {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}],
        })  # fmt: skip


def _merge(tree: Manifest, patch: Manifest) -> None:
    for name, value in patch.items():
        there = tree.setdefault(name, {})
        if isinstance(value, dict) and isinstance(there, dict):
            _merge(there, value)
        else:
            tree[name] = value
