"""What people do with their inbox: read it, and choose what comes by mail."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from onboarding.domain.notices import CHOSEN, Delivery, NoticeKind
from onboarding.domain.refusals import NotFound
from onboarding.models import Notice, NoticePreference, User
from onboarding.queries.inbox import inbox_of
from onboarding.queries.notice_words import KIND_WORDS
from onboarding.services.tell import when_due


def read_notice(notice_id: int, *, person: User, now: datetime) -> Notice:
    """Note that the person has read it, and return it. Raises NotFound for anybody else's."""
    row = inbox_of(person).filter(pk=notice_id).first()
    if row is None:
        raise NotFound("No such notice.")
    Notice.objects.filter(pk=row.pk, read_at__isnull=True).update(read_at=now)
    return row


def read_all(*, person: User, up_to: int, now: datetime) -> int:
    """Note that the person has read all they were shown: what came later stays unread."""
    rows = inbox_of(person).filter(pk__lte=up_to, read_at__isnull=True)
    return Notice.objects.filter(pk__in=rows.order_by().values("pk")).update(read_at=now)


def choose_deliveries(
    chosen: Mapping[NoticeKind, Delivery], *, person: User, now: datetime
) -> None:
    """Keep how the person wants to be told of each kind. What is as usual keeps no row.

    It holds for what has still to go out as well, and for what waits and would go out each day.
    What protects the account is no choice: it is left out here, whatever was sent.
    """
    with transaction.atomic():
        for kind in CHOSEN:
            if kind not in chosen:
                continue
            rows = NoticePreference.objects.filter(person=person, kind=kind.value)
            if chosen[kind] is KIND_WORDS[kind].usual:
                rows.delete()
            else:
                NoticePreference.objects.update_or_create(
                    person=person, kind=kind.value, defaults={"delivery": chosen[kind].value}
                )
            _deliver_otherwise(kind, chosen[kind], person=person, now=now)


def _deliver_otherwise(
    kind: NoticeKind, delivery: Delivery, *, person: User, now: datetime
) -> None:
    """Let what was told before, and is not done with or has still to be mailed, come so.

    What was mailed comes again only in the daily mail, and only what waits.
    """
    left = Q(settled_at__isnull=True) | Q(mail_at__isnull=False)
    told = Notice.objects.filter(left, person=person, kind=kind.value)
    other = told.exclude(delivery=delivery.value)
    at = when_due(delivery, now=now)
    is_due = Q(mail_at__isnull=False, sent_at__isnull=True)
    if delivery is Delivery.DAILY and kind is NoticeKind.WAITS and person.email:
        is_due = Q(pk__gt=0)
    due = [*other.filter(is_due).values_list("pk", flat=True)]
    other.exclude(pk__in=due).update(delivery=delivery.value, mail_at=None)
    other.filter(pk__in=due).update(delivery=delivery.value, mail_at=at, due_at=at)
