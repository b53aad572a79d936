"""What a list of namespaces can be narrowed by: each choice is a condition in SQL, said once here.

Lists, their numbers and their exports, and what Home links to, all ask with these.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery

from onboarding.domain.catalogue import OpeningDirection
from onboarding.domain.lifecycle import (
    ENDED,
    OUT_OF_SIGHT,
    BlockedReason,
    NamespaceState,
    RetryReason,
)
from onboarding.models import ManagedNamespace, Revision
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.facets import Conditions
from onboarding.queries.namespaces import HELD_UP
from onboarding.queries.opened import opens_any, opens_nothing, text_of_spec

ENDS_SOON = timedelta(days=14)
LIVE, EVERY, TROUBLE = "live", "all", "trouble"
_TROUBLED = {NamespaceState.BLOCKED, NamespaceState.DRIFTED, NamespaceState.RETRYING}
IS_LIVE = ~Q(state__in=sorted(ENDED))
_IS_SETTLED = Q(state__in=[NamespaceState.READY.value, NamespaceState.DRIFTED.value])
_IS_OUT_OF_SIGHT = Q(cluster__condition__in=sorted(OUT_OF_SIGHT), cluster__closed_at__isnull=True)


def conditions(*, now: datetime, differing: Collection[int] = ()) -> Mapping[str, Conditions]:
    """Return every choice but team and cluster: {field: {value: condition}}.

    `differing` are the keys of what is ready by its row and was seen otherwise since
    (queries/truth.py); rows have to come from `listed`.
    """
    return {
        "state": _standings(differing),
        "reason": {
            reason.value: Q(state__in=sorted(HELD_UP), reason=reason.value)
            for reason in (*BlockedReason, *RetryReason)
        },
        "opens": _openings(),
        "ends": _ends(now),
        "outdated": {"1": IS_LIVE & Q(outdated__isnull=False)},
    }


def listed(rows: QuerySet[ManagedNamespace]) -> QuerySet[ManagedNamespace]:
    """Return the rows with how the looks at their clusters stand, and `approved`: the text of the
    spec in force.
    """
    # What ends a namespace is recorded with the answers it had, so the newest says what it opens.
    in_force = Revision.objects.filter(namespace=OuterRef("pk")).order_by("-number")
    return rows.select_related("cluster__observation").annotate(
        approved=Subquery(in_force.values_list(text_of_spec())[:1]),
    )


def _standings(differing: Collection[int]) -> Conditions:
    """Return how a namespace stands: its state, and what newer knowledge makes of it."""
    keys = Q(pk__in=[*differing])
    states: dict[str, Q] = {state.value: Q(state=state.value) for state in NamespaceState}
    states[NamespaceState.READY.value] &= ~keys
    return {
        LIVE: IS_LIVE,
        TROUBLE: is_in_trouble(differing),
        "differs": keys & Q(state=NamespaceState.READY.value),
        **states,
        "stuck": IS_LIVE & Q(stuck_at__isnull=False),
        "out-of-sight": _IS_SETTLED & _IS_OUT_OF_SIGHT,
    }


def is_in_trouble(differing: Collection[int]) -> Q:
    """Match what somebody should look at: blocked, drifted, retrying, stuck, seen otherwise."""
    states = Q(state__in=sorted(_TROUBLED)) | Q(stuck_at__isnull=False)
    return IS_LIVE & (states | Q(pk__in=[*differing]))


def _openings() -> Conditions:
    """Return what a namespace is approved to open, as far as it has not ended."""
    templates = load_catalogue().templates
    ways = {
        way: {slug for slug, template in templates.items() if template.direction is way}
        for way in OpeningDirection
    }
    unbounded = {slug for slug, template in templates.items() if template.max_days}
    return {
        "internet": IS_LIVE & opens_any("approved", ways[OpeningDirection.EGRESS]),
        "exposed": IS_LIVE & opens_any("approved", ways[OpeningDirection.INGRESS]),
        "open": IS_LIVE & opens_any("approved", unbounded),
        "nothing": IS_LIVE & (Q(approved__isnull=True) | opens_nothing("approved")),
    }


def _ends(now: datetime) -> Conditions:
    soon = now + ENDS_SOON
    return {
        "past": IS_LIVE & Q(expires_at__lte=now),
        "soon": IS_LIVE & Q(expires_at__gt=now, expires_at__lte=soon),
        "later": IS_LIVE & Q(expires_at__gt=soon),
        "never": IS_LIVE & Q(expires_at__isnull=True),
    }
