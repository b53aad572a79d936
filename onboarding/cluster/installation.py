"""Install what the portal needs on a cluster, from manifests kept as data, and wait until it holds.

Done once per cluster, and again after upgrades, with a platform admin's rights. The portal itself
may write none of these objects.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import yaml

from onboarding.cluster.errors import AccessDenied, ClusterError, Refused, Unauthorized
from onboarding.cluster.team_probes import TEAM_PROBES
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Json, Key, Manifest, branch, key_of, text

FIELD_MANAGER = "bulkhead-prepare"
# For API servers that serve MutatingAdmissionPolicy v1, so from Kubernetes 1.36 on.
FENCE_GATE_FILE = "fence-gate.yaml"
WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.2
_PROBE = "bulkhead-admission-probe"
_MANAGED = {"bulkhead.dev/managed": "true"}


class NotInForce(Exception):
    """Something was installed, but the cluster does not act on it in time. Worded for a person."""


class InstallOutcome(StrEnum):
    """The object has been …"""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Installed:
    """What became of one object. `differing` names the fields somebody else still holds."""

    key: Key
    outcome: InstallOutcome
    differing: tuple[str, ...] = ()


def load_manifests(folder: Path) -> list[Manifest]:
    """Return every object in the folder's YAML files, in the order it is to be applied.

    Files go by name, so that the admission policies stand before the portal has any right.
    """
    found: list[Manifest] = []
    for path in sorted(folder.glob("*.yaml")):
        found += _trees(path)
    return found


def _trees(path: Path) -> list[Manifest]:
    return [tree for tree in yaml.safe_load_all(path.read_text()) if tree]


def manifests_for(folder: Path, *, has_gate: bool) -> list[Manifest]:
    """Return the objects that apply to a cluster: all, or all but the fence gate's."""
    gate = set() if has_gate else {key_of(tree) for tree in _trees(folder / FENCE_GATE_FILE)}
    return [tree for tree in load_manifests(folder) if key_of(tree) not in gate]


def serves_fence_gate(admin: ClusterGateway) -> bool:
    """Ask whether the API server knows the policies that the fence gate rests on."""
    try:
        admin.list("MutatingAdmissionPolicy")
    except ClusterError as error:
        if error.status == 404:
            return False
        raise
    return True


def printed(folder: Path) -> str:
    """Return the same objects as one YAML stream, comments included."""
    return "---\n".join(path.read_text() for path in sorted(folder.glob("*.yaml")))


def install(admin: ClusterGateway, manifests: Sequence[Manifest]) -> Iterator[Installed]:
    """Bring each object to what the manifest says, writing only what differs."""
    for manifest in manifests:
        key = key_of(manifest)
        live = admin.get(key)
        if live is not None and not differences(manifest, live):
            yield Installed(key, InstallOutcome.UNCHANGED)
            continue
        left = differences(manifest, admin.apply(manifest))
        done = InstallOutcome.CREATED if live is None else InstallOutcome.CONFIGURED
        yield Installed(key, InstallOutcome.DIFFERS if left else done, tuple(left))


def differences(wanted: Manifest, live: Manifest) -> list[str]:
    """Return the paths where live is not what is wanted. Labels others added do not count."""
    here, there = (branch(tree, "metadata", "labels") for tree in (wanted, live))
    found = [f"metadata.labels.{name}" for name in here if here[name] != there.get(name)]
    for part in wanted:
        if part not in ("apiVersion", "kind", "metadata"):
            found += _differing(wanted[part], live.get(part), part)
    return found


def _differing(wanted: Json, live: Json, path: str) -> list[str]:
    if isinstance(wanted, dict) and isinstance(live, dict):
        found: list[str] = []
        for name in sorted({*wanted, *live}):
            found += _differing(wanted.get(name), live.get(name), f"{path}.{name}")
        return found
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        pairs = enumerate(zip(wanted, live, strict=True))
        return [at for i, (a, b) in pairs for at in _differing(a, b, f"{path}[{i}]")]
    return [] if wanted == live or not (wanted or live) else [path]


def wait_for_roles(admin: ClusterGateway, manifests: Sequence[Manifest]) -> None:
    """Wait until the cluster has filled in every aggregated ClusterRole, or raise NotInForce."""
    for manifest in manifests:
        if not manifest.get("aggregationRule"):
            continue
        key = key_of(manifest)
        if not _comes_true(partial(_has_rules, admin, key)):
            raise NotInForce(
                f"{key} has no rules after {WAIT_SECONDS:.0f} s: the cluster's controller "
                "manager does not aggregate ClusterRoles"
            )


def wait_for_admission(admin: ClusterGateway, portal: ClusterGateway) -> None:
    """Wait until writes the policies forbid are refused, tried as dry runs, or raise NotInForce."""
    confined = _namespace({})
    reserved = _namespace(_MANAGED)
    probes: list[tuple[str, Callable[[], object]]] = [
        ("bulkhead-confined", lambda: portal.create(confined, dry_run=True)),
        ("bulkhead-reserved-namespace-labels", lambda: admin.create(reserved, dry_run=True)),
    ]
    # Without a managed namespace there is nothing yet that this policy could protect.
    if place := _any_managed_namespace(admin):
        for name, manifest in (
            ("bulkhead-owned-resources", _deny_all(place)),
            *_team_probes(place),
        ):
            probes.append((name, partial(admin.create, manifest, dry_run=True)))
    for name, probe in probes:
        if not _comes_true(partial(_is_refused, probe, by=name)):
            raise NotInForce(
                f"admission policy {name} refuses nothing after {WAIT_SECONDS:.0f} s; "
                "is this kubeconfig a member of bulkhead:break-glass?"
            )


def _team_probes(namespace: str) -> Iterator[tuple[str, Manifest]]:
    return ((name, build(namespace)) for name, build in TEAM_PROBES.items())


def _has_rules(admin: ClusterGateway, role: Key) -> bool:
    return bool((admin.get(role) or {}).get("rules"))


def _comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _is_refused(probe: Callable[[], object], *, by: str) -> bool:
    """Tell whether the policy refused it. Rights just granted may take a moment, so ask again."""
    try:
        probe()
    except Refused as refusal:
        return f"'{by}'" in str(refusal)  # and not a quota, or another policy
    except (AccessDenied, Unauthorized):
        return False
    return False


def _any_managed_namespace(admin: ClusterGateway) -> str:
    for namespace in admin.list("Namespace"):
        labels = branch(namespace, "metadata", "labels")
        if labels.get("bulkhead.dev/managed") == "true" and not _is_going(namespace):
            return text(namespace, "metadata", "name")
    return ""


def _is_going(namespace: Manifest) -> bool:
    return bool(text(namespace, "metadata", "deletionTimestamp"))


def _namespace(labels: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": _PROBE, "labels": dict(labels)},
    }


def _deny_all(namespace: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": _PROBE, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
