"""The web process is somebody else's: with its database role, every row is written at random.

Workers go on working. The witness is the API server's own audit log: whatever the portal's account
stored there has to be what people with signed decisions approved before the attack.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from onboarding.demo.openings import INTERNET, WEB
from onboarding.domain.fence_gate import with_proof
from onboarding.domain.lanes import Lane
from onboarding.domain.lifecycle import BlockedReason, NamespaceState
from onboarding.domain.objects import Manifest
from onboarding.domain.ownership import DIGEST, GENERATION, REQUEST
from onboarding.models import Cluster, ManagedNamespace, Request
from onboarding.plan.compare import differences
from onboarding.plan.model import load_plan, stamped
from onboarding.services.reconcile import reconcile
from tests.support import live_portal
from tests.support.approval_keys import approve_signed, enrolled, sign
from tests.support.audit_log import AuditLog, Entry
from tests.support.passing_namespaces import breaker_of
from tests.support.raw_api import RawApi
from tests.support.requests import HOLDERS
from tests.support.row_attack import RowAttack
from tests.support.soft_passkey import SoftPasskey

# The suite tries a thousand, spread over both databases; the number can be raised.
MUTATIONS = int(os.environ.get("BULKHEAD_TEST_MUTATIONS", "500"))
AT_ONCE = (1, 1, 1, 3, 9, 27)  # mutations before workers look
EPOCH, HOME = "bulkhead.dev/epoch.", "/api/v1/namespaces/bulkhead-system"
LOOKS = 12  # of workers, between two readings of the audit log


@pytest.fixture
def keys(dev_eu: Cluster, settings: Any) -> dict[Lane, SoftPasskey]:
    """Everybody's passkey, enrolled; every approval is to be signed."""
    settings.SIGNED_LANES = frozenset(lane.value for lane in Lane)
    return {lane: enrolled(HOLDERS[lane], now=timezone.now()) for lane in Lane}


@pytest.fixture
def estate(
    dev_eu: Cluster, name: str, keys: dict[Lane, SoftPasskey]
) -> dict[str, ManagedNamespace]:
    """Four namespaces of payments: in force, to be changed, to be removed, and not made yet.

    Of the two requests one lane is approved; every approval is signed.
    """
    rows = {
        part: signed(live_portal.asked(dev_eu, f"{name}-{part}"), keys)
        for part in ("kept", "changed", "removed", "new")
    }
    for part in ("kept", "changed", "removed"):
        rows[part] = live_portal.brought_to(rows[part], NamespaceState.READY)
    spec = rows["changed"].revisions.get().wanted.changed(openings=(WEB, INTERNET))
    change = live_portal.change_asked(rows["changed"], spec)
    signed_on(change, Lane.PLATFORM, keys)
    live_portal.removal_asked(rows["removed"])
    return rows


def signed(request: Request, keys: dict[Lane, SoftPasskey]) -> ManagedNamespace:
    """Approve every lane with the passkey of who holds it."""
    for lane in [Lane(needed.lane) for needed in request.lanes.all()]:
        request = signed_on(request, lane, keys)
    return ManagedNamespace.objects.get(revisions__request=request)


def signed_on(request: Request, lane: Lane, keys: dict[Lane, SoftPasskey]) -> Request:
    now = timezone.now()
    return approve_signed(request, lane, sign(keys[lane], request, lane, now=now), now=now)


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
            if not _tells_only_the_time(entry)
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


def _tells_only_the_time(entry: Entry) -> bool:
    """Tell whether it only notes how far history has come, which opens nothing to anybody."""
    metadata = entry.sent.get("metadata", {})
    notes = [*metadata.get("annotations", {})]
    return (
        (entry.resource, entry.name, {*entry.sent})
        == ("namespaces", "bulkhead-system", {"metadata"})
        and {*metadata} <= {"annotations", "uid", "resourceVersion"}
        and all(note.startswith(EPOCH) for note in notes)
    )


