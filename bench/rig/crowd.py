"""A cluster full of other people's work: `python -m bench.rig.crowd KUBECONFIG N POLICIES PODS`.

The pods wait for a node for ever, which the observer cannot tell from running. Each carries what
real ones do: an environment, annotations, probes, a hash of its template.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

from bench.rig.failure import BenchFailed
from devtools.places import PYTHON, ROOT
from onboarding.cluster.gateway import Gateway
from onboarding.cluster.kubeconfig import parse_kubeconfig
from onboarding.domain.objects import Json, Manifest

THREADS = 8


@dataclass(frozen=True)
class Size:
    """How many namespaces, and how many policies and pods in each."""

    namespaces: int
    policies: int
    pods: int


def make(kubeconfig: Path, size: Size) -> None:
    """Fill the cluster in a process of its own. Raise BenchFailed if that fails."""
    began = time.perf_counter()
    numbers = [str(number) for number in astuple(size)]
    command = [str(PYTHON), "-m", "bench.rig.crowd", str(kubeconfig), *numbers]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise BenchFailed("the cluster could not be filled")
    print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)


def main(kubeconfig: str, *numbers: str) -> None:
    """Create the namespaces first, then what is in them."""
    size = Size(*map(int, numbers))
    admin = Gateway(parse_kubeconfig(Path(kubeconfig).read_text()), field_manager="crowd")
    names = [f"team-{number:04}" for number in range(size.namespaces)]
    with ThreadPoolExecutor(THREADS) as threads:
        for batch in (_namespaces(names), _contents(names, size)):
            for _ in threads.map(admin.create, batch):
                pass
    admin.close()


def _namespaces(names: list[str]) -> Iterator[Manifest]:
    for number, name in enumerate(names):
        labels: Manifest = {"team": f"team-{number % 40}", "env": f"e{number % 3}"}
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        }


def _contents(names: list[str], size: Size) -> Iterator[Manifest]:
    for place in names:
        yield from (_policy(place, number) for number in range(size.policies))
        yield from (_pod(place, number) for number in range(size.pods))


def _policy(place: str, number: int) -> Manifest:
    selector: Manifest = {"matchLabels": {"app": f"app-{number}"}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": place, "name": f"policy-{number}"},
        "spec": {
            "podSelector": selector,
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}],
        },
    }


def _pod(place: str, number: int) -> Manifest:
    environment: list[Json] = [
        {"name": f"SETTING_{one}", "value": f"a value of a usual length, number {one}"}
        for one in range(25)
    ]
    container: Manifest = {
        "name": "app",
        "image": "registry.example/team/app:1.0",
        "env": environment,
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": place,
            "name": f"app-{number}",
            "labels": {"app": f"app-{number % 3}", "pod-template-hash": f"{number:08x}"},
            "annotations": {f"example.org/note-{one}": "x" * 120 for one in range(8)},
        },
        "spec": {"containers": [container]},
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
