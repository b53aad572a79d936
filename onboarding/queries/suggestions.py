"""Suggestions that wait for a lead: of one namespace, and of every team a person leads."""

from django.db.models import QuerySet

from onboarding.domain.lifecycle import ENDED
from onboarding.domain.refusals import NotFound
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import ManagedNamespace, Request, Suggestion
from onboarding.queries.permissions import Permissions

SHOWN = 50


def may_suggest(permissions: Permissions, namespace: ManagedNamespace) -> bool:
    """Tell whether a person suggests changes to the leads: a member who is none of them."""
    team = namespace.team_id
    return team in permissions.teams and team not in permissions.leads


def open_suggestions(permissions: Permissions) -> list[Suggestion]:
    """Return what waits for a person as a lead, the oldest first. One query."""
    rows = _standing().filter(namespace__team__in=permissions.leads)
    return list(rows.exclude(namespace__state__in=sorted(ENDED)).order_by("id")[:SHOWN])


def suggestions_for(namespace: ManagedNamespace, permissions: Permissions) -> list[Suggestion]:
    """Return what is suggested for a namespace, for those of its team. One query at most."""
    if namespace.team_id not in permissions.teams or namespace.state in ENDED:
        return []
    return list(_standing().filter(namespace=namespace).order_by("id")[:SHOWN])


def load_suggestion(namespace: ManagedNamespace, public_id: str) -> Suggestion:
    """Return a suggestion of this namespace, whatever became of it. Raise NotFound."""
    rows = Suggestion.objects.filter(namespace=namespace)
    rows = rows.select_related("person", "taken_as", "namespace")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("No such suggestion.")
    return row


def suggestion_of(draft: Request) -> Suggestion | None:
    """Return the suggestion that waits and that a draft was made from, if one does. One query."""
    return _standing().filter(taken_as=draft).first()


def in_force_then(suggestion: Suggestion) -> NamespaceSpec | None:
    """Return what was approved when a suggestion was made, None where nothing was. One query."""
    rows = suggestion.namespace.revisions.filter(created_at__lte=suggestion.made_at)
    return next((row.wanted for row in rows if not row.ends_namespace), None)


def _standing() -> QuerySet[Suggestion]:
    rows = Suggestion.objects.filter(taken_at=None, dismissed_at=None)
    return rows.select_related("person", "namespace", "namespace__team", "namespace__cluster")
