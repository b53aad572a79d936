"""Kinds that network plugins bring along, and obey beside NetworkPolicy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.live_portal import wait_for
from tests.support.raw_api import RawApi, Reply

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True)
class Foreign:
    """A kind that a network plugin brings along."""

    group: str
    plural: str
    kind: str

    @property
    def definition(self) -> dict[str, Any]:
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        approved = {"api-approved.kubernetes.io": "unapproved, a test's"}
        version = {"name": "v1", "served": True, "storage": True}
        return {
            "metadata": {"name": f"{self.plural}.{self.group}", "annotations": approved},
            "spec": {
                "group": self.group,
                "names": {"plural": self.plural, "kind": self.kind},
                "scope": "Namespaced" if self in NAMESPACED else "Cluster",
                "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
            },
        }

    def named(self, name: str) -> dict[str, Any]:
        return {**self._typed, "metadata": {"name": name}}

    def generated(self, prefix: str) -> dict[str, Any]:
        return {**self._typed, "metadata": {"generateName": prefix}}

    def create(self, who: RawApi, namespace: str) -> Reply:
        place = f"namespaces/{namespace}/" if self in NAMESPACED else ""
        path = f"/apis/{self.group}/v1/{place}{self.plural}?dryRun=All"
        return who.post(path, self.named("open"))

    @property
    def _typed(self) -> dict[str, str]:
        return {"apiVersion": f"{self.group}/v1", "kind": self.kind}


NAMESPACED = (
    Foreign("crd.antrea.io", "networkpolicies", "NetworkPolicy"),
    Foreign("cilium.io", "ciliumnetworkpolicies", "CiliumNetworkPolicy"),
    Foreign("cilium.io", "ciliumlocalredirectpolicies", "CiliumLocalRedirectPolicy"),
    Foreign("cilium.io", "ciliumenvoyconfigs", "CiliumEnvoyConfig"),
    Foreign("crd.projectcalico.org", "networkpolicies", "NetworkPolicy"),
    Foreign("k8s.ovn.org", "egressfirewalls", "EgressFirewall"),
    Foreign("k8s.ovn.org", "userdefinednetworks", "UserDefinedNetwork"),
    Foreign("security.istio.io", "authorizationpolicies", "AuthorizationPolicy"),
    Foreign("k8s.cni.cncf.io", "network-attachment-definitions", "NetworkAttachmentDefinition"),
)
CLUSTER_WIDE = (
    Foreign("policy.networking.k8s.io", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    Foreign("policy.networking.k8s.io", "adminnetworkpolicies", "AdminNetworkPolicy"),
    Foreign(
        "policy.networking.k8s.io", "baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy"
    ),
    Foreign("crd.projectcalico.org", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    Foreign("cilium.io", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy"),
    Foreign("crd.antrea.io", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    Foreign("k8s.ovn.org", "adminpolicybasedexternalroutes", "AdminPolicyBasedExternalRoute"),
    Foreign("cilium.io", "ciliumclusterwideenvoyconfigs", "CiliumClusterwideEnvoyConfig"),
    Foreign("crd.antrea.io", "tiers", "Tier"),
    Foreign("crd.antrea.io", "egresses", "Egress"),
    Foreign("crd.antrea.io", "trafficcontrols", "TrafficControl"),
    Foreign("crd.projectcalico.org", "tiers", "Tier"),
)


@contextmanager
def installed(admin: RawApi) -> Iterator[None]:
    """The kinds of all these network plugins are served inside, and gone afterwards."""
    every = (*NAMESPACED, *CLUSTER_WIDE)
    for one in every:
        assert admin.post(CRDS, one.definition).status == 201
    for one in every:
        at = f"/apis/{one.group}/v1/{one.plural}"
        wait_for(lambda at=at: admin.get(at).status == 200, f"{one.plural} are served")  # type: ignore[misc]
    yield
    for one in every:
        admin.delete(f"{CRDS}/{one.plural}.{one.group}")
    for one in every:
        gone = f"{CRDS}/{one.plural}.{one.group}"
        wait_for(lambda at=gone: admin.get(at).status == 404, f"{one.plural} are removed")  # type: ignore[misc]
