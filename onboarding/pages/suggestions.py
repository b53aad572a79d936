"""Suggestions as people read them: who would have what asked for, and why."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from onboarding.models import ManagedNamespace, Suggestion
from onboarding.pages.path_answer import wish_words
from onboarding.queries.permissions import Permissions
from onboarding.queries.suggestions import suggestions_for


@dataclass(frozen=True)
class SuggestionCard:
    """One suggestion that waits. `url` is the change form, filled with it; "" for members."""

    row: Suggestion
    words: str
    url: str


def build_suggestions(row: ManagedNamespace, permissions: Permissions) -> list[SuggestionCard]:
    """Return what is suggested for a namespace, for people of its team."""
    is_lead = row.team_id in permissions.leads
    return [
        SuggestionCard(one, wish_words(one.answers), suggestion_url(one) if is_lead else "")
        for one in suggestions_for(row, permissions)
    ]


def suggestion_url(suggestion: Suggestion) -> str:
    """Return where a lead takes a suggestion up."""
    path = reverse("namespace-change", args=[suggestion.namespace.public_id])
    return f"{path}?{urlencode({'suggestion': suggestion.public_id})}"
