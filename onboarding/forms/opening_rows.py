"""Rows of openings in the request form: which there are, their fields, and what they say.

A row is a template version and its own fields, made from the template's parameters:
`opening-0-template` (hidden), `opening-0-key`, and one for each parameter. So a new template of the
types below needs no code.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.catalogue import Catalogue, Template
from onboarding.domain.objects import Json, Manifest
from onboarding.domain.parameters import Parameter
from onboarding.domain.spec import MAX_OPENINGS, Opening
from onboarding.forms.offers import Offer
from onboarding.forms.ports import PortsField

LONGEST_USUAL_KEY = 40  # leaves room for the template before it in the policy's name
_NAME = re.compile(r"opening-(\d{1,2})-([a-z_]+)")
_PLAIN_TEXT = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


@dataclass(frozen=True)
class OpeningRow:
    """One row: its number in the form, and the template version it is of, as `allow-ingress@1`.

    `template` is None where that version is not on offer: the row can only be taken away.
    """

    number: int
    ref: str
    template: Template | None

    def name(self, part: str) -> str:
        """Return the name of one of the row's fields."""
        return f"opening-{self.number}-{part}"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all fields of the row."""
        asked = self.template.asked if self.template else ()
        return tuple(map(self.name, ("template", "key", *asked)))

    def names_in(self, posted: Iterable[str]) -> frozenset[str]:
        """Return those of the posted names that are the row's.

        Of a version that is not on offer any more nobody knows them; nothing is done with them.
        """
        if self.template is not None:
            return frozenset(self.names) & {*posted}
        return frozenset(name for name in posted if name.startswith(self.name("")))

    def opening(self, answer: Callable[[str], Any]) -> Opening:
        """Return what the row asks for, where `answer` tells what a field holds."""
        slug, _at, version = self.ref.partition("@")
        asked = self.template.asked if self.template else {}
        values = {name: _as_json(answer(self.name(name))) for name in asked}
        key = str(answer(self.name("key")) or "") or _usual_key(slug, values)
        return Opening(key, slug, int(version) if version.isdecimal() else 0, values)


def is_of_a_row(name: str) -> bool:
    """Tell whether a field of the form belongs to a row."""
    return _NAME.fullmatch(name) is not None


def rows_in(fields: Mapping[str, Any], catalogue: Catalogue) -> tuple[OpeningRow, ...]:
    """Return the rows of a form by the names and values of its fields, in order."""
    found = {}
    for name in fields:
        match = _NAME.fullmatch(name)
        if match and match[2] == "template" and int(match[1]) < MAX_OPENINGS:
            ref = str(fields[name])[:80]
            found[int(match[1])] = OpeningRow(int(match[1]), ref, _template_of(ref, catalogue))
    return tuple(found[number] for number in sorted(found))


def rows_of(openings: Iterable[Opening], catalogue: Catalogue) -> dict[str, Any]:
    """Return the names and values of the fields whose rows say what the openings say."""
    fields: dict[str, Any] = {}
    for number, opening in enumerate(openings):
        row = OpeningRow(number, opening.ref, catalogue.template_of(opening))
        fields |= {row.name("template"): opening.ref, row.name("key"): opening.key}
        fields |= {row.name(name): opening.values.get(name) for name in opening.values}
    return fields


def with_a_row(fields: Mapping[str, Any], slug: str, catalogue: Catalogue) -> dict[str, str]:
    """Return the field that adds a row of a template; {} where none can be added."""
    template = catalogue.templates.get(slug)
    taken = {row.number for row in rows_in(fields, catalogue)}
    behind = range(max(taken, default=-1) + 1, MAX_OPENINGS)
    free = [*behind, *(number for number in range(MAX_OPENINGS) if number not in taken)]
    if template is None or template.direction is None or not free:
        return {}
    return {f"opening-{free[0]}-template": template.ref}


def fields_of(row: OpeningRow, offer: Offer) -> Iterator[tuple[str, forms.Field]]:
    """Yield (name, field) of a row, in the order they are shown."""
    yield row.name("template"), forms.CharField(max_length=80, widget=forms.HiddenInput)
    if row.template is None:
        return
    for name, parameter in row.template.asked.items():
        field = _FIELDS[parameter.type](parameter, offer)
        field.label, field.help_text = parameter.title or name, parameter.help
        yield row.name(name), field
    yield (
        row.name("key"),
        _TextField(
            label=gettext_lazy("Name of this opening"),
            help_text=gettext_lazy(
                "Lowercase letters, digits and hyphens. It ends the name of the policy. "
                "Left empty, the portal chooses one."
            ),
            required=False,
            strip=False,
            widget=forms.TextInput(attrs=_PLAIN_TEXT),
        ),
    )


class _TextField(forms.CharField):
    """A text as it was sent: whether it will do, the rules say."""

    def validate(self, value: Any) -> None:
        """Do nothing: the form judges all answers together."""


class _OfferedField(forms.ChoiceField):
    """A choice as it was sent: whether it is on offer, the rules say."""

    def validate(self, value: Any) -> None:
        """Do nothing: the form judges all answers together."""


def _text(_parameter: Parameter, _offer: Offer) -> forms.Field:
    return _TextField(strip=False, widget=forms.TextInput(attrs=_PLAIN_TEXT))


def _source(_parameter: Parameter, offer: Offer) -> forms.Field:
    of_one = offer.fixed.cluster if offer.fixed else ""
    slugs = dict.fromkeys(
        source.slug
        for cluster in offer.clusters
        if not of_one or cluster.name == of_one
        for source in cluster.ingress_sources.all()
    )
    return _OfferedField(choices=[("", _("Choose one")), *((slug, slug) for slug in slugs)])


def _ports(_parameter: Parameter, _offer: Offer) -> forms.Field:
    attrs = {**_PLAIN_TEXT, "placeholder": "8080, 8443"}
    return PortsField(max_length=200, widget=forms.TextInput(attrs=attrs))


# How people answer each type of parameter. A template with another type is no opening yet.
_FIELDS: Mapping[str, Callable[[Parameter, Offer], forms.Field]] = {
    "label_value": _text,
    "ingress_source": _source,
    "tcp_ports": _ports,
}


def _template_of(ref: str, catalogue: Catalogue) -> Template | None:
    template = catalogue.templates.get(ref.partition("@")[0])
    return template if template and template.direction and template.ref == ref else None


def _as_json(value: Any) -> Json:
    return [*value] if isinstance(value, tuple) else value


def _usual_key(slug: str, values: Manifest) -> str:
    """Return what an opening is called where nobody says: its component, or what it leads to."""
    component = re.sub(r"[^a-z0-9]+", "-", str(values.get("component") or "").lower())
    return component.strip("-")[:LONGEST_USUAL_KEY].strip("-") or slug.rpartition("-")[2]
