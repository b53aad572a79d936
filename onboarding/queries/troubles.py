"""What is wrong with namespaces, equal troubles together: how many, since when, the oldest by name.

One statement for each kind, however many namespaces and reasons there are.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    Min,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from onboarding.domain.lifecycle import NamespaceState
from onboarding.models import ManagedNamespace
from onboarding.queries.namespace_list import ENDS_SOON

EXAMPLES = 10
# Fewer tries in a row are everyday life: a webhook restarts, a quota is raised.
RETRIED_OFTEN = 3
_BLOCKED, _DRIFTED = NamespaceState.BLOCKED.value, NamespaceState.DRIFTED.value
STUCK = "stuck"
_RETRYING = NamespaceState.RETRYING.value


@dataclass
class TroubleGroup:
    """Namespaces with one trouble. `kind` and `reason` say which, `rows` are the oldest of them."""

    kind: str
    reason: str
    many: int
    since: datetime | None
    rows: list[ManagedNamespace] = field(default_factory=list)


def held_up(rows: QuerySet[ManagedNamespace]) -> list[TroubleGroup]:
    """Return what is blocked, drifted, tried often, or stuck, by kind and reason. One query.

    Since when is the last that was found out about its state, or since when Kubernetes does not
    finish. A namespace that is stuck is in none of the other states.
    """
    is_stuck, often = Q(stuck_at__isnull=False), Q(attempts__gte=RETRIED_OFTEN)
    found = rows.filter(is_stuck | Q(state__in=[_BLOCKED, _DRIFTED]) | Q(state=_RETRYING) & often)
    return _groups(
        found.annotate(
            kind=Case(When(is_stuck, then=Value(STUCK)), default=F("state")),
            why=F("reason"),
            since=Coalesce("waiting_since", "last_event__at"),
        )
    )


def ending(rows: QuerySet[ManagedNamespace], *, now: datetime) -> list[TroubleGroup]:
    """Return whose lifetime is past and whose ends soon, as two groups at most. One query."""
    found = rows.filter(expires_at__lte=now + ENDS_SOON)
    past = When(expires_at__lte=now, then=Value("past"))
    kind = Case(past, default=Value("soon"), output_field=TextField())
    empty = Value("", output_field=TextField())
    return _groups(found.annotate(kind=kind, why=empty, since=F("expires_at")))


def _groups(rows: QuerySet[Any]) -> list[TroubleGroup]:
    """Return the rows in groups of one kind and reason, each with its oldest rows."""
    parts: dict[str, Any] = {"partition_by": [F("kind"), F("why")]}
    first = rows.order_by().annotate(
        many=Window(Count("pk"), **parts),
        oldest=Window(Min("since"), **parts),
        place=Window(RowNumber(), order_by=["since", "pk"], **parts),
    )
    groups: dict[tuple[str, str], TroubleGroup] = {}
    for row in first.filter(place__lte=EXAMPLES).order_by("place"):
        named = (row.kind, row.why)
        group = groups.setdefault(named, TroubleGroup(row.kind, row.why, row.many, row.oldest))
        group.rows.append(row)
    return list(groups.values())
