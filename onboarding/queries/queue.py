"""The approval queue as it is narrowed and ordered: by columns, and by what stands in the answers.

The list and the pages that lead from one request to the next ask here, so that they agree.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from onboarding.domain.catalogue import OpeningDirection
from onboarding.domain.risk import Risk
from onboarding.domain.spec import RequestKind
from onboarding.models import Cluster, Request, Team, User
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.facets import Facets
from onboarding.queries.opened import opens_any, opens_nothing, text_of_spec
from onboarding.queries.permissions import Permissions
from onboarding.queries.requests import waiting_for

UNASSESSED = "unassessed"
INTERNET = "egress-internet"
# What can be chosen, and the column it narrows.
COLUMNS: Mapping[str, str] = {
    "team": "team__slug",
    "cluster": "cluster__name",
    "environment": "environment",
    "risk": "risk_class",
    "kind": "kind",
    "requester": "requester__username",
    "opens": "opens",
}
OLDEST = ""
ORDERS: Mapping[str, tuple[str, ...]] = {
    OLDEST: ("submitted_at", "id"),
    "newest": ("-submitted_at", "-id"),
    "risk": ("risk_rank", "submitted_at", "id"),
    "name": ("name", "id"),
}


def queue_of(permissions: Permissions) -> QuerySet[Request]:
    """Return what waits for a person, with the columns above. Nothing is read yet."""
    return waiting_for(permissions).annotate(
        environment=_answer("environment"),
        asked_text=text_of_spec(),
        risk_class=Coalesce(F("risk"), Value(UNASSESSED)),
        risk_rank=_rank(),
        opens=_opens(),
    )


def narrowed(rows: QuerySet[Request], given: Mapping[str, str]) -> QuerySet[Request]:
    """Return those of the rows that fit every answer of `given`; what is no column is left out."""
    chosen = {COLUMNS[name]: value for name, value in given.items() if name in COLUMNS}
    words = given.get("q", "").removeprefix("REQ-")
    found = rows.filter(**chosen)
    if not words:
        return found
    return found.filter(
        Q(public_id__icontains=words) | Q(name__icontains=words) | Q(team__slug__icontains=words)
    )


def in_order(permissions: Permissions, given: Mapping[str, str]) -> QuerySet[Request]:
    """Return the queue narrowed and ordered as a URL says, for who goes through it one by one."""
    rows = narrowed(queue_of(permissions), given)
    return rows.order_by(*ORDERS.get(given.get("sort", OLDEST), ORDERS[OLDEST]))


def known_besides(given: Mapping[str, str], facets: Facets) -> dict[str, str]:
    """Return what is asked for by a name that exists, though nothing of it waits. Mostly no query.

    Who has just decided a team's last request comes back to an empty list, not to a refusal.
    """
    people, teams, clusters = User.objects, Team.objects, Cluster.objects
    rows = {
        "team": teams.filter(slug=given.get("team", "")),
        "cluster": clusters.filter(name=given.get("cluster", "")),
        "requester": people.filter(username=given.get("requester", "")),
    }
    return {
        name: given[name]
        for name, found in rows.items()
        if given.get(name) and given[name] not in facets.of(name) and found.exists()
    }


def _answer(name: str) -> Cast:
    """Return one answer as text, None where it is missing; cast, or it is compared as JSON."""
    return Cast(KeyTextTransform(name, "spec"), TextField())


def _rank() -> Case:
    """Return what the order by risk goes by: what nobody assessed comes right after the highest."""
    order: list[Any] = [Risk.HIGH, None, Risk.MEDIUM, Risk.LOW]
    whens = [
        When(risk=risk.value, then=rank) if risk else When(risk__isnull=True, then=rank)
        for rank, risk in enumerate(order)
    ]
    return Case(*whens, default=len(order), output_field=IntegerField())


def _opens() -> Case:
    """Return what the namespace may be reached by and reach once approved, as one word of OPENS."""
    templates = [*load_catalogue().templates.values()]
    ways_out = {
        template.slug for template in templates if template.direction is OpeningDirection.EGRESS
    }
    ways_in = {
        template.slug for template in templates if template.direction is OpeningDirection.INGRESS
    }
    further = opens_any("asked_text", ways_out - {INTERNET})
    internet = opens_any("asked_text", {INTERNET})
    ingress = opens_any("asked_text", ways_in)
    return Case(
        When(kind=RequestKind.RETIRE.value, then=Value("nothing")),
        When(opens_nothing("asked_text"), then=Value("nothing")),
        When(further, then=Value("anything")),
        When(internet & ingress, then=Value("both")),
        When(internet, then=Value("internet")),
        When(ingress, then=Value("ingress")),
        default=Value("anything"),
    )
