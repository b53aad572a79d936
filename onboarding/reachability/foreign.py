"""Which third-party kinds decide about traffic, so that an answer without them is incomplete.

Used by `reading.py`. In doubt a kind of a network plugin's group counts, and for every namespace;
what such groups merely keep as their own state does not count.
"""

_ISTIO = "security.istio.io"
_GROUPS = frozenset(
    {
        "cilium.io",
        "crd.projectcalico.org",
        "projectcalico.org",
        "policy.networking.k8s.io",
        "crd.antrea.io",
    }
)
_KINDS = frozenset(
    {
        ("k8s.ovn.org", "EgressFirewall"),
        (_ISTIO, "AuthorizationPolicy"),
        (_ISTIO, "PeerAuthentication"),
    }
)
# What these say is about pods of their own namespace only. Not so e.g. Istio's policies, which
# hold for the whole mesh when they stand in its root namespace.
_NAMESPACED = frozenset(
    {
        ("cilium.io", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
        ("projectcalico.org", "NetworkPolicy"),
        ("crd.antrea.io", "NetworkPolicy"),
        ("k8s.ovn.org", "EgressFirewall"),
    }
)
_STATE = frozenset(
    {
        "AntreaAgentInfo",
        "AntreaControllerInfo",
        "BlockAffinity",
        "CiliumEndpoint",
        "CiliumEndpointSlice",
        "CiliumIdentity",
        "CiliumNode",
        "ClusterInformation",
        "IPAMBlock",
        "IPAMHandle",
        "IPPool",
    }
)


def decides_traffic(group: str, kind: str) -> bool:
    """Tell whether objects of this kind can change who reaches whom."""
    if "NetworkPolicy" in kind or (group, kind) in _KINDS:
        return True
    return group in _GROUPS and kind not in _STATE


def namespace_it_speaks_of(group: str, kind: str, namespace: str) -> str:
    """Return the only namespace an object can have an effect on, "" where that may be any."""
    return namespace if (group, kind) in _NAMESPACED else ""
