"""Three ways to bring the same objects to the same API server, with the same credential.

The portal by its reconcile service, bare server-side applies on kept connections (the floor: no
read, no check, no record), and `kubectl apply --server-side`. Rendering and approving happen
before the clock starts.
"""

import http.client
import json
import os
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Thread
from typing import Protocol
from urllib.parse import urlsplit

from django.db import connection
from django.utils.timezone import now

from bench.rig.failure import BenchFailed
from onboarding.cluster.connections import APPLY_TYPE, Connection
from onboarding.cluster.kinds import object_path
from onboarding.demo.scenario import approve, ask, demo_spec
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Manifest, key_of
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.domain.spec import RequestKind
from onboarding.models import Cluster, ManagedNamespace, Request, Team
from onboarding.plan.model import stamped
from onboarding.services.preview import NamespaceWish, preview
from onboarding.services.reconcile import reconcile

ANSWER_SECONDS = 60
KUBECTL_SECONDS = 300
Job = Callable[[], None]


class Contender(Protocol):
    @property
    def name(self) -> str: ...

    def seconds(self, names: Sequence[str], *, workers: int) -> float:
        """Provision all `names` with `workers` at once; how long that took."""
        ...


def ask_for(name: str, cluster: Cluster) -> Request:
    """Submit Alice's request; Pat has approved, Dana has not."""
    request = ask(demo_spec(name, cluster=cluster.name), now=now())
    return approve(request, "pat", Lane.PLATFORM, now=now())


def approve_last(request: Request) -> None:
    approve(request, "dana", Lane.NETWORK, now=now())


def manifests_of(name: str, cluster: Cluster) -> list[Manifest]:
    """The objects the portal would store, with stamps of the same shape."""
    spec = demo_spec(name, cluster=cluster.name)
    team = Team.objects.get(slug=spec.team)
    plan = preview(NamespaceWish(RequestKind.ONBOARD, spec, team, cluster)).plan
    stamps = {REQUEST: f"REQ-{name[:10]}", GENERATION: "1", DIGEST: plan.digest}
    return [stamped(manifest, stamps) for manifest in plan.manifests()]


@dataclass(frozen=True)
class Portal:
    cluster: Cluster
    name: str = "portal"

    def seconds(self, names: Sequence[str], *, workers: int) -> float:
        for name in names:
            approve_last(ask_for(name, self.cluster))
        jobs = [_Worker(f"bench:{number}") for number in range(workers)]
        took = together(jobs, ready=[job.connect for job in jobs])
        done = ManagedNamespace.objects.filter(name__in=names, state=NamespaceState.READY.value)
        if done.count() != len(names):
            raise BenchFailed(f"only {done.count()} of {len(names)} namespaces are ready")
        return took


@dataclass(frozen=True)
class _Worker:
    owner: str

    def connect(self) -> None:
        connection.ensure_connection()

    def __call__(self) -> None:
        while reconcile(self.owner, clock=now):
            pass
        connection.close()


@dataclass(frozen=True)
class RawApply:
    cluster: Cluster
    target: Connection
    name: str = "raw apply"

    def seconds(self, names: Sequence[str], *, workers: int) -> float:
        jobs = [
            _Line(self.target, [o for name in share for o in manifests_of(name, self.cluster)])
            for share in shares(names, workers)
        ]
        return together(jobs, ready=[job.connect for job in jobs])


@dataclass
class _Line:
    """One kept connection that sends its applies one after the other."""

    target: Connection
    manifests: list[Manifest]
    bodies: list[tuple[str, bytes]] = field(init=False)
    wire: http.client.HTTPSConnection = field(init=False)

    def __post_init__(self) -> None:
        query = "?fieldManager=bulkhead&force=true"
        self.bodies = [
            (object_path(key_of(manifest)) + query, json.dumps(manifest).encode())
            for manifest in self.manifests
        ]
        where = urlsplit(self.target.server)
        trust = ssl.create_default_context(cadata=self.target.ca)
        self.wire = http.client.HTTPSConnection(
            str(where.hostname), where.port, timeout=ANSWER_SECONDS, context=trust
        )

    def connect(self) -> None:
        self.wire.connect()

    def __call__(self) -> None:
        headers = {"Authorization": f"Bearer {self.target.token}", "Content-Type": APPLY_TYPE}
        for path, body in self.bodies:
            self.wire.request("PATCH", path, body=body, headers=headers)
            answer = self.wire.getresponse()
            content = answer.read()
            if answer.status >= 300:
                raise BenchFailed(f"{path}: {answer.status} {content.decode()[:200]}")
        self.wire.close()


@dataclass(frozen=True)
class Kubectl:
    """As many kubectl processes as workers, each given its share in one file."""

    cluster: Cluster
    target: Connection
    folder: Path
    name: str = "kubectl"

    def seconds(self, names: Sequence[str], *, workers: int) -> float:
        files = [self._write(share) for share in shares(names, workers)]
        began = time.perf_counter()
        processes = [self._start(file) for file in files]
        for process in processes:
            words, _ = process.communicate(timeout=KUBECTL_SECONDS)
            if process.returncode != 0:
                raise BenchFailed(f"kubectl: {words.decode()[-400:]}")
        return time.perf_counter() - began

    def _write(self, share: Sequence[str]) -> Path:
        items = [manifest for name in share for manifest in manifests_of(name, self.cluster)]
        file = self.folder / f"{share[0]}.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return file

    def _start(self, file: Path) -> subprocess.Popen[bytes]:
        how = ("--server-side", "--field-manager=bulkhead", "--force-conflicts")
        command = [
            "kubectl",
            "--kubeconfig",
            str(self._kubeconfig()),
            "apply",
            *how,
            "-f",
            str(file),
        ]
        environment = os.environ | {"KUBECACHEDIR": str(self.folder / "cache")}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )

    def _kubeconfig(self) -> Path:
        path = self.folder / "portal.kubeconfig"
        if not path.exists():
            (self.folder / "ca.crt").write_text(self.target.ca)
            where = {"server": self.target.server, "certificate-authority": "ca.crt"}
            content = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "it", "cluster": where}],
                "users": [{"name": "it", "user": {"token": self.target.token}}],
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
                "current-context": "it",
            }
            path.write_text(json.dumps(content))
        return path


def shares(names: Sequence[str], workers: int) -> list[Sequence[str]]:
    """The names dealt out to at most `workers` hands, none empty."""
    return [share for number in range(workers) if (share := names[number::workers])]


def together(jobs: Sequence[Job], *, ready: Sequence[Job]) -> float:
    """Get each thread `ready`, let all go at once; seconds until the last is done."""
    gate = Barrier(len(jobs) + 1)
    failures: list[Exception] = []

    def work(job: Job, get_ready: Job) -> None:
        try:
            get_ready()
            gate.wait()
            job()
        except Exception as error:  # noqa: BLE001 (raised again below, in the main thread)
            gate.abort()
            failures.append(error)

    threads = [Thread(target=work, args=pair) for pair in zip(jobs, ready, strict=True)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failures:
        raise BenchFailed(str(failures[0])) from failures[0]
    return took
