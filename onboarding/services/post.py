"""Post: send what is due by mail. Last step of event → outbox → notices → mails.

A claim by lease makes one sender of any number of workers. What was sent is recorded at once; only
a worker that dies between the mail server's yes and that record has its mail sent twice, under one
Message-ID. Nothing that people do waits for it, and no transaction is open while the server talks.
"""

import secrets
import smtplib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import F, Q, QuerySet

from onboarding.domain.notices import (
    ALWAYS,
    GIVE_UP_AFTER,
    Delivery,
    NoticeKind,
    next_digest,
    pause_after,
)
from onboarding.models import Notice
from onboarding.queries.recipients import still_told
from onboarding.services.mails import Obsolete, mail_of

# Longer than the server may take for the mails of one person, each bounded by EMAIL_TIMEOUT.
LEASE = timedelta(minutes=5)
LONGEST_SECONDS = 20.0
TOGETHER = 3  # more at once than this come in one mail
CLAIMED = 100
REFUSED_FOR_GOOD = range(500, 600)
_MISTAKE = "The portal could not write this mail. Its log says why."
log = structlog.get_logger()
Clock = Callable[[], datetime]


class NotDelivered(Exception):
    """A mail did not go out. `by_server`: no other would have. `for_good`: nor will this one."""

    def __init__(self, words: str, *, by_server: bool = False, for_good: bool = False) -> None:
        super().__init__(words)
        self.by_server, self.for_good = by_server, for_good


def post_due(owner: str, *, clock: Clock) -> int:
    """Send what is due, person by person, and return how many mails went out.

    Ends at the first mail that the server takes from nobody: the next run tries again.
    """
    sent, until = 0, monotonic() + LONGEST_SECONDS
    owner = f"{owner[:60]}:{secrets.token_hex(8)}"  # no two runs take each other's for their own
    while mine := _claim(owner, now=clock()):
        for group in _mails(mine):
            try:
                went_out = _post(group, clock=clock)
            except NotDelivered:
                _give_back(owner)
                return sent
            if went_out and not sent:
                _hurry(now=clock())
            sent += went_out
            if monotonic() > until:
                _give_back(owner)
                return sent
    return sent


