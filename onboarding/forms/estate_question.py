"""The Reachability page's question, asked by GET: the address is the question and the export's.

An end is `every namespace`, `internet`, `web entry`, a namespace, a namespace with labels, or an
address. What cannot be read, and what the page does not know, is an error and never ignored.
"""

import ipaddress
from collections.abc import Collection
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from onboarding.forms.written_ends import (
    LONGEST_END,
    PLAIN,
    check_no_host,
    is_namespace_name,
    read_labels,
)
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.estate_answers import WEB_ENTRY, EstateQuestion
from onboarding.reachability.asking import PortAsked
from onboarding.reachability.model import LAST_PORT, Protocol
from onboarding.reachability.named_ends import INTERNET

KNOWN_ENDS = "estate-ends"
EVERY = "every namespace"
ANSWERS = ("can", "cannot", "not-certain", "all")


class EstateQuestionForm(forms.Form):
    """From whom to whom, on which port, and which of the answers are shown."""

    is_filter = True
    # Where in the answer the page begins.
    passed_on: ClassVar[frozenset[str]] = frozenset({"after"})

    def __init__(self, data: QueryDict | None = None, *, clusters: Collection[str]) -> None:
        """Make the fields; `from` is a word of Python, so none can be declared by assignment."""
        super().__init__(data, auto_id="estate-%s", initial={"from": EVERY, "to": INTERNET})
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.CharField(
                label=label,
                required=False,
                max_length=LONGEST_END,
                widget=forms.TextInput(attrs={**PLAIN, "list": KNOWN_ENDS, "placeholder": EVERY}),
            )
        self.fields["port"] = forms.IntegerField(
            label=_("Port"),
            required=False,
            min_value=1,
            max_value=LAST_PORT,
            widget=forms.TextInput(attrs={**PLAIN, "inputmode": "numeric", "placeholder": "any"}),
            error_messages={
                name: _("A port is a number from 1 to 65535. Leave it empty for any port.")
                for name in ("invalid", "min_value", "max_value")
            },
        )
        catalogue = load_catalogue()
        for name, label, values in (
            ("protocol", _("Protocol"), [one.value for one in Protocol]),
            ("cluster", _("Cluster"), [*clusters]),
            ("data", _("Data class"), [*catalogue.data_classes]),
            ("answer", _("Answer"), ANSWERS),
        ):
            self.fields[name] = forms.ChoiceField(
                label=label, required=False, choices=[(one, one) for one in values],
                error_messages={"invalid_choice": _unknown(values)},
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Read the two ends; refuse what the page does not know."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("from", "to"):
            if name in cleaned:
                try:
                    cleaned[name] = _end(str(cleaned[name]).strip())
                except forms.ValidationError as wrong:
                    self.add_error(name, wrong)
        known = {*self.fields, *self.passed_on}
        if unknown := [name for name in self.data if name not in known]:
            words = _("This page has no question “%(unknown)s”. It has: %(known)s.")
            what = {"unknown": ", ".join(unknown)[:80], "known": ", ".join(self.fields)}
            self.add_error(None, words % what)
        return cleaned

    def question(self) -> EstateQuestion:
        """Return what is asked. The form is valid."""
        given = self.cleaned_data
        protocol = Protocol(given["protocol"] or Protocol.TCP)
        port = PortAsked(protocol, given["port"]) if given["port"] else None
        return EstateQuestion(given["from"], given["to"], port, given["cluster"])


def _unknown(values: Collection[str]) -> str:
    known = ", ".join(values).replace("%", "%%")
    return _("“%(value)s” is not one of: %(known)s.") % {"value": "%(value)s", "known": known}


def _end(written: str) -> str:
    """Return an end as the engine takes it; "" stands for every namespace."""
    words = written.lower()
    if words in {"", EVERY}:
        return ""
    if words in {INTERNET, WEB_ENTRY}:
        return words
    try:
        return str(ipaddress.ip_network(written, strict=False)).removesuffix("/32")
    except ValueError:
        pass
    check_no_host(written)
    namespace, slash, labels = (part.strip() for part in written.partition("/"))
    if not is_namespace_name(namespace):
        words = _("Write a namespace, namespace/label=value, an IP address, or: %(words)s.")
        raise forms.ValidationError(words % {"words": f"{EVERY}, {INTERNET}, {WEB_ENTRY}"})
    if not slash:
        return namespace
    return f"{namespace}/{','.join(f'{key}={value}' for key, value in read_labels(labels))}"
