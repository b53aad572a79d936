"""What observing a large cluster costs: `./dev bench observe`. Counts, memory, statements.

Starts a control plane of its own, fills it, and looks at it as a worker does, with the portal's
credential. The crowd is made by another process, so that the peak of memory is the observer's.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import django

import devcluster
from bench.rig import crowd
from bench.rig.failure import BenchFailed
from devtools.cluster import INGRESS_NAMESPACE, kubectl
from devtools.environment import portal_environment
from devtools.interrupts import Stopped, raise_when_asked_to_stop
from devtools.places import PYTHON, ROOT, State


def main(arguments: list[str]) -> int:
    chosen = _parser().parse_args(arguments)
    raise_when_asked_to_stop()
    size = crowd.Size(chosen.namespaces, chosen.policies, chosen.pods)
    try:
        with ExitStack() as stack:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="bulkhead-bench-"))
            )
            audit_log = _set_up(folder, size, stack)
            django.setup()
            # Its models can only be imported once Django knows which database to use.
            rig = importlib.import_module("bench.rig.observing")
            return 0 if rig.measure(audit_log) else 1
    except Stopped:
        print("stopped")
        return 1
    except BenchFailed as error:
        print(f"./dev bench observe: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench observe", description=__doc__)
    parser.add_argument("--namespaces", type=int, default=1000)
    parser.add_argument("--policies", type=int, default=2, help="per namespace")
    parser.add_argument("--pods", type=int, default=5, help="per namespace")
    return parser


def _set_up(folder: Path, size: crowd.Size, stack: ExitStack) -> Path:
    """Start the control plane, prepare database and cluster, fill it; return its audit log."""
    state = State(folder / "state").create()
    plane = stack.enter_context(devcluster.start(folder / "cluster"))
    kubectl(plane.kubeconfig, "create", "namespace", INGRESS_NAMESPACE)
    environment = portal_environment(state, redis_url="", port=0).worker
    environment["BULKHEAD_LOG_LEVEL"] = "WARNING"
    os.environ.update(environment)
    prepare = [str(PYTHON), "-m", "devtools.prepare", str(plane.kubeconfig)]
    subprocess.run(prepare, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    crowd.make(plane.kubeconfig, size)
    return plane.audit_log


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
