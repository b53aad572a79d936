"""Two clusters, one of which hangs: `python -m tests.support.neighbours ACT ARGUMENT…`.

One act in a process of its own, on the database of a portal in real processes. Prints JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.db.models import F  # noqa: E402

from onboarding.models import Cluster, ManagedNamespace  # noqa: E402
from onboarding.services.clock import database_now  # noqa: E402
from onboarding.services.credentials import encrypted_token  # noqa: E402
from tests.support import live_portal  # noqa: E402
from tests.support.requests import told_of  # noqa: E402

GOOD, HUNG = "dev-eu", "hung"
LONGEST_SECONDS = 120.0


def register(arguments: Sequence[str]) -> list[str]:
    """Register the hung cluster with so many namespaces that are READY and not due yet."""
    address, certificate, count = arguments
    good = Cluster.objects.get(name=GOOD)
    ca = Path(certificate).read_text()
    hung = Cluster.objects.create(name=HUNG, api_server=address, ca_pem=ca, facts=good.facts)
    names = [f"on-hung-{number}" for number in range(int(count))]
    with transaction.atomic():
        for name in names:
            _as_approved(live_portal.onboard(hung, name, openings=()))
    return names


def _as_approved(row: ManagedNamespace) -> None:
    now = database_now()
    ManagedNamespace.objects.filter(pk=row.pk).update(
        state="ready",
        last_event=told_of(row, now=now),
        observed_generation=F("generation"),
        uid=f"uid-of-{row.name}",
        known_uid=f"uid-of-{row.name}",
        verified_at=now,
        next_at=now + timedelta(hours=1),
    )


def fall_due(_arguments: Sequence[str]) -> int:
    """Everything on the hung cluster is due, and the cluster may be looked at."""
    hung, now = Cluster.objects.get(name=HUNG), database_now()
    sealed = encrypted_token(hung, "a token", issued_at=now)
    with transaction.atomic():
        Cluster.objects.filter(pk=hung.pk).update(
            credential=sealed, credential_expires_at=now + timedelta(hours=24)
        )
        return ManagedNamespace.objects.filter(cluster=hung).update(next_at=now)


def measure(names: Sequence[str]) -> list[float]:
    """Bring each name about on the good cluster, one after the other: seconds from approval on."""
    cluster = Cluster.objects.get(name=GOOD)
    return [_until_ready(live_portal.onboard(cluster, name)) for name in names]


def _until_ready(row: ManagedNamespace) -> float:
    began, rows = time.perf_counter(), ManagedNamespace.objects.filter(pk=row.pk, state="ready")
    live_portal.wait_for(rows.exists, f"{row.name} is ready", seconds=LONGEST_SECONDS)
    return time.perf_counter() - began


def hung(_arguments: Sequence[str]) -> dict[str, object]:
    """How the hung cluster stands: its condition, and what workers hold there."""
    row = Cluster.objects.get(name=HUNG)
    held = ManagedNamespace.objects.filter(cluster=row, lease_until__isnull=False)
    return {"condition": row.condition, "held": held.count()}


ACTS: dict[str, Callable[[Sequence[str]], object]] = {
    "fall_due": fall_due,
    "hung": hung,
    "measure": measure,
    "register": register,
}

if __name__ == "__main__":
    print(json.dumps(ACTS[sys.argv[1]](sys.argv[2:])))
