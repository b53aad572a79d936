"""Deviations: write down what differed, from when to when, by whom; fold what repeats.

Beside reconcile, which calls it: `seen` before a repair, `settled` once everything was read back.
One event when a deviation is first seen and one when it ends. What comes back within an hour goes
on with the same row and the same two events; as a fight it is told once more, and once when it is
over. Everything is written in the transaction of the state's move, so that a worker that lost its
lease leaves no trace.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.deviations import (
    FIGHT,
    REMEMBERED,
    WINDOW,
    DeviationKind,
    Sighting,
    held_until,
    last_writer,
    recent,
)
from onboarding.domain.lifecycle import NamespaceState
from onboarding.domain.objects import Json, Key, Manifest, key_of, text
from onboarding.models import Deviation, Event, ManagedNamespace
from onboarding.plan.compare import Difference, differences
from onboarding.plan.digest import canonical
from onboarding.plan.fence import is_of_the_fence
from onboarding.services.phases.work import Work, content_digest
from onboarding.services.runs import Journal

LARGEST_KEPT = 16 * 1024  # bytes of differences that are kept for people to read


@dataclass(frozen=True)
class Settled:
    """What a whole reading left: the foreign objects nobody acknowledged, and the event to tell.

    `is_news` tells that the event was recorded just now; else it is one that told of it before.
    """

    findings: int = 0
    event: Event | None = None
    is_news: bool = False


def drift_of(work: Work) -> list[Sighting]:
    """Return everything planned that is not stored as planned."""
    found = []
    for planned in work.plan.objects:
        live = work.live.get(planned.key)
        differing = differences(work.wanted(planned), live)
        if differing:
            found.append(
                Sighting(
                    kind=DeviationKind.CHANGED if live else DeviationKind.MISSING,
                    key=planned.key,
                    fields=tuple(str(difference) or "missing" for difference in differing),
                    differences=_kept(differing) if live else (),
                    writer=last_writer(live or {}),
                    is_fence=is_of_the_fence(planned.key, differing),
                )
            )
    return found


def _kept(differing: Sequence[Difference]) -> tuple[Manifest, ...]:
    """Return the differences as a row keeps them; of what is very long, the places alone."""
    kept: list[Manifest] = [
        {"field": str(one), "approved": one.wanted, "found": one.live} for one in differing
    ]
    return tuple(kept) if len(canonical([*kept])) <= LARGEST_KEPT else ()


def foreign_of(work: Work) -> list[Sighting]:
    """Return the guarded objects that no approved plan contains."""
    return [
        Sighting(
            kind=DeviationKind.FOREIGN,
            key=key_of(foreign),
            writer=last_writer(foreign),
            uid=text(foreign, "metadata", "uid"),
            digest=content_digest(foreign),
        )
        for foreign in work.foreign()
    ]


def acknowledged_in(namespace: ManagedNamespace) -> frozenset[tuple[str, str]]:
    """Return the uid and content of every foreign object in it that somebody answers for."""
    rows = namespace.deviations.filter(
        kind=DeviationKind.FOREIGN.value, ended_at=None, acknowledged_at__isnull=False
    )
    return frozenset(rows.values_list("uid", "digest"))


def seen(
    journal: Journal, drift: Sequence[Sighting], *, now: datetime, is_urgent: bool = False
) -> datetime | None:
    """Write down what differs, and say until when its repair waits; None: repair it now.

    It waits, and the claim is given back, only where every object has to wait.
    """
    with transaction.atomic():
        rows = [_continued(journal, sighting, now) for sighting in drift]
        until = None if is_urgent else _hold(rows, drift, now)
        fields = _while_held(rows, until) if until else {}
        pairs = [*zip(rows, drift, strict=True)]
        news = [(row, one) for row, one in pairs if not row.seen_event_id]
        if news or journal.state is not NamespaceState.DRIFTED:
            body: Manifest = {"objects": [one.dump() for _row, one in news or pairs]}
            event = journal.move(
                NamespaceState.DRIFTED,
                Action.DEVIATION_SEEN,
                now=now,
                body=body,
                event=None if news else rows[0].seen_event,
                release=until is not None,
                **fields,
            )
            _point_to(event, [row for row, _one in news], "seen_event")
        elif until:
            journal.claim.release(**fields)
    return until


def deleted(journal: Journal, event: Event, *, uid: str, now: datetime) -> None:
    """Write down that the namespace was deleted outside. Inside the transaction of its event."""
    key = Key("Namespace", "", journal.claim.namespace.name)
    row = _continued(journal, Sighting(DeviationKind.DELETED, key, uid=uid), now)
    _point_to(event, [row], "seen_event")


def settled(journal: Journal, foreign: Sequence[Sighting], *, now: datetime) -> Settled:
    """End what was read back as approved, and take up what no plan contains.

    Inside the transaction that settles the namespace.
    """
    known_rows = _unfinished(journal)
    ended = [*_end_repaired(journal, known_rows, now), *_end_foreign(known_rows, foreign, now)]
    calm = [row for row in known_rows if _is_calm(row, now)]
    rows = [_continued(journal, sighting, now) for sighting in foreign]
    told = [
        _tell_foreign(journal, rows, foreign, now),
        _tell_fights(journal, ended, now),
        _tell_ends(journal, ended, calm, now),
    ]
    standing = [row for row in rows if row.acknowledged_at is None]
    news = next((event for event in told if event), None)
    if news:
        return Settled(len(standing), news, is_news=True)
    known = [row.seen_event for row in standing]
    known += [row.ended_event for row in ended] + [row.acknowledged_event for row in rows]
    return Settled(len(standing), next((event for event in known if event), None))


def _unfinished(journal: Journal) -> list[Deviation]:
    """Return what is open, and the fights that may be over by now. One query."""
    rows = journal.claim.namespace.deviations.filter(
        Q(ended_at__isnull=True) | Q(fought_at__isnull=False)
    )
    return list(rows.select_related("seen_event", "ended_event").order_by("id"))


def _is_calm(row: Deviation, now: datetime) -> bool:
    """Tell whether a fight has been over for an hour."""
    return bool(row.fought_at and row.ended_at and row.ended_at <= now - WINDOW)


def _rows(journal: Journal, sighting: Sighting) -> QuerySet[Deviation]:
    """Return what was written down of the same: object and writer, or this very foreign object."""
    rows = journal.claim.namespace.deviations.filter(
        kind=sighting.kind.value,
        object_kind=sighting.key.kind,
        object_name=sighting.key.name,
    )
    if sighting.kind is DeviationKind.FOREIGN:
        return rows.filter(uid=sighting.uid, digest=sighting.digest)
    return rows.filter(by=sighting.writer.manager)


def _continued(journal: Journal, sighting: Sighting, now: datetime) -> Deviation:
    """Return the row of a sighting: the open one, one that ended within the hour, or a new one."""
    rows = _rows(journal, sighting)
    row = rows.filter(ended_at__isnull=True).first()
    if row is not None:
        fields = sorted({*row.fields, *sighting.fields})
        if fields != sorted(row.fields):
            row.fields = fields
            row.save(update_fields=["fields"])
        return row
    row = rows.filter(ended_at__gt=now - WINDOW, acknowledged_at__isnull=True).first()
    if row is None or sighting.kind is DeviationKind.DELETED:
        row = _new(journal, sighting, now)
    row.seen_at, row.ended_at = now, None
    row.not_before = journal.claim.namespace.verified_at
    row.changed_at = _changed_at(sighting, row.not_before, now)
    row.fields, row.differences = [*sighting.fields], [*sighting.differences]
    row.save()
    return row


def _new(journal: Journal, sighting: Sighting, now: datetime) -> Deviation:
    return Deviation(
        namespace=journal.claim.namespace,
        kind=sighting.kind.value,
        object_kind=sighting.key.kind,
        object_name=sighting.key.name,
        by=sighting.writer.manager[:200],
        uid=sighting.uid,
        digest=sighting.digest,
        first_seen_at=now,
    )


def _changed_at(sighting: Sighting, not_before: datetime | None, now: datetime) -> datetime | None:
    """Return when the writer wrote, where that can have been this change: after the last reading.

    The API server notes whole seconds.
    """
    at = sighting.writer.at
    if at is None or at > now or not_before is None or at < not_before.replace(microsecond=0):
        return None
    return at


def _hold(rows: Sequence[Deviation], drift: Sequence[Sighting], now: datetime) -> datetime | None:
    """Return until when all repairs wait. Nothing that fences is ever left changed for a while."""
    if any(sighting.is_fence for sighting in drift):
        return None
    holds = [held_until(row.repaired_times, now) for row in rows]
    waits = [until for until in holds if until]
    return min(waits) if waits and len(waits) == len(holds) else None


def _while_held(rows: Sequence[Deviation], until: datetime) -> dict[str, object]:
    who = ", ".join(sorted({row.by for row in rows if row.by})) or "Somebody"
    message = f"{who} keeps undoing repairs. The next repair waits until {until:%H:%M:%S} UTC."
    return {"next_at": until, "message": message, "reason": ""}


def _end_repaired(journal: Journal, known: Iterable[Deviation], now: datetime) -> list[Deviation]:
    """End what was planned and differed; it was read back as approved just now."""
    ended = []
    for row in known:
        if row.ended_at or row.kind == DeviationKind.FOREIGN.value:
            continue
        row.ended_at = now
        if journal.run is not None:  # otherwise whoever changed it has put it back
            row.repairs += 1
            row.repaired_times = [*row.repaired_times, now.isoformat()][-REMEMBERED:]
        row.save(update_fields=["ended_at", "repairs", "repaired_times"])
        ended.append(row)
    return ended


def _end_foreign(
    known: Iterable[Deviation], foreign: Iterable[Sighting], now: datetime
) -> list[Deviation]:
    """End the foreign objects that are gone, or are not what they were."""
    there = {(one.key.kind, one.key.name, one.uid, one.digest) for one in foreign}
    ended = []
    for row in known:
        is_there = (row.object_kind, row.object_name, row.uid, row.digest) in there
        if row.kind == DeviationKind.FOREIGN.value and not (row.ended_at or is_there):
            row.ended_at = now
            row.save(update_fields=["ended_at"])
            ended.append(row)
    return ended


def _tell_foreign(
    journal: Journal, rows: Sequence[Deviation], foreign: Sequence[Sighting], now: datetime
) -> Event | None:
    news = [(row, one) for row, one in zip(rows, foreign, strict=True) if not row.seen_event_id]
    if not news:
        return None
    event = _record(journal, Action.DEVIATION_SEEN, [one.dump() for _row, one in news], now)
    _point_to(event, [row for row, _one in news], "seen_event")
    return event


def _tell_ends(
    journal: Journal, ended: Sequence[Deviation], calm: Sequence[Deviation], now: datetime
) -> Event | None:
    """Tell of each end once, and of a fight's once it has been calm for an hour."""
    news = [row for row in ended if row.ended_event_id is None]
    if not (news or calm):
        return None
    told = [_told(row) for row in (*news, *calm)]
    event = _record(journal, Action.DEVIATION_ENDED, told, now, changes=journal.changes)
    _point_to(event, [*news, *calm], "ended_event")
    Deviation.objects.filter(pk__in=[row.pk for row in calm]).update(fought_at=None)
    return event


