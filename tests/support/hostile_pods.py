"""Pods that leave their sandbox, one field of each: what Pod Security is there to refuse."""

from onboarding.domain.objects import Json, Manifest
from tests.support.manifests import STRICT
from tests.support.refused_manifests import pod_with


def _contained(**of_the_container: Json) -> Manifest:
    context = {**STRICT["securityContext"], **of_the_container}  # type: ignore[dict-item]
    kept = {field: value for field, value in context.items() if value is not None}
    container: Manifest = {"name": "web", "image": "registry.example/web", "securityContext": kept}
    return pod_with({"containers": [container]})


def _of_the_pod(**context: Json) -> Manifest:
    return pod_with({"securityContext": context})


def _mounting(**source: Json) -> Manifest:
    return pod_with({"volumes": [{"name": "v", **source}]})


_PORT: Manifest = {"containerPort": 80, "hostPort": 80}
_FIRST: Manifest = {**STRICT, "name": "i", "image": "registry.example/i"}
_ANY: Manifest = {"capabilities": {"add": ["ALL"]}}
# Refused by every level that the catalogue has.
ON_THE_NODE: dict[str, Manifest] = {
    "a port of the node, at the start": pod_with(
        {"initContainers": [{**_FIRST, "ports": [_PORT]}]}
    ),
    "every capability, at the start": pod_with(
        {"initContainers": [{**_FIRST, "securityContext": _ANY}]}
    ),
    "the node's network": pod_with({"hostNetwork": True}),
    "the node's processes": pod_with({"hostPID": True}),
    "the node's memory": pod_with({"hostIPC": True}),
    "the node's disk": _mounting(hostPath={"path": "/"}),
    "the container runtime's socket": _mounting(hostPath={"path": "/run/containerd.sock"}),
    "a port of the node": pod_with(
        {"containers": [{**STRICT, "name": "web", "image": "i", "ports": [_PORT]}]}
    ),
    "the right to administer the system": _contained(capabilities={"add": ["SYS_ADMIN"]}),
    "raw packets": _contained(capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}),
    "the right to administer networks": _contained(capabilities={"add": ["NET_ADMIN"]}),
    "every capability": _contained(capabilities={"add": ["ALL"]}),
    "every system call": _of_the_pod(seccompProfile={"type": "Unconfined"}),
    "every system call, in a container": _contained(seccompProfile={"type": "Unconfined"}),
    "no AppArmor": _of_the_pod(appArmorProfile={"type": "Unconfined"}),
    "another SELinux type": _of_the_pod(seLinuxOptions={"type": "spc_t"}),
    "another SELinux user": _of_the_pod(seLinuxOptions={"user": "system_u"}),
    "a dangerous sysctl": _of_the_pod(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
}
# Refused by this server itself (--allow-privileged=false); elsewhere by every level but privileged.
PRIVILEGED: dict[str, Manifest] = {
    "every right": _contained(privileged=True, allowPrivilegeEscalation=True),
    "every right, at the start": pod_with(
        {"initContainers": [{**_FIRST, "securityContext": {"privileged": True}}]}
    ),
}
# Refused where the level is restricted: in production.
LOOSE: dict[str, Manifest] = {
    "root by number": _contained(runAsUser=0),
    "root perhaps": _contained(runAsNonRoot=None),
    "root, said plainly": _contained(runAsNonRoot=False),
    "gaining rights": _contained(allowPrivilegeEscalation=True),
    "perhaps gaining rights": _contained(allowPrivilegeEscalation=None),
    "capabilities not dropped": _contained(capabilities=None),
    "some capabilities dropped": _contained(capabilities={"drop": ["NET_RAW"]}),
    "one capability kept": _contained(capabilities={"drop": ["ALL"], "add": ["CHOWN"]}),
    "no seccomp": _contained(seccompProfile=None),
    "a network file system": _mounting(nfs={"server": "10.0.0.1", "path": "/"}),
    "a disk over the network": _mounting(
        iscsi={"targetPortal": "10.0.0.1", "iqn": "iqn.2001-04.example:x", "lun": 0}
    ),
}
