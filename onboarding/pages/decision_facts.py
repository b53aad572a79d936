"""What is asked for, in the few facts that stand in the head of a request's page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.catalogue import Choice, OpeningDirection
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Request
from onboarding.pages.opening_words import opening_words
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.templatetags.states import REQUEST_KINDS


@dataclass(frozen=True)
class RequestFacts:
    """Kind, place and bounds in words. `size_note` compares with what is in force, "" without.

    `lifetime_days` is None for no end. `is_as_before` tells that the end stays where it is.
    """

    kind: str
    environment: str
    data_class: str
    size: str
    size_note: str
    lifetime_days: int | None
    is_as_before: bool
    is_removal: bool
    reached_by: tuple[str, ...]
    reaches: tuple[str, ...]

    @property
    def ends(self) -> str:
        """Return when the namespace ends."""
        if self.is_removal:
            return _("With this request")
        if self.is_as_before:
            return _("As before")
        if self.lifetime_days is None:
            return _("No end")
        days = self.lifetime_days
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}

    @property
    def ends_note(self) -> str:
        """Return from when a lifetime counts; "" without one."""
        counts = self.lifetime_days and not self.is_removal and not self.is_as_before
        return _("from the approval") if counts else ""


def facts_of(row: Request, before: NamespaceSpec | None) -> RequestFacts:
    """Return the facts of a request; `before` is what is in force. No query."""
    spec, catalogue = row.wanted, load_catalogue()
    return RequestFacts(
        kind=str(REQUEST_KINDS[row.kind]),
        environment=_title(catalogue.environments, spec.environment),
        data_class=_title(catalogue.data_classes, spec.data_class),
        size=_size(spec),
        size_note=_size_note(spec, before),
        lifetime_days=spec.lifetime_days,
        is_as_before=row.kind == RequestKind.ADOPT.value or spec == before,
        is_removal=row.kind == RequestKind.RETIRE.value,
        reached_by=_ways(spec, OpeningDirection.INGRESS),
        reaches=_ways(spec, OpeningDirection.EGRESS),
    )


def heading_of(row: Request) -> str:
    """Return what the request asks for, as its pages are called."""
    return _heading(row.kind) % {"name": row.name}


def _heading(kind: str) -> str:
    return {
        RequestKind.ONBOARD.value: _("New namespace %(name)s"),
        RequestKind.CHANGE.value: _("Change %(name)s"),
        RequestKind.RETIRE.value: _("Retire %(name)s"),
        RequestKind.ADOPT.value: _("Take over %(name)s again"),
    }[kind]


def _ways(spec: NamespaceSpec, direction: OpeningDirection) -> tuple[str, ...]:
    """Return what is asked for in one direction; what is not on offer counts for going out."""
    catalogue = load_catalogue()
    titles = {choice.template: choice.title for choice in catalogue.egress.values()}
    found = ((one, catalogue.template_of(one)) for one in spec.openings)
    return tuple(
        titles.get(one.template) or opening_words(one)
        for one, template in found
        if (template.direction if template else OpeningDirection.EGRESS) is direction
    )


def _title(choices: Mapping[str, Choice], slug: str) -> str:
    known = choices.get(slug)
    return known.title if known else slug


def _size(spec: NamespaceSpec) -> str:
    known = load_catalogue().sizes.get(spec.size)
    return known.title if known else spec.size


def _size_note(spec: NamespaceSpec, before: NamespaceSpec | None) -> str:
    if before is None:
        return _quota_words(spec)
    if before.size == spec.size:
        return _("unchanged")
    return _("was %(size)s") % {"size": _size(before)}


def _quota_words(spec: NamespaceSpec) -> str:
    known = load_catalogue().sizes.get(spec.size)
    if known is None:
        return ""
    quota = known.quota
    return _("%(cpu)s CPU, %(memory)s, %(pods)s pods") % {
        "cpu": quota["limits.cpu"],
        "memory": quota["limits.memory"],
        "pods": quota["pods"],
    }
