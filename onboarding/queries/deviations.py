"""Reading deviations: what stands, what a person has not seen yet, what became of a namespace."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from onboarding.domain.deviations import DeviationKind
from onboarding.domain.lifecycle import ENDED
from onboarding.models import Deviation, ManagedNamespace
from onboarding.queries.permissions import Permissions

# How long a page tells of what was repaired, unless somebody says that they know.
TOLD_FOR = timedelta(days=7)
_DELETED, _FOREIGN = DeviationKind.DELETED.value, DeviationKind.FOREIGN.value


def told_of(namespace: ManagedNamespace, *, now: datetime) -> QuerySet[Deviation]:
    """Return what its page tells: what stands, and what ended lately and nobody acknowledged.

    That a namespace was deleted and made again empty is told until somebody does. In one that is
    over nothing stands.
    """
    is_over = namespace.state in ENDED
    stands = Q(pk__in=[]) if is_over else Q(ended_at__isnull=True)
    lately = Q(acknowledged_at__isnull=True) & ~Q(kind=_FOREIGN) & Q(ended_at__gt=now - TOLD_FOR)
    lost = Q(acknowledged_at__isnull=True, kind=_DELETED, ended_at__isnull=False)
    rows = namespace.deviations.filter(stands | lately | lost)
    return rows.select_related("acknowledged_by").order_by("-seen_at", "-id")


def standing_foreign(namespace: ManagedNamespace) -> QuerySet[Deviation]:
    """Return the objects in it that no approved plan contains, acknowledged or not."""
    return namespace.deviations.filter(ended_at__isnull=True, kind=_FOREIGN).order_by("id")


def has_standing_foreign(namespace: str) -> Exists:
    """Match rows in whose `namespace` an object stands that no approved plan contains."""
    standing = Deviation.objects.filter(ended_at__isnull=True, kind=_FOREIGN)
    return Exists(standing.filter(namespace=OuterRef(namespace)))


def may_be_opened(namespace: ManagedNamespace) -> bool:
    """Tell whether a policy stands in it that no plan contains and nobody acknowledged."""
    policies = standing_foreign(namespace).filter(object_kind="NetworkPolicy")
    return policies.filter(acknowledged_at=None).exists()


def last_made_again(namespace: ManagedNamespace) -> Deviation | None:
    """Return the newest deletion outside the portal after which it was made again, or None."""
    rows = namespace.deviations.filter(kind=_DELETED, ended_at__isnull=False)
    return rows.order_by("-seen_at", "-id").first()


def needing_attention(permissions: Permissions) -> QuerySet[Deviation]:
    """Return the losses and fights nobody acknowledged, of namespaces a person answers for."""
    rows = Deviation.objects.filter(acknowledged_at__isnull=True).exclude(
        namespace__state__in=sorted(ENDED)
    )
    rows = rows.filter(Q(kind=_DELETED) | Q(fought_at__isnull=False))
    if not permissions.is_platform_admin:
        rows = rows.filter(namespace__team__in=permissions.teams)
    return rows.select_related("namespace", "namespace__team").order_by("namespace__name", "id")


def may_acknowledge(permissions: Permissions, namespace: ManagedNamespace) -> bool:
    """Tell whether a person may say for a namespace that they know of what happened to it."""
    return permissions.is_platform_admin or namespace.team_id in permissions.leads
