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

from onboarding.cluster.errors import ClusterError, Unauthorized
from onboarding.cluster.refusals import (
    ADMIN_MAY_NOT,
    PORTAL_MAY_NOT,
    Attempt,
    managed_namespaces,
    problem_of,
)
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Json, Key, Manifest, branch, key_of

FIELD_MANAGER = "bulkhead-prepare"
# For API servers that serve MutatingAdmissionPolicy v1, so from Kubernetes 1.36 on.
FENCE_GATE_FILE = "fence-gate.yaml"
WAIT_SECONDS = 30.0
_ADMISSION, _MUTATING = "admissionregistration.k8s.io", "MutatingAdmissionPolicy"
_GATE_BINDING = Key("ValidatingAdmissionPolicyBinding", "", "bulkhead-fence-gate-there")
_PAUSE_SECONDS = 0.2


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
    gate = set() if has_gate else {key_of(tree) for tree in gate_manifests(folder)}
    return [tree for tree in load_manifests(folder) if key_of(tree) not in gate]


def gate_manifests(folder: Path) -> list[Manifest]:
    """Return the objects of the fence gate, in the order they are to be applied."""
    return _trees(folder / FENCE_GATE_FILE)


def serves_fence_gate(admin: ClusterGateway) -> bool:
    """Ask whether the API server knows the policies that the fence gate rests on.

    Anything in front of a server answers 404 too, so one is not believed: what the server serves
    is asked for, and where that names the kind, of whatever version, the policies once more.
    """
    if _lists(admin):
        return True
    served = admin.served_kinds([_ADMISSION]).get(_ADMISSION, ())
    return _MUTATING in served and _lists(admin)


def _lists(admin: ClusterGateway) -> bool:
    try:
        admin.list(_MUTATING)
    except ClusterError as error:
        if error.status == 404:
            return False
        raise
    return True


def holds_pods_back(admin: ClusterGateway) -> bool:
    """Tell whether pods wait, or are refused, until the portal says that their fence is proven."""
    return admin.get(_GATE_BINDING) is not None


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
    """Wait until everything the policies forbid is refused, as dry runs, or raise NotInForce.

    Without a managed namespace there is nothing yet that some of their lines could protect.
    """
    for gateway, attempts in ((portal, PORTAL_MAY_NOT), (admin, ADMIN_MAY_NOT)):
        for attempt in attempts:
            problem = _lasting_problem(admin, gateway, attempt)
            if problem:
                raise NotInForce(
                    f"admission policy {attempt.policy} does not refuse to {attempt.what} after "
                    f"{WAIT_SECONDS:.0f} s ({problem}); is this kubeconfig a member of "
                    "bulkhead:break-glass?"
                )


def _has_rules(admin: ClusterGateway, role: Key) -> bool:
    return bool((admin.get(role) or {}).get("rules"))


def _comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _lasting_problem(admin: ClusterGateway, gateway: ClusterGateway, attempt: Attempt) -> str:
    """Return "" once admission refused it, or what the cluster still said at the end."""
    problem = ""

    def is_refused() -> bool:
        nonlocal problem
        problem = _problem(admin, gateway, attempt)
        return not problem

    _comes_true(is_refused)
    return problem


def _problem(admin: ClusterGateway, gateway: ClusterGateway, attempt: Attempt) -> str:
    namespaces = managed_namespaces(admin) if attempt.is_inside else ()
    if attempt.is_inside and not namespaces:
        return ""
    try:
        return problem_of(gateway, attempt, namespaces=namespaces)
    except Unauthorized as error:  # rights just granted may take a moment
        return str(error)
