"""Which kinds of other makers decide about traffic, so that an answer without them is incomplete.

Used by `reading.py`. In doubt a kind of a network plugin's group counts; what such groups merely
keep as their own state does not.
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
