"""How long a person waits: from the last approval's answer to READY, with everything running.

A Celery worker behind a private Valkey and the sweeper, as the Procfile starts them, and one
approval at a time on an otherwise idle portal.
"""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from bench.rig.contenders import approve_last, ask_for
from bench.rig.failure import BenchFailed
from devtools.environment import Environment
from devtools.supervise import Running, read_procfile
from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import Cluster, ManagedNamespace

PATIENCE_SECONDS = 60.0  # also covers the start of the processes
POLL_SECONDS = 0.005
WARM_UP = 3


def approve_to_ready(names: list[str], cluster: Cluster, logs: Path) -> list[float]:
    """Seconds per name. Timed from before the approving call to when READY can be read."""
    with ExitStack() as stack:
        running = Running(Environment(dict(os.environ), {}), logs)
        stack.callback(running.stop)
        for process in ("worker", "sweeper"):
            running.start(process, read_procfile()[process])
        try:
            for number in range(WARM_UP):
                _one(f"warm-{number}", cluster)
            return [_one(name, cluster) for name in names]
        except BenchFailed as error:
            words = (child.last_words() for child in running.children.values())
            raise BenchFailed("\n".join([str(error), *words])) from error


def _one(name: str, cluster: Cluster) -> float:
    request = ask_for(name, cluster)
    ready = ManagedNamespace.objects.filter(
        name=name, state=NamespaceState.READY.value, lease_until=None
    )
    pause, began = Event(), time.perf_counter()
    approve_last(request)
    while not ready.exists():
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise BenchFailed(f"{name} was not ready within {PATIENCE_SECONDS:.0f} s")
        pause.wait(POLL_SECONDS)
    return time.perf_counter() - began
