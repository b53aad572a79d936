"""The rows of openings in the request form, as its page and its preview draw them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.catalogue import OpeningDirection, Template
from onboarding.forms.namespace_request import NamespaceRequestForm
from onboarding.forms.offers import approval_words
from onboarding.pages.opening_words import opening_words


@dataclass(frozen=True)
class RowView:
    """One row: what it is called, its fields, and what it opens as it stands; "" while unfinished.

    `said_id` names the place of that sentence, which the preview brings up to date.
    """

    number: int
    title: str
    ref: str
    is_on_offer: bool
    said: str
    approvals: str
    bound: str
    hidden: BoundField
    fields: tuple[BoundField, ...] = field(default=())

    @property
    def said_id(self) -> str:
        """Return the id of what the row says."""
        return f"opening-{self.number}-said"


@dataclass(frozen=True)
class OfferedTemplate:
    """A template that a row can be added of."""

    slug: str
    title: str


def rows_of_form(form: NamespaceRequestForm) -> tuple[RowView, ...]:
    """Return the rows of a form, in its order."""
    said = form.likely_rows()
    return tuple(_views(form, {number: opening_words(one) for number, one in said.items()}))


def offered_templates(form: NamespaceRequestForm) -> Mapping[str, tuple[OfferedTemplate, ...]]:
    """Return what can be added, by the question it answers."""
    questions = {
        OpeningDirection.INGRESS: _("Who may reach it"),
        OpeningDirection.EGRESS: _("What it may reach"),
    }
    templates = form.offer.catalogue.templates.values()
    return {
        words: tuple(
            OfferedTemplate(one.slug, one.title) for one in templates if one.direction is direction
        )
        for direction, words in questions.items()
    }


def _views(form: NamespaceRequestForm, said: Mapping[int, str]) -> Iterator[RowView]:
    for row in form.rows:
        template = row.template
        shown = {*row.names} - {row.name("template")}
        yield RowView(
            number=row.number,
            title=template.title if template else row.ref,
            ref=row.ref,
            is_on_offer=template is not None,
            said=said.get(row.number, ""),
            approvals=approval_words(template.lanes) if template else "",
            bound=_bound(template),
            hidden=form[row.name("template")],
            fields=tuple(form[name] for name in form.fields if name in shown),
        )


def _bound(template: Template | None) -> str:
    """Return how long a namespace with it may live; "" for as long as one likes."""
    if template is None or template.max_days is None:
        return ""
    days = template.max_days
    words = ngettext("For %(days)d day at most", "For %(days)d days at most", days)
    return words % {"days": days}
