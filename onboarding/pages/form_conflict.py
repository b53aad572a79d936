"""Why a form was not stored although nothing in it is wrong: something else was, meanwhile.

The page shows what stands now beside what was typed; the form below it still holds all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Conflict
from onboarding.domain.spec import NamespaceSpec
from onboarding.forms.answers import answers_of
from onboarding.forms.namespace_request import NamespaceRequestForm
from onboarding.forms.opening_rows import is_of_a_row, rows_in
from onboarding.models import Request
from onboarding.pages.opening_words import opening_words
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.requests import EDITABLE


@dataclass(frozen=True)
class DifferingAnswer:
    """One question, what is stored as its answer, and what the form says."""

    label: str
    stored: str
    typed: str


@dataclass(frozen=True)
class FormConflict:
    """What happened, in words; `differing` may be empty where it is not about answers.

    `see_url` leads to what stands now; `edit_url` takes the answers of this form over there.
    """

    title: str
    words: str
    differing: tuple[DifferingAnswer, ...] = ()
    see_url: str = ""
    see_words: str = ""
    edit_url: str = ""
    edit_words: str = ""


def refused_now(conflict: Conflict) -> FormConflict:
    """Return what a service says that cannot be stored now."""
    title = _(conflict.title) if conflict.title else _("This could not be sent as it is")
    return FormConflict(title, str(conflict))


def saved_meanwhile(form: NamespaceRequestForm, row: Request) -> FormConflict:
    """Return that a draft or returned request was saved elsewhere since the form was opened."""
    return FormConflict(
        _("%(request)s was saved meanwhile") % {"request": row.label},
        _(
            "It was saved in another tab or window after you opened this form. Nothing was "
            "overwritten. Send or save this form again if your answers shall hold instead."
        ),
        differing_answers(form, row.wanted, why=row.why or ""),
        reverse("request-detail", args=[row.public_id]),
        _("See what was saved"),
    )


def changed_meanwhile(form: NamespaceRequestForm, in_force: NamespaceSpec) -> FormConflict:
    """Return that another change of the namespace was approved since the form was opened."""
    return FormConflict(
        _("%(name)s was changed meanwhile") % {"name": in_force.name},
        _(
            "A change was approved after you opened this form. Look at what it says; send the "
            "form again if your answers shall hold instead."
        ),
        differing_answers(form, in_force),
    )


def sent_before(form: NamespaceRequestForm, row: Request) -> FormConflict:
    """Return that this very form became a request already, with other answers."""
    label = {"request": row.label}
    is_editable = row.state in EDITABLE
    return FormConflict(
        _("You already sent this form as %(request)s") % label,
        _("These answers differ from it and were not stored. Send them as a new request, or not."),
        differing_answers(form, row.wanted, why=row.why or ""),
        reverse("request-detail", args=[row.public_id]),
        _("See %(request)s") % label,
        reverse("request-edit", args=[row.public_id]) if is_editable else "",
        _("Put them into %(request)s") % label,
    )


def differing_answers(
    form: NamespaceRequestForm, stored: NamespaceSpec, *, why: str | None = None
) -> tuple[DifferingAnswer, ...]:
    """Return each question of the form that is answered otherwise than it is stored.

    The reason is compared where one is stored, with a request.
    """
    then, now = {**answers_of(stored)}, {**answers_of(form.asked)}
    if why is not None:
        then["why"], now["why"] = why, form.reason
    differing = tuple(
        DifferingAnswer(
            str(field.label), _shown(field, then[name]), _shown(field, form.data.get(name, ""))
        )
        for name, field in form.fields.items()
        if name in then and not is_of_a_row(name) and then[name] != now[name]
    )
    rows_then, rows_now = _rows(then), _rows(now)
    if rows_then == rows_now:
        return differing
    return (*differing, DifferingAnswer(_("Further openings"), rows_then, rows_now))


def _rows(answers: Mapping[str, Any]) -> str:
    """Return in words what the rows of openings among the answers let through."""
    rows = rows_in(answers, load_catalogue())
    found = (row.opening(lambda name: answers.get(name, "")) for row in rows)
    return "; ".join(f"{one.key}: {opening_words(one)}" for one in found) or _("(nothing)")


def _shown(field: Any, value: Any) -> str:
    """Return an answer as the form shows it."""
    titles = {str(key): str(title) for key, title in getattr(field, "choices", ())}
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return titles.get(str(value), str(value)) or _("(nothing)")
