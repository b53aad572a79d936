"""What a template needs to draw one field: label, help above, control, errors beneath.

Between Django's forms and templates/components/_field.html. The control is Django's own widget with
our classes and the ARIA wiring; nothing here decides what is valid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class FieldView:
    """One field with a single control. described_by lists ids in reading order."""

    id: str
    label: str
    help: str
    help_id: str
    error_id: str
    errors: list[str]
    described_by: str
    is_check: bool
    is_optional: bool
    control: SafeString


@dataclass(frozen=True)
class Card:
    """One choice: its input, its label, words on the right (aside), words below (note)."""

    id: str
    control: SafeString
    label: str
    aside: str
    note: str


@dataclass(frozen=True)
class OptionsView:
    """One question with choices as cards."""

    id: str
    label: str
    help: str
    help_id: str
    error_id: str
    errors: list[str]
    described_by: str
    is_optional: bool
    cards: list[Card]


@dataclass(frozen=True)
class ErrorItem:
    """One line of the summary; target is the id to jump to, "" when no field is to blame.

    `id` is that of the line itself where it alone says what is wrong: see `_says_once`.
    """

    label: str
    text: str
    target: str
    id: str = ""


def is_choice_of_cards(bound: BoundField) -> bool:
    """Return whether the field is a set of radio buttons or check boxes."""
    return bound.widget_type in {"radioselect", "checkboxselectmultiple"}


def _is_filter(bound: BoundField) -> bool:
    """Tell whether the form only narrows a list, where every answer is optional anyway."""
    return getattr(bound.form, "is_filter", False)


def _says_once(bound: BoundField) -> bool:
    """Tell whether the summary alone says what is wrong: a filter stands right beneath it."""
    return _is_filter(bound)


def _error_ids(bound: BoundField) -> list[str]:
    """Return the ids of what describes the errors: one of all, or each line of the summary."""
    first = f"{_field_id(bound)}_error"
    return [first, *(f"{first}-{at}" for at in range(2, len(bound.errors) + 1))]


def _field_id(bound: BoundField) -> str:
    return bound.auto_id or bound.html_name


def _described_by(bound: BoundField, extra: str, *, has_help: bool) -> str:
    base = _field_id(bound)
    own = [f"{base}_helptext"] if has_help else []
    ids = _error_ids(bound)
    wrong = (ids if _says_once(bound) else ids[:1]) if bound.errors else []
    return " ".join([*own, *extra.split(), *wrong])


def _classes(bound: BoundField, *, mono: bool) -> str:
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        kind = "form-check-input"
    else:
        kind = "form-select" if isinstance(widget, forms.Select) else "form-control"
    wanted = [kind, "mono" if mono else "", "is-invalid" if bound.errors else ""]
    return " ".join(part for part in [*wanted, str(widget.attrs.get("class", ""))] if part)


def _control(bound: BoundField, *, label: str, mono: bool, described_by: str) -> SafeString:
    attrs: dict[str, str | bool] = {"class": _classes(bound, mono=mono)}
    if bound.field.widget.attrs.get("placeholder") == label:
        attrs["placeholder"] = False  # a placeholder shows an example; the label is above already
    if described_by:
        attrs["aria-describedby"] = described_by
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return bound.as_widget(attrs=attrs)


def build_field_view(
    bound: BoundField,
    *,
    label: str = "",
    mono: bool = False,
    described_by: str = "",
    with_help: bool = True,
    says_optional: bool = True,
) -> FieldView:
    """Return the field ready to draw; described_by: ids read between the help and the errors.

    Where a label says itself when there must be an answer, `says_optional` is False.
    """
    words = label or str(bound.label)
    help_text = str(bound.help_text) if with_help else ""
    ids = _described_by(bound, described_by, has_help=bool(help_text))
    is_check = isinstance(bound.field.widget, forms.CheckboxInput)
    return FieldView(
        id=_field_id(bound),
        label=words,
        help=help_text,
        help_id=f"{_field_id(bound)}_helptext",
        error_id=f"{_field_id(bound)}_error",
        errors=[] if _says_once(bound) else [str(text) for text in bound.errors],
        described_by=ids,
        is_check=is_check,
        is_optional=says_optional and not (bound.field.required or is_check or _is_filter(bound)),
        control=_control(bound, label=words, mono=mono, described_by=ids),
    )


def _cards(bound: BoundField) -> list[Card]:
    notes: Mapping[str, tuple[str, str]] = getattr(bound.field, "notes", {})
    cards = []
    for option in bound.subwidgets:
        aside, note = notes.get(str(option.data["value"]), ("", ""))
        option.data["attrs"] |= {"class": "form-check-input", **_spoken(option, aside, note)}
        cards.append(
            Card(
                id=str(option.id_for_label),
                control=option.tag(),
                label=option.choice_label,
                aside=aside,
                note=note,
            )
        )
    return cards


def _spoken(option: Any, aside: str, note: str) -> dict[str, str]:
    """Return what a screen reader says of a card: its name, then what it is, then what it costs."""
    base = str(option.id_for_label)
    said = [f"{base}_note"] if note else []
    said += [f"{base}_cost"] if aside else []
    described = {"aria-describedby": " ".join(said)} if said else {}
    return {"aria-labelledby": f"{base}_name", **described}


def build_options_view(bound: BoundField, *, described_by: str = "") -> OptionsView:
    """Return the question with its cards; `field.notes` maps a value to (aside, note)."""
    return OptionsView(
        id=_field_id(bound),
        label=str(bound.label),
        help=str(bound.help_text),
        help_id=f"{_field_id(bound)}_helptext",
        error_id=f"{_field_id(bound)}_error",
        errors=[str(text) for text in bound.errors],
        described_by=_described_by(bound, described_by, has_help=bool(bound.help_text)),
        is_optional=not bound.field.required,
        cards=_cards(bound),
    )


def list_errors(form: forms.BaseForm) -> list[ErrorItem]:
    """Return every message of the form, first those that belong to no visible field."""
    items = [ErrorItem("", str(text), "") for text in form.non_field_errors()]
    for bound in form:
        first = "_0" if is_choice_of_cards(bound) else ""
        target = "" if bound.is_hidden else _field_id(bound) + first
        ids = _error_ids(bound) if _says_once(bound) else [""] * len(bound.errors)
        items += [
            ErrorItem(str(bound.label), str(text), target, own)
            for text, own in zip(bound.errors, ids, strict=False)
        ]
    return items


def summary_title(items: list[ErrorItem]) -> str:
    """Return the heading of the summary: how many answers need fixing."""
    answers = len({item.target for item in items if item.target})
    if not answers:
        return _("There is a problem")
    one, many = "%(count)d answer needs fixing", "%(count)d answers need fixing"
    return ngettext(one, many, answers) % {"count": answers}
