"""The filter of the history page and of its exports: the URL is the filter, nothing else is.

`from` and `to` are UTC; `to` is not included. Every field narrows, and none is required. Names are
compared whole, so that indexes serve them; `q` are free words.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.actions import Action
from onboarding.forms.list_filter import FilterChip, ListFilter, choice_field, search_field
from onboarding.models import Event
from onboarding.queries.event_names import known_name, names_offered

# Field of the URL -> lookup on the event.
LOOKUPS = {
    "from": "at__gte",
    "to": "at__lt",
    "actor": "actor",
    "action": "action",
    "team": "team",
    "namespace": "namespace",
    "cluster": "cluster",
    "request": "request",
}
_NAMES = {
    "actor": gettext_lazy("Person"),
    "team": gettext_lazy("Team"),
    "namespace": gettext_lazy("Namespace"),
    "cluster": gettext_lazy("Cluster"),
    "request": gettext_lazy("Request"),
}
_LENGTHS = {"actor": 160, "request": 20}
_DATES = {"from": gettext_lazy("From (UTC)"), "to": gettext_lazy("Before (UTC)")}
_WRITTEN = "%Y-%m-%dT%H:%M"

FEW = 8  # names that are offered for a part of one


class EventFilter(ListFilter):
    """Which events a person wants to see. `before` is the id to go on from, no filter."""

    passed_on: ClassVar[frozenset[str]] = frozenset({"before"})
    q = search_field(gettext_lazy("Words"), gettext_lazy("Name, request, note"))
    action = choice_field(gettext_lazy("What"))

    def __init__(self, data: QueryDict, *, with_names: bool = False) -> None:
        """Bind to the URL; pick lists are offered `with_names` only, an export needs none."""
        super().__init__(data)
        self.offer("action", {one.value: one.words for one in Action}, whatever=_("Anything"))
        for name, label in _NAMES.items():
            self.fields[name] = _name_field(label, _LENGTHS.get(name, 63))
        for name, label in _DATES.items():  # `from` is a word of Python: not declared above
            self.fields[name] = _date_field(label)
        self.order_fields(["q", "actor", "action", "namespace", "team", "cluster", "request"])
        self.names = names_offered() if with_names else {}
        for name in self.names:
            self.fields[name].widget.attrs["list"] = f"known-{name}"

    def _near(self, field: str, written: str) -> str:
        """Return which names on offer hold what was written; "" for none."""
        known = self.names.get(field, ())
        near = [name for name in known if written.casefold() in name.casefold()]
        return _("It knows: %(names)s.") % {"names": ", ".join(near[:FEW])} if near else ""

    def clean(self) -> dict[str, Any]:
        """Refuse names that history does not know, and a span that ends before it begins."""
        cleaned = super().clean()
        for name, label in _NAMES.items():
            written = cleaned.get(name)
            if written:
                cleaned[name] = known_name(name, written)
                if not cleaned[name]:
                    words = _("History knows no %(what)s “%(name)s”.")
                    said = words % {"what": str(label).lower(), "name": written}
                    self.add_error(name, f"{said} {self._near(name, written)}".strip())
        if not self._is_place(str(self.data.get("before", ""))):
            self.add_error(None, _("The place in the list cannot be read. Begin with its newest."))
        begin, end = cleaned.get("from"), cleaned.get("to")
        if begin and end and end <= begin:
            self.add_error("to", _("The end must be later than the beginning."))
        return cleaned

    @property
    def before(self) -> int:
        """Return the id to go on from, 0 for the newest. Only after is_valid()."""
        return int(self.data.get("before") or 0)

    @property
    def search(self) -> list[str]:
        """Return the free words. Only after is_valid()."""
        return str(self.cleaned_data.get("q") or "").split()

    def wanted(self) -> dict[str, str]:
        """Return what narrows the list, as text: times as UTC ISO. Only after is_valid()."""
        found = {}
        for name in (*LOOKUPS, "q"):
            value = self.cleaned_data[name]
            if value:
                stamp = value.astimezone(UTC).isoformat() if name in _DATES else str(value)
                found[name] = stamp
        return found

    def narrow(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """Return the events that match all but the free words. Only after is_valid()."""
        lookups = {
            lookup: self.cleaned_data[name]
            for name, lookup in LOOKUPS.items()
            if self.cleaned_data[name]
        }
        return events.filter(**lookups)

    def spans(self, now: datetime) -> list[FilterChip]:
        """Return the spans people ask for, as links that keep the other filters."""
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        month = today.replace(day=1)
        before = (month - timedelta(days=1)).replace(day=1)
        spans = (
            (_("Last 7 days"), today - timedelta(days=6), None),
            (_("This month"), month, None),
            (_("Last month"), before, month),
        )
        return [self._span(label, begin, end) for label, begin, end in spans]

    @staticmethod
    def _is_place(written: str) -> bool:
        return not written or (written.isascii() and written.isdecimal() and len(written) < 19)

    def _span(self, label: str, begin: datetime, end: datetime | None) -> FilterChip:
        wanted = {"from": f"{begin:{_WRITTEN}}", "to": f"{end:{_WRITTEN}}" if end else ""}
        active = all(self.given.get(name, "") == value for name, value in wanted.items())
        dropped = dict.fromkeys(wanted, "")
        return FilterChip(label, self.url(**(dropped if active else wanted)), active)


def _name_field(label: Any, length: int) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=length, widget=widget)


def _date_field(label: Any) -> forms.DateTimeField:
    """Return a field for times as history prints them; a browser's own follows its locale."""
    return forms.DateTimeField(
        label=label,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "2026-11-24 14:00", "autocomplete": "off"}),
        input_formats=[_WRITTEN, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        error_messages={"invalid": _("Write a date such as 2026-11-24, or 2026-11-24 14:00.")},
    )
