"""Reading what one person was told of; nobody reads anybody else's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from onboarding.domain.actions import Action
from onboarding.domain.lifecycle import RequestState
from onboarding.domain.notices import CHOSEN, LINKS, Delivery, NoticeKind
from onboarding.models import Event, Notice, NoticePreference, Suggestion, User
from onboarding.queries.notice_words import KIND_WORDS
from onboarding.queries.permissions import Permissions, may_still_read

_OF_APPROVERS = frozenset({NoticeKind.WAITS})
_OF_ADMINS = frozenset({NoticeKind.NEEDS_ADMIN})
_OF_TEAMS = frozenset(CHOSEN) - _OF_APPROVERS - _OF_ADMINS
_OF_WHO_ASKED = frozenset(
    {
        NoticeKind.COMMENTED,
        NoticeKind.RETURNED,
        NoticeKind.REJECTED,
        NoticeKind.APPROVED,
        NoticeKind.CLOSED,
        NoticeKind.READY,
    }
)


@dataclass(frozen=True)
class MailTrouble:
    """The last mail to a person that did not come through: due when, and is it tried again."""

    at: datetime
    words: str
    is_over: bool


def inbox_of(person: User) -> QuerySet[Notice]:
    """Return what the person was told of and may still know, but for links that came by mail."""
    rows = Notice.objects.filter(may_still_read(person), person=person)
    rows = rows.exclude(kind__in=sorted(LINKS))
    return rows.select_related("event").order_by("-id")


def inbox_counts(person: User) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return how many are unread and read, and how many there are of each kind. One query."""
    rows = inbox_of(person).order_by().values("kind")
    each = [*rows.annotate(many=Count("pk"), unread=Count("pk", filter=Q(read_at__isnull=True)))]
    unread = sum(one["unread"] for one in each)
    read = sum(one["many"] for one in each) - unread
    return {"unread": unread, "read": read}, {one["kind"]: one["many"] for one in each}


def kinds_for(person: User, permissions: Permissions) -> tuple[NoticeKind, ...]:
    """Return of what the person may be told by these rights, and can choose how.

    With a role, whoever left their team is still told of what they asked for or said. Four queries
    at most.
    """
    may: frozenset[NoticeKind] = frozenset()
    if permissions.is_approver:
        may |= _OF_APPROVERS | {NoticeKind.COMMENTED}
    if permissions.teams:
        may |= _OF_TEAMS
    if permissions.is_platform_admin:
        may |= _OF_ADMINS | {NoticeKind.BLOCKED, NoticeKind.DRIFTED, NoticeKind.COMMENTED}
    if permissions.sees_everything and not permissions.teams:
        may |= _of_what_they_did(person)
    return tuple(kind for kind in CHOSEN if kind in may)


def _of_what_they_did(person: User) -> frozenset[NoticeKind]:
    found: frozenset[NoticeKind] = frozenset()
    if person.requests.exclude(state=RequestState.DRAFT.value).exists():
        found |= _OF_WHO_ASKED
    if Suggestion.objects.filter(person=person).exists():
        found |= {NoticeKind.SUGGESTED}
    said = Event.objects.filter(action=Action.REQUEST_COMMENTED.value, actor_id=str(person.pk))
    if person.decisions.exists() or said.exists():
        found |= {NoticeKind.COMMENTED}
    return found


def preferences_of(person: User) -> dict[NoticeKind, Delivery]:
    """Return how the person is told of each kind. One query."""
    usual = {kind: KIND_WORDS[kind].usual for kind in CHOSEN}
    rows = NoticePreference.objects.filter(person=person)
    return usual | {NoticeKind(row.kind): Delivery(row.delivery) for row in rows}


def mail_trouble(person: User) -> MailTrouble | None:
    """Return why the newest mail to a person has not come. One query.

    None where nothing is tried again, and nothing was given up since the last one that came.
    """
    later = Notice.objects.filter(person=person, sent_at__gte=OuterRef("gave_up_at"))
    is_over = Q(gave_up_at__isnull=False) & ~Exists(later)
    rows = Notice.objects.filter(is_over | Q(mail_at__isnull=False), person=person)
    row = rows.exclude(failed="").order_by("-id").first()
    if row is None or row.due_at is None:
        return None
    return MailTrouble(row.due_at, row.failed, row.gave_up_at is not None)
