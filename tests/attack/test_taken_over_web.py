"""The web process is somebody else's: with its database role, every row is written at random.

Workers go on working. The witness is the API server's own audit log: whatever the portal's account
stored there has to be what people with signed decisions approved before the attack.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from onboarding.domain.fence_gate import with_proof
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Manifest
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.models import Cluster, ManagedNamespace, Request
from onboarding.plan.compare import differences
from onboarding.plan.model import load_plan, stamped
from onboarding.services.reconcile import reconcile
from tests.support import live_portal
from tests.support.approval_keys import approve_signed, enrolled, sign
from tests.support.audit_log import AuditLog, Entry
from tests.support.requests import HOLDERS
from tests.support.row_attack import RowAttack
from tests.support.soft_passkey import SoftPasskey

# The suite tries a thousand, spread over both databases; the number can be raised.
MUTATIONS = int(os.environ.get("BULKHEAD_TEST_MUTATIONS", "500"))
AT_ONCE = (1, 1, 1, 3, 9, 27)  # mutations before workers look
LOOKS = 12  # of workers, between two readings of the audit log


@pytest.fixture
def estate(dev_eu: Cluster, name: str, settings: Any) -> dict[str, ManagedNamespace]:
    """Four namespaces of payments: in force, to be changed, to be removed, and not made yet.

    Of the two requests one lane is approved; every approval is signed.
    """
    settings.SIGNED_LANES = frozenset(lane.value for lane in Lane)
    now = timezone.now()
    keys = {lane: enrolled(HOLDERS[lane], now=now) for lane in Lane}
    rows = {
        part: signed(live_portal.asked(dev_eu, f"{name}-{part}"), keys)
        for part in ("kept", "changed", "removed", "new")
    }
    for part in ("kept", "changed", "removed"):
        rows[part] = live_portal.brought_to(rows[part], NamespaceState.READY)
    spec = rows["changed"].revisions.get().wanted.changed(egress="internet")
    change = live_portal.change_asked(rows["changed"], spec)
    signature = sign(keys[Lane.PLATFORM], change, Lane.PLATFORM, now=now)
    approve_signed(change, Lane.PLATFORM, signature, now=now)
    live_portal.removal_asked(rows["removed"])
    return rows


def signed(request: Request, keys: dict[Lane, SoftPasskey]) -> ManagedNamespace:
    """Approve every lane with the passkey of who holds it."""
    now = timezone.now()
    for lane in [Lane(needed.lane) for needed in request.lanes.all()]:
        request = approve_signed(request, lane, sign(keys[lane], request, lane, now=now), now=now)
    return ManagedNamespace.objects.get(revisions__request=request)


@dataclass(frozen=True)
class Ledger:
    """What people approved, written down before the attack: each object as it is to be stored."""

    objects: dict[tuple[str, str, str], Manifest]

    @classmethod
    def of(cls, rows: Iterable[ManagedNamespace]) -> "Ledger":
        """Take down the revision in force of each namespace."""
        found = {}
        for row in rows:
            revision = row.revisions.get(number=row.generation)
            stamps = {
                REQUEST: revision.request.label,
                GENERATION: str(revision.number),
                DIGEST: revision.digest,
            }
            for planned in load_plan(revision.plan).objects:
                key = planned.key
                where = key.namespace if key.kind != "Namespace" else ""
                found[key.kind, where, key.name] = stamped(planned.manifest, stamps)
        return cls(found)

    def violations(self, entries: Iterable[Entry]) -> list[str]:
        """Return what the portal's account stored that nobody approved."""
        return [
            f"{entry.what}: {wrong}"
            for entry in entries
            if entry.is_write and entry.succeeded and not entry.is_dry_run
            if (wrong := self._wrong_with(entry))
        ]

    def _wrong_with(self, entry: Entry) -> str:
        where = "" if entry.resource == "namespaces" else entry.namespace
        wanted = self.objects.get((str(entry.stored.get("kind")), where, entry.name))
        if wanted is None or entry.verb not in ("create", "patch", "update"):
            return "nobody approved it"
        # Whether a fence was proven is no part of what people approve.
        options = [wanted, with_proof(wanted)] if entry.resource == "namespaces" else [wanted]
        left = [differences(option, entry.stored) for option in options]
        return ", ".join(map(str, left[0])) if all(left) else ""


def test_g38_whatever_is_written_to_the_rows_the_cluster_gets_what_was_signed(
    estate: dict[str, ManagedNamespace], audit: AuditLog
) -> None:
    ledger, watched = Ledger.of(estate.values()), audit.since_now()
    attack = RowAttack(Random(20261126), timezone.now())
    while attack.tried < MUTATIONS:
        before = len(attack.told)
        for _ in range(LOOKS):
            attacked(attack)
        assert ledger.violations(watched.of_portal()) == [], "\n".join(attack.told[before:])
        watched = watched.since_now()
    print(f"{attack.tried} mutations, {attack.refused} refused by the database")
    assert attack.refused < attack.tried / 2, "the database lets nothing through to be judged"
    for row in estate.values():
        assert live_portal.brought_to(row, NamespaceState.READY)
        assert live_portal.deviations(row) == []


def attacked(attack: RowAttack) -> None:
    """Some mutations, everything looked at by a worker; then the rows are as they were before."""
    with transaction.atomic():
        for _ in range(attack.random.choice(AT_ONCE)):
            attack.mutate()
        with contextlib.suppress(DatabaseError):
            work()
        transaction.set_rollback(True)


def work() -> None:
    """What workers do with rows that somebody made due."""
    with transaction.atomic():
        ManagedNamespace.objects.filter(next_at__isnull=False).update(
            next_at=Now(), lease_until=None
        )
    for pk in [*ManagedNamespace.objects.order_by("pk").values_list("pk", flat=True)]:
        reconcile("worker", clock=timezone.now, namespace_id=pk)
