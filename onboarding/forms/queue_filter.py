"""The filter above the approval queue: whose, where, how risky, what it would allow; the order."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.risk import Risk
from onboarding.forms.list_filter import ListFilter, choice_field, search_field
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.facets import Facets
from onboarding.queries.queue import COLUMNS, OLDEST, ORDERS, UNASSESSED, known_besides


class QueueFilter(ListFilter):
    """q, the columns of queries/queue.py, and `sort`, which narrows nothing."""

    q = search_field(gettext_lazy("Search"), gettext_lazy("REQ, name or team"))
    opens = choice_field(gettext_lazy("Would allow"))
    risk = choice_field(gettext_lazy("Risk"))
    kind = choice_field(gettext_lazy("Kind"))
    environment = choice_field(gettext_lazy("Environment"))
    team = choice_field(gettext_lazy("Team"))
    requester = choice_field(gettext_lazy("Asked by"))
    cluster = choice_field(gettext_lazy("Cluster"))
    sort = forms.ChoiceField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict,
        *,
        facets: Facets,
        kinds: Mapping[str, Any],
        people: Mapping[str, str],
    ) -> None:
        """Offer what waits, with numbers; `kinds` in words, `people` are requesters' names."""
        super().__init__(data)
        self.fields["q"].widget.attrs["data-key"] = "/"
        words: dict[str, Mapping[str, Any]] = {
            "opens": _opens_words(),
            "risk": _risk_words(),
            "kind": kinds,
            "environment": _environment_words(facets),
            "team": _as_they_are(facets, "team"),
            "requester": {name: people.get(name, name) for name in sorted(facets.of("requester"))},
            "cluster": _as_they_are(facets, "cluster"),
        }
        for name, value in known_besides(self.given, facets).items():
            words[name] = {**words[name], value: people.get(value, value)}
        chosen = {name: value for name, value in self.given.items() if name in COLUMNS}
        for name, known in words.items():
            counts = facets.of(name, chosen)
            self.offer(name, known, counts=counts, whatever=_whatever(name))
        self.offer("sort", _order_words(), whatever=_("Oldest first"))

    @property
    def given(self) -> dict[str, str]:
        """Return what narrows the list; the order does not."""
        return {name: text for name, text in super().given.items() if name != "sort"}

    @property
    def order(self) -> str:
        """Return the order, of a valid form."""
        return str(self.cleaned_data.get("sort", OLDEST))

    @property
    def orders(self) -> list[tuple[str, Any, str]]:
        """Return each order as (value, words, the list so ordered)."""
        known = {OLDEST: _("Oldest first"), **_order_words()}
        return [(value, words, self.url(sort=value)) for value, words in known.items()]

    @property
    def query(self) -> str:
        """Return the filter and the order as they stand in the URL, without its question mark."""
        return self.url().removeprefix("?")

    def url(self, **changes: str) -> str:
        """Return the list narrowed and ordered as now, but for these, from its first page."""
        return super().url(**{"sort": str(self.data.get("sort", "")), **changes})


def _as_they_are(facets: Facets, name: str) -> dict[str, str]:
    return {value: value for value in sorted(facets.of(name))}


def _environment_words(facets: Facets) -> dict[str, str]:
    known = load_catalogue().environments
    lost = {value: value for value in sorted(facets.of("environment")) if value not in known}
    return {**{slug: choice.title for slug, choice in known.items()}, **lost}


def _risk_words() -> dict[str, str]:
    return {
        Risk.HIGH.value: _("High risk"),
        Risk.MEDIUM.value: _("Medium risk"),
        Risk.LOW.value: _("Low risk"),
        UNASSESSED: _("Not assessed"),
    }


def _opens_words() -> dict[str, str]:
    return {
        "anything": _("Any address, any port"),
        "both": _("Internet, and traffic from outside"),
        "internet": _("Internet"),
        "ingress": _("Traffic from outside"),
        "nothing": _("Neither"),
    }


def _order_words() -> dict[str, str]:
    words = {"newest": _("Newest first"), "risk": _("Highest risk first"), "name": _("By name")}
    return {value: words[value] for value in ORDERS if value != OLDEST}


def _whatever(name: str) -> str:
    return {
        "opens": _("Anything"),
        "risk": _("Every risk"),
        "kind": _("Every kind"),
        "environment": _("Every environment"),
        "team": _("Every team"),
        "requester": _("Everybody"),
        "cluster": _("Every cluster"),
    }[name]
