"""The filter of the namespaces list, of its export, and of what Home links to."""

from datetime import datetime
from typing import ClassVar

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lifecycle import NamespaceState
from onboarding.forms.counted_filter import CountedFilter, Words, matching, searched
from onboarding.forms.list_filter import choice_field, search_field
from onboarding.models import ManagedNamespace
from onboarding.queries.namespace_list import EVERY, LIVE, conditions, listed
from onboarding.queries.truth import contradicted


class NamespaceFilter(CountedFilter[ManagedNamespace]):
    """Which namespaces a person wants to see, of those they may see. Two to four statements."""

    columns: ClassVar = {"team": "team__slug", "cluster": "cluster__name"}
    implied: ClassVar = {"state": LIVE}
    every: ClassVar = {"state": EVERY}

    shortcut = "state"
    state = choice_field(_("State"))
    reason = choice_field(_("Why blocked"))
    team = choice_field(_("Team"))
    cluster = choice_field(_("Cluster"))
    opens = choice_field(_("Approved to open"))
    ends = choice_field(_("Lifetime ends"))
    outdated = choice_field(_("Cluster settings"))
    q = search_field(_("Search"), _("Name or team"))

    def __init__(
        self, data: QueryDict, *, seen: QuerySet[ManagedNamespace], now: datetime, words: Words
    ) -> None:
        """Count what the person may see by every choice, and offer the choices."""
        found = seen.filter(matching(searched(data), ("name", "team__slug")))
        ready = found.filter(state=NamespaceState.READY.value)
        differing = [row.pk for row, _truth in contradicted(ready)]
        super().__init__(
            data,
            rows=listed(found),
            known=conditions(now=now, differing=differing),
            words=words,
        )
