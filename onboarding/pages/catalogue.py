"""The catalogue as people read it: every template in its group, and one with all that it says.

Everything is read off the templates, so that a new one appears without a word here. Between
queries/template_use.py and templates/catalogue/.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onboarding.domain.catalogue import OpeningDirection, Template
from onboarding.domain.lifecycle import Phase
from onboarding.domain.refusals import NotFound
from onboarding.pages.parameter_words import bound_words, kind_words
from onboarding.pages.step_words import WORDS as STEPS
from onboarding.plan.baseline import is_baseline
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.render_yaml import render_template
from onboarding.templatetags.wording import approval_name


class Gives(StrEnum):
    """What a template gives its namespace: the groups of the page, in their order."""

    WAY_IN = OpeningDirection.INGRESS.value
    WAY_OUT = OpeningDirection.EGRESS.value
    BASELINE = "baseline"
    ACCESS = "access"


_GROUPS: Mapping[Gives, tuple[str | Promise, str | Promise]] = {
    Gives.WAY_IN: (
        gettext_lazy("Who may reach a namespace"),
        gettext_lazy("Openings that a team asks for."),
    ),
    Gives.WAY_OUT: (
        gettext_lazy("What a namespace may reach"),
        gettext_lazy("Openings that a team asks for."),
    ),
    Gives.BASELINE: (
        gettext_lazy("What every namespace gets"),
        gettext_lazy("Nobody asks for it apart, and nobody goes without it."),
    ),
    Gives.ACCESS: (
        gettext_lazy("What some environments grant"),
        gettext_lazy("Every namespace of these environments gets it, and no other does."),
    ),
}
_PHASES = [*Phase]


@dataclass(frozen=True)
class TemplateLine:
    """One template version. `uses` counts the namespaces it is in force in, of those one may see.

    `environments` are the titles of those that grant it, where only some do.
    """

    template: Template
    gives: Gives
    uses: int
    environments: tuple[str, ...]

    @property
    def approvals(self) -> str:
        """Return which approvals it asks by itself, e.g. "network approval"."""
        if names := [approval_name(lane) for lane in self.template.lanes]:
            return _(" and ").join(names)
        return _("with the namespace") if self.gives is Gives.BASELINE else _("none of its own")

    @property
    def longest(self) -> str:
        """Return how long it may stand."""
        if days := self.template.max_days:
            return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        return _("as long as the namespace")


@dataclass(frozen=True)
class TemplateGroup:
    """The templates that give the same."""

    gives: Gives
    title: str | Promise
    note: str | Promise
    lines: tuple[TemplateLine, ...]


@dataclass(frozen=True)
class ValueLine:
    """One value of a template. `is_asked`: a person gives it, the portal all others.

    `title` and `help` are what the form says of it, "" where nobody wrote that down.
    """

    name: str
    title: str
    help: str
    kind: str
    bound: str
    is_asked: bool


@dataclass(frozen=True)
class TemplatePage:
    """One template version with all it says. `sentence` are texts and names of values, by turns."""

    line: TemplateLine
    group: TemplateGroup
    sentence: tuple[tuple[str, str], ...]
    values: tuple[ValueLine, ...]
    includes: tuple[Template, ...]
    step: str
    yaml: str


def load_template(slug: str, version: str) -> Template:
    """Return the template version, as it stands in an address. Raise NotFound for every other."""
    template = load_catalogue().templates.get(slug)
    if template is None or template.ref != f"{slug}@{version}":
        raise NotFound(_("No such template."))
    return template


def build_groups(uses: Mapping[str, int]) -> tuple[TemplateGroup, ...]:
    """Return every template of the catalogue in its group, in the order they are applied."""
    lines = [_line(one, uses[one.ref]) for one in load_catalogue().templates.values()]
    lines.sort(key=lambda line: (_PHASES.index(Phase(line.template.phase)), line.template.ref))
    return tuple(found for gives in Gives if (found := _group(gives, lines)).lines)


def build_template_page(template: Template, *, uses: int) -> TemplatePage:
    """Return what is to be read of one template version."""
    line, known = _line(template, uses), load_catalogue().templates
    return TemplatePage(
        line=line,
        group=_group(line.gives, [line]),
        sentence=tuple(
            (text, name or "") for text, name, _spec, _how in Formatter().parse(template.opens)
        ),
        values=tuple(_values(template)),
        includes=tuple(known[slug] for slug in sorted(template.includes) if slug in known),
        step=str(STEPS[Phase(template.phase)][0]),
        yaml=render_template(template.body),
    )


def _group(gives: Gives, lines: Iterable[TemplateLine]) -> TemplateGroup:
    return TemplateGroup(
        gives, *_GROUPS[gives], lines=tuple(line for line in lines if line.gives is gives)
    )


def _line(template: Template, uses: int) -> TemplateLine:
    return TemplateLine(template, _gives(template), uses, _environments(template))


def _gives(template: Template) -> Gives:
    if template.direction:
        return Gives(template.direction.value)
    return Gives.BASELINE if is_baseline(template.ref) else Gives.ACCESS


def _environments(template: Template) -> tuple[str, ...]:
    """Return the titles of the environments whose access is bound by this template."""
    catalogue = load_catalogue()
    kinds = {kind for kind, choice in catalogue.access.items() if choice.template == template.slug}
    return tuple(
        choice.title
        for choice in catalogue.environments.values()
        if not kinds.isdisjoint(choice.access)
    )


def _values(template: Template) -> Iterable[ValueLine]:
    """Yield its values: what people give first. Of what is no opening, nobody is asked anything."""
    asked = set(template.asked) if template.direction else set()
    for name in sorted(template.parameters, key=lambda name: name not in asked):
        parameter = template.parameters[name]
        yield ValueLine(
            name=name,
            title=parameter.title,
            help=parameter.help,
            kind=kind_words(parameter),
            bound=bound_words(parameter),
            is_asked=name in asked,
        )
