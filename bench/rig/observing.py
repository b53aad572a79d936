"""The observe benchmark once Django is set up: two looks, what they cost, what pages then pay.

The API server's audit log is the witness for the lists; the kernel's high-water mark is the one
for memory.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from threading import Event
from typing import Any

from django.db import connection
from django.utils.timezone import now

from bench.rig.counts import PORTAL, counting_sql
from bench.rig.failure import BenchFailed
from onboarding.cluster.gateway import PAGE_SIZE
from onboarding.cluster.kinds import KINDS
from onboarding.models import Cluster, ClusterObservation
from onboarding.queries.observed import observed_world
from onboarding.services.credentials import open_gateway
from onboarding.services.observe import KINDS_BESIDE, observe

MOST_MEMORY = 200.0
LOG_SECONDS = 30.0
_WRITES_ROWS = re.compile(
    r'^(INSERT|UPDATE|DELETE)\b.*"onboarding_namespaceobservation"', re.DOTALL
)


@dataclass
class Cost:
    """What one look took. `lists` counts pages per resource, `memory` is in MB over the start."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    statements: int = 0
    row_writes: int = 0
    lists: Counter[str] = field(default_factory=Counter)


def measure(audit_log: Path) -> bool:
    """Look twice, print the table; return whether every bound was kept."""
    cluster = Cluster.objects.get()
    open_gateway(cluster).review_access(verb="list", resource="pods")  # the connection is warm
    looks = [_look(name, cluster, audit_log) for name in ("first look", "second look")]
    seen = ClusterObservation.objects.get(cluster=cluster)
    if seen.trouble:
        raise BenchFailed(seen.trouble)
    print(f"{seen.namespaces} namespaces, {seen.policies} policies, {seen.pods} pods", flush=True)
    totals = {
        "namespaces": seen.namespaces,
        "networkpolicies": seen.policies,
        "pods": seen.pods,
    }
    wanted = {name: max(1, ceil(total / PAGE_SIZE)) for name, total in totals.items()}
    wanted |= {KINDS[kind].plural: 1 for kind in KINDS_BESIDE}  # the crowd has few of these
    for look in looks:
        _show(look, wanted)
    _show_pages(cluster)
    first, second = looks
    return (
        all(dict(look.lists) == wanted for look in looks)
        and first.memory <= MOST_MEMORY
        and second.row_writes == 0
    )


def _show(look: Cost, wanted: dict[str, int]) -> None:
    print(f"{look.name}: {look.seconds:.2f} s, {look.cpu:.2f} s CPU of the observer")
    for name, pages in wanted.items():
        print(f"  LIST {name:24} {look.lists[name]:3} requests, expected {pages}")
    print(f"  peak memory over the start {look.memory:6.1f} MB, at most {MOST_MEMORY:.0f}")
    print(f"  SQL statements {look.statements}, of them writing namespaces {look.row_writes}")


def _show_pages(cluster: Cluster) -> None:
    """Print what a page pays for the world: read from rows, then remembered."""
    for name in ("world from rows", "world remembered"):
        began = time.perf_counter()
        with counting_sql() as statements:
            observed_world(cluster)
        took = (time.perf_counter() - began) * 1000
        print(f"{name}: {took:.1f} ms, {statements.count} SQL statements")


def _look(name: str, cluster: Cluster, audit_log: Path) -> Cost:
    cost, offset = Cost(name), audit_log.stat().st_size
    with _counting_row_writes(cost), counting_sql() as statements, _peak_of_memory(cost):
        began, cpu = time.perf_counter(), time.process_time()
        if not observe(cluster.pk, clock=now):
            raise BenchFailed("somebody else looks at the cluster")
        cost.seconds, cost.cpu = time.perf_counter() - began, time.process_time() - cpu
    cost.statements = statements.count
    pages = ClusterObservation.objects.get(cluster=cluster).requests
    cost.lists = _lists_once_written(audit_log, offset, pages)
    return cost


@contextmanager
def _counting_row_writes(cost: Cost) -> Iterator[None]:
    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        cost.row_writes += _WRITES_ROWS.match(sql) is not None
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        yield


@contextmanager
def _peak_of_memory(cost: Cost) -> Iterator[None]:
    """Measure the highest resident size inside, over the size before."""
    Path("/proc/self/clear_refs").write_text("5")  # the kernel forgets the old peak
    before = _status("VmRSS")
    yield
    cost.memory = (_status("VmHWM") - before) / 1024


def _status(name: str) -> int:
    """Return one value of /proc/self/status in kB."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise BenchFailed(f"this kernel does not tell {name}")
    return int(found.group(1))


def _lists_once_written(audit_log: Path, offset: int, expected: int) -> Counter[str]:
    """Count the portal's lists since `offset`, once as many are logged as were answered."""
    pause, deadline = Event(), time.monotonic() + LOG_SECONDS
    while True:
        with audit_log.open("rb") as log:
            log.seek(offset)
            events = [
                json.loads(line) for line in log if line.endswith(b"\n") and b'"list"' in line
            ]
        lists = Counter(
            event["objectRef"]["resource"]
            for event in events
            if event["verb"] == "list" and event["user"]["username"] == PORTAL
        )
        if lists.total() >= expected:
            return lists
        if time.monotonic() > deadline:
            raise BenchFailed(f"{expected} lists were answered, {lists.total()} were logged")
        pause.wait(0.2)