def _claim(owner: str, *, now: datetime) -> list[Notice]:
    """Claim all that is due for whoever waits longest, for a while."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    due = Notice.objects.filter(free, mail_at__lte=now)
    first = due.order_by("mail_at", "id").first()
    if first is None:
        return []
    of_person = due.filter(person=first.person_id)
    wanted = [*of_person.order_by("mail_at", "id")[:CLAIMED]]
    if any(one.delivery == Delivery.DAILY.value for one in wanted):  # one mail, however many
        wanted += of_person.filter(delivery=Delivery.DAILY.value)
    until = now + LEASE
    # Of two who found the same rows free, the second finds them held here.
    due.filter(pk__in=[one.pk for one in wanted]).update(lease_owner=owner, lease_until=until)
    held = Notice.objects.filter(lease_owner=owner, lease_until=until)
    return [*held.select_related("person", "event").order_by("id")]


def _mails(notices: Sequence[Notice]) -> Iterator[list[Notice]]:
    """Yield what goes into one mail each: the daily one, many at once, one act on an account.

    All others go alone, and a link always does.
    """

    def together(one: Notice) -> tuple[str, str]:
        is_account = NoticeKind(one.kind) in ALWAYS
        return (f"{one.kind}" if is_account else one.delivery, one.address)

    for (_kind, _address), found in groupby(sorted(notices, key=together), key=together):
        rows = [*found]
        is_link = any(NoticeKind(one.kind) in ALWAYS - {NoticeKind.SECURITY} for one in rows)
        is_daily = rows[0].delivery == Delivery.DAILY.value
        is_security = rows[0].kind == NoticeKind.SECURITY.value
        if not is_link and (is_daily or is_security or len(rows) > TOGETHER):
            yield rows
        else:
            yield from ([one] for one in rows)


def _post(group: Sequence[Notice], *, clock: Clock) -> int:
    """Send one mail and record it. Raise NotDelivered only if no mail can be delivered now."""
    group = _still_told(group, now=clock())
    if not group:
        return 0
    try:
        deliver(_written(group, now=clock()))
    except Obsolete:
        _held(group).update(mail_at=None, lease_owner="", lease_until=None)
        return 0
    except NotDelivered as error:
        _note_failure(group, error, now=clock())
        if error.by_server:
            raise
        return 0
    _note_success(group, now=clock())
    return 1


def _still_told(group: Sequence[Notice], *, now: datetime) -> list[Notice]:
    """Return what may still be told; the rest is settled. A mistake keeps no other waiting."""
    told = []
    for one in group:
        try:
            is_told = still_told(one)
        except Exception:
            log.exception("nobody knows whether a notice may be mailed", notices=[one.pk])
            _note_failure([one], NotDelivered(_MISTAKE), now=now)
            continue
        if is_told:
            told.append(one)
        else:
            _held([one]).update(mail_at=None, settled_at=now, lease_owner="", lease_until=None)
    return told


def _written(group: Sequence[Notice], *, now: datetime) -> EmailMessage:
    """Return the mail. A mistake of the program keeps no other mail waiting: NotDelivered."""
    try:
        return mail_of(group, now=now)
    except Obsolete:
        raise
    except Exception as error:
        log.exception("a mail could not be written", notices=[one.pk for one in group])
        raise NotDelivered(_MISTAKE) from error


def deliver(mail: EmailMessage) -> None:
    """Hand one mail to the server, within EMAIL_TIMEOUT for each answer. Raise NotDelivered."""
    if not mail.recipients() or not all(mail.recipients()):
        raise NotDelivered("The person has no email address.", for_good=True)
    try:
        get_connection().send_messages([mail])
    except (ValueError, smtplib.SMTPNotSupportedError) as error:  # never, as it stands
        raise NotDelivered(str(error), for_good=True) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise NotDelivered(_said(code, words), for_good=code in REFUSED_FOR_GOOD) from error
    except smtplib.SMTPSenderRefused as error:  # every mail has this sender
        raise NotDelivered(_said(error.smtp_code, error.smtp_error), by_server=True) from error
    except smtplib.SMTPDataError as error:
        for_good = error.smtp_code in REFUSED_FOR_GOOD
        raise NotDelivered(_said(error.smtp_code, error.smtp_error), for_good=for_good) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(str(error) or type(error).__name__, by_server=True) from error


def _said(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def _held(group: Sequence[Notice]) -> QuerySet[Notice]:
    """Return the rows as long as they are still ours: who lost the lease records nothing."""
    return Notice.objects.filter(
        pk__in=[one.pk for one in group], lease_owner__in={one.lease_owner for one in group}
    )


def _note_success(group: Sequence[Notice], *, now: datetime) -> None:
    again = next_digest(now, hour=settings.DIGEST_HOUR)
    sent = {"sent_at": now, "attempts": 0, "failed": "", "by_server": False}
    free = {"lease_owner": "", "lease_until": None}
    # What still waits is in tomorrow's mail again; the rest is told.
    reminded = Q(kind=NoticeKind.WAITS.value, delivery=Delivery.DAILY.value)
    left = Q(settled_at__isnull=True)
    _held(group).filter(reminded & left).update(**sent, **free, mail_at=again, due_at=again)
    _held(group).update(**sent, **free, mail_at=None)


def _hurry(*, now: datetime) -> None:
    """The server takes mails: what failed because of it waits out no pause."""
    Notice.objects.filter(by_server=True, mail_at__gt=now).update(mail_at=now)


def _note_failure(group: Sequence[Notice], error: NotDelivered, *, now: datetime) -> None:
    words = str(error)[:300]
    about = {"notices": [one.pk for one in group], "person": group[0].person_id}
    log.warning("a mail did not go out", error=words, **about, **vars(error))
    for one in group:
        gives_up = error.for_good or now - (one.due_at or now) > GIVE_UP_AFTER
        _held([one]).update(
            attempts=F("attempts") + 1,
            failed=words,
            by_server=error.by_server,
            mail_at=None if gives_up else now + pause_after(one.attempts + 1),
            gave_up_at=now if gives_up else None,
            lease_owner="",
            lease_until=None,
        )


def _give_back(owner: str) -> None:
    """Let go of what was claimed and not tried."""
    Notice.objects.filter(lease_owner=owner).update(lease_owner="", lease_until=None)
