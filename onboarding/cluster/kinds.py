"""Where each kind lives on the API server. Data only: a kind missing here cannot be asked for."""

import re
from dataclasses import dataclass

from onboarding.domain.objects import Key


@dataclass(frozen=True)
class Resource:
    """One REST resource. `group` is "" for the core group."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """As RBAC questions write it, e.g. `networkpolicies.networking.k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.:]*")

KINDS = {
    "Namespace": Resource("", "v1", "namespaces", namespaced=False),
    "Node": Resource("", "v1", "nodes", namespaced=False),
    "Pod": Resource("", "v1", "pods"),
    "ReplicationController": Resource("", "v1", "replicationcontrollers"),
    "ResourceQuota": Resource("", "v1", "resourcequotas"),
    "LimitRange": Resource("", "v1", "limitranges"),
    "PersistentVolumeClaim": Resource("", "v1", "persistentvolumeclaims"),
    "Service": Resource("", "v1", "services"),
    "ServiceAccount": Resource("", "v1", "serviceaccounts"),
    "Deployment": Resource("apps", "v1", "deployments"),
    "StatefulSet": Resource("apps", "v1", "statefulsets"),
    "DaemonSet": Resource("apps", "v1", "daemonsets"),
    "ReplicaSet": Resource("apps", "v1", "replicasets"),
    "Job": Resource("batch", "v1", "jobs"),
    "CronJob": Resource("batch", "v1", "cronjobs"),
    "NetworkPolicy": Resource("networking.k8s.io", "v1", "networkpolicies"),
    "ServiceCIDR": Resource("networking.k8s.io", "v1", "servicecidrs", namespaced=False),
    "Role": Resource("rbac.authorization.k8s.io", "v1", "roles"),
    "RoleBinding": Resource("rbac.authorization.k8s.io", "v1", "rolebindings"),
    "ClusterRole": Resource("rbac.authorization.k8s.io", "v1", "clusterroles", namespaced=False),
    "ClusterRoleBinding": Resource(
        "rbac.authorization.k8s.io", "v1", "clusterrolebindings", namespaced=False
    ),
    "MutatingAdmissionPolicy": Resource(
        "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", namespaced=False
    ),
    "MutatingAdmissionPolicyBinding": Resource(
        "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings", namespaced=False
    ),
    "ValidatingAdmissionPolicy": Resource(
        "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", namespaced=False
    ),
    "ValidatingAdmissionPolicyBinding": Resource(
        "admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", namespaced=False
    ),
}

GROUPS_PATH = "/apis"

# Kinds that may override what NetworkPolicies say, by API group. A group lists what takes effect
# on pods' traffic, not its rehearsals (`Staged…`) nor the addresses it gives names to.
OTHER_POLICY_KINDS = {
    "policy.networking.k8s.io": (
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
    ),
    "cilium.io": ("CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"),
    "crd.projectcalico.org": ("GlobalNetworkPolicy", "NetworkPolicy"),
    "projectcalico.org": ("GlobalNetworkPolicy", "NetworkPolicy"),
    "crd.antrea.io": ("ClusterNetworkPolicy", "NetworkPolicy"),
    "k8s.ovn.org": ("AdminPolicyBasedExternalRoute", "EgressFirewall"),
}


def collection_path(kind: str, namespace: str = "") -> str:
    """Return the path of all objects of a kind, in one namespace or ("") in the whole cluster."""
    resource = KINDS[kind]
    start = f"/apis/{resource.group}/{resource.version}" if resource.group else "/api/v1"
    place = f"/namespaces/{_one_step(namespace)}" if namespace else ""
    return f"{start}{place}/{resource.plural}"


def object_path(key: Key) -> str:
    """Return the path of one object. Raise ValueError for a name that is not one step of a path.

    An empty name would turn "delete this one" into "delete all".
    """
    if KINDS[key.kind].namespaced and not key.namespace:
        raise ValueError(f"{key} names no namespace")
    return f"{collection_path(key.kind, key.namespace)}/{_one_step(key.name)}"


def group_path(group_version: str) -> str:
    """Return the path that lists what one version of a group offers, e.g. for `apps/v1`."""
    group, _, version = group_version.partition("/")
    return f"{GROUPS_PATH}/{_one_step(group)}/{_one_step(version)}"


def _one_step(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a name: {name!r}")
    return name
