"""Reading what closing a cluster means: who asked for it, who can confirm it, and what ends."""

from dataclasses import dataclass

from django.db.models import QuerySet

from onboarding.domain.lifecycle import ENDED, OPEN_REQUEST
from onboarding.models import (
    Cluster,
    ClusterClosure,
    ManagedNamespace,
    Request,
    RoleAssignment,
    User,
)
from onboarding.queries.identity import accounts_of_one_person
from onboarding.queries.role_holders import able_holders


@dataclass(frozen=True)
class ClosingEffect:
    """How much ends with a cluster. Drafts are cancelled too, and are nobody else's to count."""

    namespaces: int
    requests: int


def closing_of(cluster: Cluster) -> ClusterClosure | None:
    """Return the closing that is asked for or done, None while nobody asks."""
    rows = ClusterClosure.objects.filter(cluster=cluster, withdrawn_at__isnull=True)
    return rows.select_related("asked_by", "confirmed_by").first()


def closings_to_confirm(person: User) -> QuerySet[ClusterClosure]:
    """Return the closings that wait for a second platform admin, and that this one can confirm."""
    rows = ClusterClosure.objects.filter(withdrawn_at__isnull=True, confirmed_at__isnull=True)
    others = rows.exclude(asked_by__in=accounts_of_one_person(person.pk).values("pk"))
    return others.select_related("cluster", "asked_by")


def is_own_wish(closure: ClusterClosure, person: User) -> bool:
    """Tell whether the person asked for it, with this account or another of theirs. One query."""
    return accounts_of_one_person(person.pk).filter(pk=closure.asked_by_id).exists()


def effect_of_closing(cluster: Cluster) -> ClosingEffect:
    """Return what would end. Two queries."""
    live = ManagedNamespace.objects.filter(cluster=cluster).exclude(state__in=sorted(ENDED))
    asked = Request.objects.filter(cluster=cluster, state__in=sorted(OPEN_REQUEST))
    return ClosingEffect(live.count(), asked.count())


def who_can_confirm(closure: ClusterClosure) -> list[str]:
    """Return the names of the other platform admins; another account of the asker is none."""
    able = able_holders([RoleAssignment.Role.PLATFORM_ADMIN])
    admins = User.objects.filter(pk__in=able.values("user")).exclude(
        pk__in=accounts_of_one_person(closure.asked_by_id).values("pk")
    )
    return [person.label for person in admins.order_by("username").distinct()]