def _tell_fights(journal: Journal, ended: Sequence[Deviation], now: datetime) -> Event | None:
    """Raise the alarm, once for each fight."""
    news = [
        row
        for row in ended
        if row.fought_at is None and len(recent(row.repaired_times, now)) >= FIGHT
    ]
    if not news:
        return None
    event = _record(journal, Action.DEVIATION_FOUGHT, [_told(row) for row in news], now)
    Deviation.objects.filter(pk__in=[row.pk for row in news]).update(fought_at=now)
    return event


def _told(row: Deviation) -> Manifest:
    """Return a row as an event stores it."""
    began = row.changed_at or row.not_before
    return {
        "kind": row.kind,
        "object": f"{row.object_kind} {row.object_name}",
        "fields": row.fields,
        "by": row.by,
        "from": began.isoformat() if began else "",
        "to": row.ended_at.isoformat() if row.ended_at else "",
        "repairs": row.repairs,
    }


def _record(
    journal: Journal,
    action: Action,
    objects: Sequence[Manifest],
    now: datetime,
    *,
    changes: Sequence[Manifest] = (),
) -> Event:
    told: list[Json] = [*objects]
    body: Manifest = {"objects": told}
    return journal.record(
        action, now=now, body={**body, "changes": [*changes]} if changes else body
    )


def _point_to(event: Event, rows: Iterable[Deviation], column: str) -> None:
    for row in rows:
        setattr(row, column, event)
        row.save(update_fields=[column])
