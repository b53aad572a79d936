"""What one provisioning costs in requests, revisions and SQL. Counts, so noise cannot touch them.

The API server's audit log is the witness for requests and writes; the gateway's own counter says
when the log is complete.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from django.db import connection
from django.utils.timezone import now

from bench.rig.contenders import approve_last, ask_for
from bench.rig.failure import BenchFailed
from onboarding.cluster.gateway import Gateway
from onboarding.models import Cluster, ManagedNamespace
from onboarding.plan.model import load_plan
from onboarding.services.clock import database_now
from onboarding.services.credentials import open_gateway
from onboarding.services.observe import observe
from onboarding.services.reconcile import reconcile

PORTAL = "system:serviceaccount:bulkhead-system:bulkhead"
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
NOT_STORED = frozenset({"subjectaccessreviews", "selfsubjectaccessreviews"})
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
LOG_SECONDS = 10.0


@dataclass(frozen=True)
class Cost:
    """One run. `revisions` are the distinct resourceVersions its writes were answered with."""

    objects: int
    requests: int
    writes: int
    revisions: int
    sql: int


@dataclass
class Statements:
    count: int = 0

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        """Count one statement, unless it only opens or ends a transaction."""
        self.count += not sql.lstrip().upper().startswith(NOT_COUNTED)
        return execute(sql, *rest)


@contextmanager
def counting_sql() -> Iterator[Statements]:
    statements = Statements()
    with connection.execute_wrapper(statements):
        yield statements


def costs(names: list[str], cluster: Cluster, audit_log: Path) -> tuple[list[Cost], list[Cost]]:
    """The cost of provisioning each name, and of looking at it again when nothing changed."""
    first, second = [], []
    observe(cluster.pk, clock=database_now)  # as in a portal that runs: looks note how far it came
    for name in names:
        request = ask_for(name, cluster)
        approve_last(request)
        objects = len(load_plan(request.plan).objects)
        first.append(_cost(objects, cluster, audit_log))
        ManagedNamespace.objects.filter(name=name).update(next_at=now())
        second.append(_cost(objects, cluster, audit_log))
    return first, second


def _cost(objects: int, cluster: Cluster, audit_log: Path) -> Cost:
    gateway = open_gateway(cluster)
    if not isinstance(gateway, Gateway):
        raise BenchFailed("not the real gateway")
    offset, before = audit_log.stat().st_size, gateway.requests
    with counting_sql() as statements:
        if not reconcile("bench:count", clock=now):
            raise BenchFailed("nothing was due")
    events = _portal_events(audit_log, offset, gateway.requests - before)
    writes = [event for event in events if _is_write(event)]
    versions = {event["responseObject"]["metadata"]["resourceVersion"] for event in writes}
    return Cost(objects, len(events), len(writes), len(versions), statements.count)


def _portal_events(audit_log: Path, offset: int, expected: int) -> list[dict[str, Any]]:
    """The portal's events since `offset`, once there are as many as requests were sent."""
    pause, deadline = Event(), time.monotonic() + LOG_SECONDS
    while True:
        with audit_log.open("rb") as log:
            log.seek(offset)
            lines = [line for line in log if line.endswith(b"\n")]
        events = [event for event in map(json.loads, lines) if event["user"]["username"] == PORTAL]
        if len(events) == expected:
            return events
        if len(events) > expected or time.monotonic() > deadline:
            raise BenchFailed(f"{expected} requests were sent, {len(events)} were logged")
        pause.wait(0.05)


def _is_write(event: dict[str, Any]) -> bool:
    return event["verb"] in WRITES and event["objectRef"]["resource"] not in NOT_STORED
