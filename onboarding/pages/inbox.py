"""The inbox: what somebody was told of, by day, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from django.utils.translation import gettext as _

from onboarding.domain.notices import NoticeKind
from onboarding.models import Notice
from onboarding.queries.notice_words import KIND_WORDS, sentences_of

_ICONS = {
    NoticeKind.WAITS: ("clock", "warn"),
    NoticeKind.COMMENTED: ("chat", "run"),
    NoticeKind.RETURNED: ("undo", "warn"),
    NoticeKind.REJECTED: ("x", "danger"),
    NoticeKind.APPROVED: ("check", "ok"),
    NoticeKind.CLOSED: ("dash", "run"),
    NoticeKind.READY: ("check", "ok"),
    NoticeKind.BLOCKED: ("lock", "danger"),
    NoticeKind.DRIFTED: ("warn", "warn"),
    NoticeKind.ENDS_SOON: ("clock", "warn"),
    NoticeKind.ENDED: ("clock", "danger"),
    NoticeKind.SUGGESTED: ("pencil", "run"),
    NoticeKind.NEEDS_ADMIN: ("warn", "danger"),
    NoticeKind.SECURITY: ("shield", "run"),
}


@dataclass(frozen=True)
class NoticeLine:
    """One notice as the page shows it."""

    notice: Notice
    icon: str
    tone: str
    sentences: list[str]
    why: str

    @property
    def is_unread(self) -> bool:
        """Tell whether the person has not opened it yet."""
        return self.notice.read_at is None


@dataclass(frozen=True)
class InboxDay:
    """The notices of one day of UTC."""

    label: str
    lines: list[NoticeLine]


def days_of(notices: Iterable[Notice], *, now: datetime) -> list[InboxDay]:
    """Return the notices by day, in the order they come."""
    return [
        InboxDay(_day(day, now), [_line(one) for one in rows])
        for day, rows in groupby(notices, key=lambda one: one.created_at.astimezone(UTC).date())
    ]


def _line(notice: Notice) -> NoticeLine:
    icon, tone = _ICONS[NoticeKind(notice.kind)]
    words = KIND_WORDS[NoticeKind(notice.kind)]
    return NoticeLine(notice, icon, tone, sentences_of(notice.event), str(words.why))


def _day(day: date, now: datetime) -> str:
    today = now.astimezone(UTC).date()
    named = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    return named.get(day) or f"{day.day} {day:%b %Y}"
