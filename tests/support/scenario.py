"""One act of the story in a process of its own: `python -m tests.support.scenario ACT NAME…`.

For tests whose portal runs in real processes on a database of its own. Prints one JSON value.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402 (Django has to be set up before its models)

from onboarding.domain.lanes import Lane  # noqa: E402
from onboarding.models import Cluster, Event, ManagedNamespace, Request  # noqa: E402
from onboarding.services.story import approve  # noqa: E402
from tests.support import live_portal  # noqa: E402

PATIENCE_SECONDS = 120.0


def ask(names: Sequence[str]) -> dict[str, str]:
    """Alice asks and Dana approves; Pat's word is missing. Returns the requests' public ids."""
    cluster, asked = Cluster.objects.get(), {}
    for name in names:
        request = live_portal.asked(cluster, name)
        approve(request, "dana", Lane.NETWORK, now=timezone.now())
        asked[name] = request.public_id
    return asked


def decide(names: Sequence[str]) -> list[float]:
    """Pat approves each; how many seconds each answer took."""
    took = []
    for name in names:
        request = Request.objects.get(name=name)
        began = time.perf_counter()
        approve(request, "pat", Lane.PLATFORM, now=timezone.now())
        took.append(time.perf_counter() - began)
    return took


def wish(names: Sequence[str]) -> dict[str, str]:
    """Alice asks, for the internet too; nobody decides. Returns the requests' public ids."""
    cluster = Cluster.objects.get()
    return {name: live_portal.asked(cluster, name, egress="internet").public_id for name in names}


def approve_all(names: Sequence[str]) -> list[str]:
    """Everybody approves; in which state each namespace is then."""
    requests = Request.objects.filter(name__in=names)
    return [live_portal.approved(request).state for request in requests]


def onboard(names: Sequence[str]) -> list[float]:
    ask(names)
    return decide(names)


def states(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = ManagedNamespace.objects.filter(name__in=names)
    return {
        row.name: {
            "state": row.state,
            "message": row.message,
            "uid": row.uid,
            "approvals": Event.objects.filter(
                namespace=row.name, action="portal:request:approved"
            ).count(),
            "ready": Event.objects.filter(
                namespace=row.name, action="cluster:namespace:ready"
            ).count(),
            "deviations": len(live_portal.deviations(row)) if row.state == "ready" else None,
        }
        for row in rows
    }


def wait(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Wait until a worker has made all of them ready, and say how they are, also if it has not."""
    rows = ManagedNamespace.objects.filter(name__in=names, state="ready")
    try:
        live_portal.wait_for(
            lambda: rows.count() == len(names), "all are ready", seconds=PATIENCE_SECONDS
        )
    except AssertionError as error:
        print(error, file=sys.stderr)
    return states(names)


ACTS: dict[str, Callable[[Sequence[str]], object]] = {
    "approve_all": approve_all,
    "ask": ask,
    "decide": decide,
    "onboard": onboard,
    "states": states,
    "wait": wait,
    "wish": wish,
}

if __name__ == "__main__":
    print(json.dumps(ACTS[sys.argv[1]](sys.argv[2:])))
