"""The filter of the history page and of its exports: the URL is the filter, nothing else is.

`from` and `to` are UTC; `to` is not included. Every field narrows, and none is required.
"""

from datetime import UTC
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onboarding.domain.actions import Action
from onboarding.models import Event

# Field of the URL -> lookup on the event. Names are compared whole, so that indexes serve them.
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


class EventFilter(forms.Form):
    """Which events a person wants to see."""

    is_filter = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the fields; `from` is a word of Python, so none can be declared by assignment."""
        super().__init__(*args, **kwargs)
        for name, label in (("from", _("From (UTC)")), ("to", _("To, not included (UTC)"))):
            self.fields[name] = forms.DateTimeField(
                label=label,
                required=False,
                widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
                input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            )
        self.fields["actor"] = _text(_("Who, as written in the list"), 160)
        self.fields["action"] = forms.ChoiceField(
            label=_("What"),
            required=False,
            choices=[("", _("Anything")), *((action.value, action.words) for action in Action)],
        )
        self.fields["team"] = _text(_("Team"), 63)
        self.fields["namespace"] = _text(_("Namespace"), 63)
        self.fields["cluster"] = _text(_("Cluster"), 63)
        self.fields["request"] = _text(_("Request"), 20)

    def clean(self) -> dict[str, Any]:
        """Refuse a span that ends before it begins; read times as UTC."""
        cleaned: dict[str, Any] = super().clean() or {}
        begin, end = cleaned.get("from"), cleaned.get("to")
        if begin and end and end <= begin:
            self.add_error("to", _("The end must be later than the beginning."))
        return cleaned

    def wanted(self) -> dict[str, str]:
        """Return what narrows the list, as text: times as UTC ISO. Only after is_valid()."""
        found = {}
        for name in LOOKUPS:
            value = self.cleaned_data[name]
            if value:
                stamp = value.astimezone(UTC).isoformat() if name in {"from", "to"} else str(value)
                found[name] = stamp
        return found

    def narrow(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """Return the events that match. Only after is_valid()."""
        lookups = {
            lookup: self.cleaned_data[name]
            for name, lookup in LOOKUPS.items()
            if self.cleaned_data[name]
        }
        return events.filter(**lookups)


def _text(label: Any, length: int) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=length)
