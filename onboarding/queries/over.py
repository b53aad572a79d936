"""Which notices about a namespace tell of what is so no longer, by what its row says now.

One place for the inbox, where they are settled, and for mails that have not gone out. The end of a
lifetime, and which suggestion it was, stand in the event alone: `recipients.has_passed` compares.
"""

from django.db.models import Exists, F, OuterRef, Q

from onboarding.domain.actions import Action
from onboarding.domain.deviations import DeviationKind
from onboarding.domain.lifecycle import ENDED, NamespaceState
from onboarding.domain.notices import NoticeKind
from onboarding.models import Deviation, LifetimeWarning, ManagedNamespace

MAY_BE_OVER = (
    NoticeKind.BLOCKED.value,
    NoticeKind.DRIFTED.value,
    NoticeKind.ENDS_SOON.value,
    NoticeKind.ENDED.value,
    NoticeKind.SUGGESTED.value,
    NoticeKind.NEEDS_ADMIN.value,
)
_READ_BACK = (NamespaceState.READY.value, NamespaceState.DRIFTED.value)
_HELD_UP = (NamespaceState.RETRYING.value, NamespaceState.BLOCKED.value)


def done_with() -> Q:
    """Return the notices that asked for an act, and nobody has to act any more.

    Blocked, stuck and fought over: it was read back since, goes on or has ended. Ends soon: that it
    has ended was told since.
    """
    row = ManagedNamespace.objects.filter(public_id=OuterRef("event__object_id"))
    of_it = {"namespace__public_id": OuterRef("event__object_id")}
    fights = Deviation.objects.filter(**of_it, fought_at__isnull=False, acknowledged_at=None)
    told_since = LifetimeWarning.objects.filter(**of_it, days=0, ends_at=F("namespace__expires_at"))
    has_ended = Exists(row.filter(state__in=sorted(ENDED)))
    is_settled = Exists(row.filter(state__in=[*_READ_BACK, *sorted(ENDED)], found__isnull=True))
    goes_on = Exists(row.filter(stuck_at__isnull=True).exclude(state__in=_HELD_UP))
    return (
        Q(is_settled, kind=NoticeKind.BLOCKED.value)
        | Q(is_settled, event__action=Action.NAMESPACE_REAPPEARED.value)
        | Q(goes_on, event__action=Action.NAMESPACE_STUCK.value)
        | Q(has_ended | ~Exists(fights), event__action=Action.DEVIATION_FOUGHT.value)
        | Q(has_ended, event__action=Action.SUGGESTION_MADE.value)
        | Q(Exists(told_since), event__action=Action.NAMESPACE_ENDS_SOON.value)
    )


def put_back() -> Q:
    """Return what was told of changes outside of which none stands now. They are news all the same.

    That a namespace was deleted stands until somebody says that they know.
    """
    row = ManagedNamespace.objects.filter(public_id=OuterRef("event__object_id"))
    open_ones = Deviation.objects.filter(
        Q(ended_at__isnull=True) | Q(kind=DeviationKind.DELETED.value),
        namespace__public_id=OuterRef("event__object_id"),
        acknowledged_at__isnull=True,
    )
    has_ended = Exists(row.filter(state__in=sorted(ENDED)))
    return Q(has_ended | ~Exists(open_ones), kind=NoticeKind.DRIFTED.value)
