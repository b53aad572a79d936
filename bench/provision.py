"""What provisioning costs: `./dev bench provision`. Method and results: docs/performance.md.

Starts a control plane, a database and Valkey of its own in a temporary folder, so that it
measures the same on every machine and leaves nothing behind.
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
from bench.rig.failure import BenchFailed
from devtools.cluster import INGRESS_NAMESPACE, kubectl
from devtools.environment import portal_environment
from devtools.interrupts import Stopped, raise_when_asked_to_stop
from devtools.places import PYTHON, ROOT, State
from devtools.postgres import start_postgres
from devtools.valkey import start_valkey

RESULTS = ROOT / "bench" / "results"


def main(arguments: list[str]) -> int:
    chosen = _parser().parse_args(arguments)
    raise_when_asked_to_stop()
    try:
        with ExitStack() as stack:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="bulkhead-bench-"))
            )
            audit_log = _set_up(folder, chosen.database, stack)
            django.setup()
            # Its models can only be imported once Django knows which database to use.
            rig = importlib.import_module("bench.rig.provisioning")
            sizes = rig.Sizes(chosen.namespaces, chosen.blocks, chosen.approvals)
            rig.measure(sizes, folder=folder, audit_log=audit_log, results=RESULTS)
    except Stopped:
        print("stopped; nothing was written")
        return 1
    except BenchFailed as error:
        print(f"./dev bench provision: {error}", file=sys.stderr)
        return 1
    print(f"\nraw values: {RESULTS.relative_to(ROOT)}/")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench provision", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--namespaces", type=int, default=16, help="per block and contender")
    parser.add_argument("--blocks", type=int, default=10, help="kept; one more is discarded")
    parser.add_argument("--approvals", type=int, default=40, help="timed from approve to ready")
    return parser


def _set_up(folder: Path, database: str, stack: ExitStack) -> Path:
    """Start every part, prepare database and cluster; return the API server's audit log."""
    state = State(folder / "state").create()
    valkey = start_valkey(state.folder)
    stack.callback(valkey.stop)
    plane = stack.enter_context(devcluster.start(folder / "cluster"))
    kubectl(plane.kubeconfig, "create", "namespace", INGRESS_NAMESPACE)
    environment = portal_environment(state, redis_url=valkey.url, port=0).worker
    environment["BULKHEAD_LOG_LEVEL"] = "WARNING"
    environment["BULKHEAD_CLUSTER_CONCURRENCY"] = "100"  # what is measured is its workers
    if database == "postgres":
        server = start_postgres()
        stack.callback(server.stop)
        environment["BULKHEAD_DATABASE_URL"] = server.url
    os.environ.update(environment)
    prepare = [str(PYTHON), "-m", "devtools.prepare", str(plane.kubeconfig)]
    subprocess.run(prepare, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return plane.audit_log


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
