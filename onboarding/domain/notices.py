"""What people are told: which event may tell of what, how it reaches them, and how often.

The outbox is written for these actions only. Who is told of each stands in queries/recipients.py.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from onboarding.domain.actions import Action


class NoticeKind(StrEnum):
    """What somebody is told of. Each has its words in queries/notice_words.py."""

    WAITS = "waits"
    COMMENTED = "commented"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    CLOSED = "closed"
    READY = "ready"
    BLOCKED = "blocked"
    DRIFTED = "drifted"
    ENDS_SOON = "ends-soon"
    ENDED = "ended"
    SUGGESTED = "suggested"
    NEEDS_ADMIN = "needs-admin"
    SECURITY = "security"
    INVITED = "invited"
    RESET_LINK = "reset-link"
    CONFIRM_LINK = "confirm-link"


class Delivery(StrEnum):
    """How somebody wants to be told of one kind."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    HERE = "here"


# Mails with a link that works once: nothing for the inbox.
LINKS = frozenset({NoticeKind.INVITED, NoticeKind.RESET_LINK, NoticeKind.CONFIRM_LINK})
# Nobody switches these off, and people are told of them though they did it themselves.
ALWAYS = LINKS | {NoticeKind.SECURITY}
CHOSEN = tuple(kind for kind in NoticeKind if kind not in ALWAYS)

TELLS: Mapping[str, NoticeKind | None] = {
    Action.REQUEST_SUBMITTED: NoticeKind.WAITS,
    Action.REFRESH_ASKED: NoticeKind.WAITS,
    Action.LANE_APPROVED: None,  # tells nobody; who waited for it is done with it
    Action.REQUEST_EDITED: NoticeKind.WAITS,  # sent again after it was returned
    Action.REQUEST_CANCELLED: NoticeKind.CLOSED,
    Action.REQUEST_TAKEN_OVER: None,
    Action.REQUEST_EXPIRED: NoticeKind.CLOSED,
    Action.REQUEST_CLOSED: NoticeKind.CLOSED,
    Action.REQUEST_APPROVED: NoticeKind.APPROVED,
    Action.REQUEST_RETURNED: NoticeKind.RETURNED,
    Action.REQUEST_REJECTED: NoticeKind.REJECTED,
    Action.REQUEST_COMMENTED: NoticeKind.COMMENTED,
    Action.SUGGESTION_MADE: NoticeKind.SUGGESTED,
    Action.SUGGESTION_TAKEN: NoticeKind.SUGGESTED,
    Action.SUGGESTION_DISMISSED: NoticeKind.SUGGESTED,
    Action.NAMESPACE_READY: NoticeKind.READY,
    Action.NAMESPACE_GONE: NoticeKind.READY,
    Action.NAMESPACE_UNCREATED: NoticeKind.READY,
    Action.NAMESPACE_BLOCKED: NoticeKind.BLOCKED,
    Action.NAMESPACE_SUPERSEDED: NoticeKind.BLOCKED,
    Action.NAMESPACE_ENDS_SOON: NoticeKind.ENDS_SOON,
    Action.NAMESPACE_PAST_END: NoticeKind.ENDED,
    Action.NAMESPACE_LOST: NoticeKind.ENDED,
    Action.DEVIATION_SEEN: NoticeKind.DRIFTED,
    Action.DEVIATION_ENDED: None,  # as the one below: what was told of before may be over
    Action.DEVIATION_ACKNOWLEDGED: None,
    Action.NAMESPACE_MISSING: NoticeKind.DRIFTED,
    Action.NAMESPACE_STUCK: NoticeKind.NEEDS_ADMIN,
    Action.NAMESPACE_REAPPEARED: NoticeKind.NEEDS_ADMIN,
    Action.DEVIATION_FOUGHT: NoticeKind.NEEDS_ADMIN,
    Action.CLUSTER_UNGUARDED: NoticeKind.NEEDS_ADMIN,
    Action.RENEWAL_REFUSED: NoticeKind.NEEDS_ADMIN,
    Action.HISTORY_BROKEN: NoticeKind.NEEDS_ADMIN,
    Action.PASSWORD_CHANGED: NoticeKind.SECURITY,
    Action.PASSWORD_RESET: NoticeKind.SECURITY,
    Action.ADDRESS_CHANGED: NoticeKind.SECURITY,
    Action.SECOND_FACTOR_ADDED: NoticeKind.SECURITY,
    Action.SECOND_FACTOR_DROPPED: NoticeKind.SECURITY,
    Action.SECOND_FACTOR_REMOVED: NoticeKind.SECURITY,
    Action.RECOVERY_CODES_MADE: NoticeKind.SECURITY,
    Action.APPROVAL_KEY_ASKED: NoticeKind.SECURITY,
    Action.APPROVAL_KEY_CONFIRMED: NoticeKind.SECURITY,
    Action.APPROVAL_KEY_REVOKED: NoticeKind.SECURITY,
    Action.ROW_CHANGED: NoticeKind.SECURITY,  # of a person: their address, password or account
    Action.PERSON_INVITED: NoticeKind.INVITED,
    Action.PASSWORD_RESET_ASKED: NoticeKind.RESET_LINK,
    Action.ADDRESS_LINK_ASKED: NoticeKind.CONFIRM_LINK,
}

# A request was sent: for the first time, or again after it was returned.
SENT = (Action.REQUEST_SUBMITTED.value, Action.REQUEST_EDITED.value)
# How long before the end of its lifetime people are told of a namespace; 0: at its end.
DAYS_BEFORE_END = (14, 3, 1, 0)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
_SATURDAY = 5


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after that many mails that did not go out."""
    doubled: int = 1 << min(attempts - 1, 10)  # 2**10 minutes are past the longest pause by far
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def next_digest(now: datetime, *, hour: int) -> datetime:
    """Return when the next daily mail goes out: at this hour of UTC, from Monday to Friday."""
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    while at <= now or at.weekday() >= _SATURDAY:
        at += timedelta(days=1)
    return at
