"""The filter above a list: the URL is the filter, and what it does not know it refuses aloud.

A list that ignored an unknown value would show everything to somebody who asked for little. So a
parameter or value that is unknown, and one given twice, are errors of the form: its page answers
422, shows no rows, and says which values there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.refusals import Invalid
from onboarding.queries.keyset import Page, page_of

NAMED = 20
LONGEST_SEARCH = 80
LONGEST_TWICE = 160
_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True)
class FilterChip:
    """A link that sets one filter, or drops it where it is set. `count` is None where unknown."""

    label: str
    url: str
    active: bool
    count: int | None = None


class ListFilter(forms.Form):
    """What narrows a list: its fields are the parameters; `passed_on` are others of its page.

    Declare fields with choice_field and search_field, and `offer` the choices in `__init__`.
    """

    is_filter = True
    passed_on: ClassVar[frozenset[str]] = frozenset({"after"})
    # The field whose choices stand above the list as links as well, if any.
    shortcut: ClassVar[str] = ""

    def __init__(self, data: QueryDict) -> None:
        """Bind to the URL; none of the fields is required."""
        super().__init__(data, auto_id="filter-%s")
        self._url = data
        self.counts: dict[str, Mapping[str, int]] = {}
        self.words: dict[str, Mapping[str, Any]] = {}
        for bound in self.fields.values():
            bound.required = False

    def offer(
        self,
        name: str,
        words: Mapping[str, Any],
        *,
        counts: Mapping[str, int] | None = None,
        whatever: str | Promise,
    ) -> None:
        """Give a field its choices, each with its number; `whatever` is said where none is made."""
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} has no choices")
        field.choices = [
            ("", whatever),
            *((value, _counted(label, counts, value)) for value, label in words.items()),
        ]
        field.error_messages["invalid_choice"] = _unknown_value(
            [str(label) for label in words.values()]
        )
        self.counts[name], self.words[name] = counts or {}, words

    def clean(self) -> dict[str, Any]:
        """Refuse what is no filter of this list, and what is given twice."""
        cleaned: dict[str, Any] = super().clean() or {}
        names = [*self.fields]
        unknown = [name for name in self.data if name not in {*names, *self.passed_on}]
        if unknown:
            words = _("This list has no filter “%(unknown)s”. It has: %(known)s.")
            what = {"unknown": ", ".join(unknown)[:LONGEST_SEARCH], "known": ", ".join(names)}
            self.add_error(None, words % what)
        for name in {*names, *self.passed_on} & {*self.data}:
            if len(self._url.getlist(name)) > 1:
                self.add_error(name if name in self.fields else None, self._twice(name))
        return cleaned

    @property
    def given(self) -> dict[str, str]:
        """Return what is asked for, as it stands in the URL, valid or not."""
        written = {name: str(self.data.get(name, "")).strip() for name in self.fields}
        return {name: text for name, text in written.items() if text}

    @property
    def chips(self) -> list[FilterChip]:
        """Return what narrows the list now, each as a link that drops it."""
        return [
            FilterChip(f"{self[name].label}: {said}", self.url(**{name: ""}), active=True)
            for name in self.fields
            if (said := ", ".join(self._said_in(name)))
        ]

    @property
    def links(self) -> list[FilterChip]:
        """Return the shortcuts of the form's own field."""
        return self.shortcuts(self.shortcut) if self.shortcut else []

    def shortcuts(self, name: str) -> list[FilterChip]:
        """Return the choices of a field that would show something, as links with their numbers."""
        chosen = self.given.get(name, "")
        return [
            FilterChip(
                label=self._said(name, value),
                url=self.url(**{name: "" if value == chosen else value}),
                active=value == chosen,
                count=count,
            )
            for value in self.words.get(name, {})
            if (count := self.counts[name].get(value, 0)) or value == chosen
        ]

    def page(self, rows: QuerySet[_Row], *, order: Sequence[str] = ("name", "id")) -> Page[_Row]:
        """Return the rows that follow the place in the URL. Only after is_valid().

        A place that cannot be read is an error of the form, and shows none.
        """
        try:
            return page_of(rows, order=order, cursor=str(self.data.get("after", "")))
        except Invalid as wrong:
            self.add_error(None, str(wrong))
            return Page([])

    def url(self, **changes: str) -> str:
        """Return the list narrowed as now, but for these, from its first page."""
        wanted = {**self.given, **changes}
        return f"?{urlencode({name: wanted[name] for name in self.fields if wanted.get(name)})}"

    def _twice(self, name: str) -> str:
        """Return what is said of a parameter that is given more than once."""
        if name not in self.fields:
            return _("“%(name)s” is given more than once.") % {"name": name}
        said = ", ".join(self._said_in(name))[:LONGEST_TWICE]
        return _("It is given more than once (%(values)s). Choose one.") % {"values": said}

    def _said_in(self, name: str) -> list[str]:
        """Return every value of a parameter in words, each once."""
        written = (value.strip() for value in self._url.getlist(name))
        return [self._said(name, value) for value in dict.fromkeys(written) if value]

    def _said(self, name: str, value: str) -> str:
        """Return a value in the words of its choice, without the number."""
        return str(self.words.get(name, {}).get(value, value))


def choice_field(label: Any) -> forms.ChoiceField:
    """Return a field whose choices `offer` sets."""
    return forms.ChoiceField(label=label, required=False)


def search_field(label: Any, placeholder: Any) -> forms.CharField:
    """Return the field for free words."""
    attrs = {"type": "search", "placeholder": placeholder, "autocomplete": "off"}
    return forms.CharField(
        label=label,
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(attrs=attrs),
    )


def _counted(label: object, counts: Mapping[str, int] | None, value: str) -> str:
    return f"{label} ({counts.get(value, 0)})" if counts is not None else str(label)


def _unknown_value(values: list[str]) -> str:
    """Return what is said of an unknown value: which there are, as people see them.

    Django fills in `value`.
    """
    names = [value.replace("%", "%%") for value in values[:NAMED]]
    if not names:
        return _("“%(value)s” is unknown: nothing is listed yet that it could be.")
    known, rest = ", ".join(names), len(values) - NAMED
    if rest > 0:
        more = ngettext("%(count)d more", "%(count)d more", rest) % {"count": rest}
        known = f"{known}, {more}"
    return _("“%(value)s” is not one of: %(known)s.") % {"value": "%(value)s", "known": known}
