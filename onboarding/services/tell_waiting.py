"""Tell whoever came to give approvals of what waits for them already, and settle what does not.

A role was given (again), a team was left, an account switched on, a part taken out of its refresh:
no event of what waits says so.
"""

from datetime import datetime

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from onboarding.domain.actions import Action
from onboarding.domain.notices import SENT, NoticeKind
from onboarding.models import Event, Notice, User
from onboarding.queries.deciders import LANE_ROLES
from onboarding.queries.permissions import permissions_of
from onboarding.queries.recipients import Happened, recipients
from onboarding.queries.requests import waiting_for
from onboarding.queries.role_holders import able_holders
from onboarding.services.tell import notify, preferences, when_due

AT_ONCE = 200


def tell_of_what_waits(*, now: datetime, most: int = AT_ONCE) -> int:
    """Make the notices that are missing; return of how many requests and refreshes. Bounded.

    Compares each approver's queue with their notices. By the event that was told to others, so
    that a notice is settled as theirs are, and told once. Of what is left the next run tells.
    """
    people = User.objects.filter(pk__in=able_holders(LANE_ROLES).values("user"))
    missing = {key for person in people for key in _not_told(person, now=now)}
    for key in sorted(missing)[:most]:
        _tell(key, now=now)
    return len(missing)


def _not_told(person: User, *, now: datetime) -> set[str]:
    """Return what waits for the person of which no notice stands; parts as their refresh.

    Notices of what does not wait for them any more are settled.
    """
    told = Notice.objects.filter(person=person, kind=NoticeKind.WAITS.value, settled_at=None)
    known = {*told.values_list("event__object_id", flat=True)}
    rows = waiting_for(permissions_of(person))
    waiting = {row.refresh.public_id if row.refresh else row.public_id for row in rows}
    over = {"settled_at": now, "mail_at": None, "read_at": Coalesce("read_at", Value(now))}
    told.filter(event__object_id__in=known - waiting).update(**over)
    return waiting - known


def _tell(key: str, *, now: datetime) -> None:
    sent = Q(object_kind="request", action__in=SENT)
    asked = Q(object_kind="refresh", action=Action.REFRESH_ASKED.value)
    event = Event.objects.filter(sent | asked, object_id=key).order_by("-id").first()
    if event is None:
        return
    happened = Happened(event)
    told = recipients(happened)
    chosen = preferences(NoticeKind.WAITS, [one.person.pk for one in told])
    settled = Notice.objects.filter(event=event, settled_at__isnull=False)
    for row in settled.filter(person__in=[*chosen]).select_related("person"):
        delivery = chosen[row.person_id]
        mail_at = when_due(delivery, now=now) if row.person.email else None
        again = {"delivery": delivery.value, "mail_at": mail_at, "due_at": mail_at}
        Notice.objects.filter(pk=row.pk).update(**again, settled_at=None, read_at=None)
    notify(happened, told, now=now)
