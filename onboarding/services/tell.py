"""Tell: what stands in the outbox becomes a notice for everybody who has to know.

Second step of event → outbox → notices → mails (services/post.py). The entry was written in the
transaction of its event; here it is read by who holds which right now. Any number of workers may
do it: an entry is locked, and a notice of one event to one person is one row whatever happens.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.notices import (
    ALWAYS,
    LINKS,
    SENT,
    Delivery,
    NoticeKind,
    next_digest,
    pause_after,
)
from onboarding.models import ManagedNamespace, Notice, NoticePreference, OutboxEntry, Request
from onboarding.queries.notice_words import KIND_WORDS, title_of
from onboarding.queries.over import MAY_BE_OVER, done_with, put_back
from onboarding.queries.recipients import (
    ENDS,
    Happened,
    Recipient,
    has_passed,
    open_suggestions,
    recipients,
    waited_for,
)

AT_ONCE = 200
_BY_EVENT = sorted({*ENDS, Action.SUGGESTION_MADE})
KEPT_FOR = timedelta(days=90)
UNREAD_KEPT_FOR = timedelta(days=365)
log = structlog.get_logger()


def tell_due(*, now: datetime, most: int = AT_ONCE) -> int:
    """Make notices of the oldest entries that are left; return of how many. Bounded.

    An entry that cannot be understood is a mistake of the program: it is logged, tried again later
    and keeps no other waiting.
    """
    is_due = Q(next_at__isnull=True) | Q(next_at__lte=now)
    left = OutboxEntry.objects.filter(is_due, expanded_at__isnull=True).order_by("id")
    told = 0
    for pk in left.values_list("pk", flat=True)[:most]:
        try:
            told += _tell(pk, now=now)
        except Exception:
            log.exception("nobody could be told of an event", entry=pk)
            _put_off(pk, now=now)
    if told:
        settle_over(now=now)
    return told


def _tell(pk: int, *, now: datetime) -> int:
    with transaction.atomic():
        rows = OutboxEntry.objects.select_for_update(of=("self",)).select_related("event")
        entry = rows.filter(pk=pk, expanded_at__isnull=True).first()
        if entry is None:
            return 0
        happened = Happened(entry.event)
        notify(happened, recipients(happened), now=now)
        if happened.event.object_kind == "request" and happened.request:
            _settle(happened.request, now=now)
        OutboxEntry.objects.filter(pk=pk).update(expanded_at=now, next_at=None)
        return 1


def _put_off(pk: int, *, now: datetime) -> None:
    with transaction.atomic():
        entry = OutboxEntry.objects.select_for_update().filter(pk=pk).first()
        if entry is not None:
            entry.attempts += 1
            entry.next_at = now + pause_after(entry.attempts)
            entry.save(update_fields=["attempts", "next_at"])


def notify(happened: Happened, told: Iterable[Recipient], *, now: datetime) -> None:
    """Make a notice for each of these, unless they have it."""
    people = [*told]
    if not people or happened.kind is None:
        return
    chosen = preferences(happened.kind, [one.person.pk for one in people])
    rows = [_notice(happened, happened.kind, one, chosen, now) for one in people]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def _notice(
    happened: Happened,
    kind: NoticeKind,
    told: Recipient,
    chosen: Mapping[int, Delivery],
    now: datetime,
) -> Notice:
    delivery = chosen[told.person.pk]
    has_address = bool(told.address or told.person.email)
    mail_at = when_due(delivery, now=now) if has_address else None
    return Notice(
        person=told.person,
        event=happened.event,
        kind=kind.value,
        delivery=delivery.value,
        title=title_of(happened, told),
        path=told.path,
        address=told.address,
        created_at=now,
        read_at=now if kind in LINKS else None,
        due_at=mail_at,
        mail_at=mail_at,
    )


def when_due(delivery: Delivery, *, now: datetime) -> datetime | None:
    """Return when a mail goes out; None where none does."""
    if delivery is Delivery.HERE:
        return None
    return now if delivery is Delivery.AT_ONCE else next_digest(now, hour=settings.DIGEST_HOUR)


def preferences(kind: NoticeKind, people: Iterable[int]) -> dict[int, Delivery]:
    """Return how each of these wants to be told of a kind. One query at most."""
    usual = dict.fromkeys(people, KIND_WORDS[kind].usual)
    if kind in ALWAYS:
        return usual
    rows = NoticePreference.objects.filter(kind=kind.value, person__in=[*usual])
    return usual | {row.person_id: Delivery(row.delivery) for row in rows}


def _settle(request: Request, *, now: datetime) -> None:
    """Who has nothing to decide of it any more is done with it, read or not, mailed or not.

    And with what was told of it before it was sent again: a request waits for one person once.
    """
    left = {*waited_for(request)}
    about = Q(event__request=request.label, event__action__in=SENT)
    if request.refresh:
        parts = request.refresh.requests.filter(state=RequestState.PENDING.value)
        left |= {person for part in parts for person in waited_for(part)}
        about = Q(event__object_id=request.refresh.public_id, event__object_kind="refresh")
    waiting = Notice.objects.filter(about, kind=NoticeKind.WAITS.value, settled_at__isnull=True)
    newer = waiting.filter(person=OuterRef("person"), event__gt=OuterRef("event"))
    waiting = waiting.filter(~Q(person__in=left) | Exists(newer))
    waiting.filter(read_at__isnull=True).update(read_at=now)
    waiting.update(settled_at=now, mail_at=None)


def settle_over(*, now: datetime) -> None:
    """Settle what was told of a namespace and is so no longer. Five statements at most.

    Whoever had to act is done with it, as in `_settle`. A change outside stays news, also by mail.
    """
    left = Notice.objects.filter(settled_at__isnull=True, kind__in=MAY_BE_OVER)
    left = left.filter(event__object_kind="namespace")
    left = left.annotate(is_done=done_with(), is_put_back=put_back()).select_related("event")
    maybe = Q(is_done=True) | Q(is_put_back=True) | Q(event__action__in=_BY_EVENT)
    found = [*left.filter(maybe)]
    told = {one.pk: Happened(one.event) for one in found if one.event.action in _BY_EVENT}
    known = {happened.event.object_id for happened in told.values()}
    rows = {row.public_id: row for row in ManagedNamespace.objects.filter(public_id__in=known)}
    suggested = open_suggestions(told.values())
    moved = [
        pk for pk, one in told.items() if has_passed(one, rows.get(one.event.object_id), suggested)
    ]
    news = [one.pk for one in found if one.is_put_back]
    Notice.objects.filter(pk__in=news).update(settled_at=now)
    over = [*moved, *(one.pk for one in found if one.is_done)]
    done = {"settled_at": now, "mail_at": None, "read_at": Coalesce("read_at", Value(now))}
    Notice.objects.filter(pk__in=over).update(**done)


def forget_old(*, now: datetime) -> None:
    """Remove what was long ago: read or done with, unread, or passed on from the outbox.

    What has still to go out by mail stays. What is over without an event is settled first.
    """
    settle_over(now=now)
    before = now - KEPT_FOR
    is_done = Q(read_at__isnull=False) | Q(settled_at__isnull=False)
    old = is_done & Q(created_at__lt=before) | Q(created_at__lt=now - UNREAD_KEPT_FOR)
    Notice.objects.filter(old, mail_at__isnull=True).delete()
    OutboxEntry.objects.filter(expanded_at__lt=before).delete()
