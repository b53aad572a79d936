"""The cluster development talks to: BULKHEAD_KUBECONFIG if given, else an own control plane."""

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import devcluster
from devtools.places import PROGRAMS

GIVEN_VARIABLE = "BULKHEAD_KUBECONFIG"
CLUSTER = "dev-eu"
INGRESS_NAMESPACE = "ingress-nginx"
INGRESS_SOURCE = f"{INGRESS_NAMESPACE}:app.kubernetes.io/name=ingress-nginx"


class ClusterError(Exception):
    """The cluster did not do what development needs; the message holds its words."""


def provide_cluster(folder: Path, stack: ExitStack) -> Path:
    """The kubeconfig of an administrator of a running cluster with an ingress namespace.

    An own control plane is stopped when `stack` is left. Raises ClusterError, ControlPlaneError
    or BinariesMissing.
    """
    given = os.environ.get(GIVEN_VARIABLE)
    if given:
        kubeconfig = Path(given).resolve()
        if not kubeconfig.is_file():
            raise ClusterError(f"{GIVEN_VARIABLE}={given} is not a file")
    else:
        kubeconfig = stack.enter_context(devcluster.start(folder)).kubeconfig
    _ensure_namespace(kubeconfig, INGRESS_NAMESPACE)
    return kubeconfig


def kubectl(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kubectl; its words and exit code are the caller's to judge."""
    command = [str(PROGRAMS / "kubectl"), "--kubeconfig", str(kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _ensure_namespace(kubeconfig: Path, name: str) -> None:
    """An ingress controller's namespace, so that there is one to choose in the form."""
    answer = kubectl(kubeconfig, "create", "namespace", name)
    if answer.returncode != 0 and "AlreadyExists" not in answer.stderr:
        raise ClusterError(f"the cluster refused namespace {name}: {answer.stderr.strip()}")