@dataclass
class Workers:
    """What workers do between the attacks: how often they were set on, looked, and would not."""

    rounds: int = 0
    looks: int = 0
    blocked: int = 0

    def work(self) -> None:
        """Look at everything, each in a savepoint: what breaks one look keeps no other away."""
        self.rounds += 1
        with contextlib.suppress(DatabaseError), transaction.atomic():
            make_due()
        for pk in [*ManagedNamespace.objects.order_by("pk").values_list("pk", flat=True)]:
            with contextlib.suppress(DatabaseError), transaction.atomic():
                self.looks += reconcile("worker", clock=timezone.now, namespace_id=pk)
                self.blocked += ManagedNamespace.objects.filter(
                    pk=pk, state=NamespaceState.BLOCKED, reason=BlockedReason.NOT_APPROVED
                ).exists()


def make_due() -> None:
    """Let time pass: leases end, what is planned is due, clusters are tried again."""
    past = Now() - timedelta(seconds=1)
    ManagedNamespace.objects.update(lease_until=None)
    ManagedNamespace.objects.filter(next_at__isnull=False).update(next_at=past)
    Cluster.objects.update(retry_at=past)


def test_g38_whatever_is_written_to_the_rows_the_cluster_gets_what_was_signed(
    estate: dict[str, ManagedNamespace], audit: AuditLog, admin: RawApi
) -> None:
    ledger, watched, workers = Ledger.of(estate.values()), audit.since_now(), Workers()
    attack = RowAttack(Random(20261126), timezone.now())
    while attack.tried < MUTATIONS:
        before = len(attack.told)
        for _ in range(LOOKS):
            attacked(attack, workers, admin)
        assert ledger.violations(watched.of_portal()) == [], "\n".join(attack.told[before:])
        watched = watched.since_now()
    print(f"{attack.tried} mutations, {attack.refused} refused, {attack.forged} forged; {workers}")
    # PostgreSQL's role refuses most of what changes a row, so what was forged whole counts as well.
    assert attack.refused < attack.tried * 2 / 3, "the database lets nothing through to be judged"
    assert attack.forged > attack.tried / 20, "hardly an approval was forged"
    assert workers.looks >= workers.rounds, "nobody looked at what was written"
    assert workers.blocked > attack.forged / 20, "nobody noticed what was forged"
    for row in estate.values():
        assert live_portal.brought_to(row, NamespaceState.READY)
        assert live_portal.deviations(row) == []


def attacked(attack: RowAttack, workers: Workers, admin: RawApi) -> None:
    """Some mutations, everything looked at by a worker; then the rows are as they were before.

    So is how far history had come, which workers noted on the cluster: else they would take this
    for a restored backup, and only look from then on.
    """
    before = told_of_time(admin)
    with transaction.atomic():
        for _ in range(attack.random.choice(AT_ONCE)):
            attack.mutate()
        workers.work()
        transaction.set_rollback(True)
    said = dict.fromkeys(told_of_time(admin)) | before
    done = breaker_of(admin).merge(HOME, {"metadata": {"annotations": said}})
    assert done.status == 200, done.message


def told_of_time(admin: RawApi) -> dict[str, str]:
    """What stands on the cluster of how far history has come."""
    notes = admin.get(HOME).body["metadata"].get("annotations", {})
    return {note: said for note, said in notes.items() if note.startswith(EPOCH)}


@pytest.mark.parametrize(
    ("lanes", "reason"),
    [([Lane.NETWORK], ""), ([], BlockedReason.NOT_APPROVED)],
    ids=["network signed", "nothing signed"],
)
def test_an_unsigned_lane_beside_a_signed_one_can_be_forged(
    lanes: list[Lane],
    reason: str,
    estate: dict[str, ManagedNamespace],
    keys: dict[Lane, SoftPasskey],
    settings: Any,
) -> None:
    """The limit of what production signs unless told otherwise: security.md says it."""
    settings.SIGNED_LANES = frozenset({"network", "security"})
    row, attack = estate["kept"], RowAttack(Random(1), timezone.now())
    spec = row.revisions.get().wanted.changed(openings=(WEB, INTERNET))
    change = live_portal.change_asked(row, spec)
    needed = {Lane(one.lane) for one in change.lanes.all()}
    assert needed == {Lane.NETWORK, Lane.PLATFORM}
    for lane in lanes:
        change = signed_on(change, lane, keys)
    for lane in sorted(needed.difference(lanes)):
        attack.say(change, lane)
    attack.take_effect(change, row)
    row = live_portal.brought_to(row, NamespaceState.BLOCKED if reason else NamespaceState.READY)
    assert (row.generation, row.reason) == (2, reason)
    assert (live_portal.deviations(row) == []) == (not reason)
