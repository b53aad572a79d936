"""What a namespace would be, in the words of the person who asks: no selector, no policy.

Read off the answers, for the preview; the exact sentences stand below them and are read off the
policies themselves.
"""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.catalogue import OpeningDirection
from onboarding.domain.names import FOR_PRODUCTION, stage_said_by
from onboarding.domain.openings import EXPOSURE
from onboarding.domain.spec import NamespaceSpec, Opening, Scope
from onboarding.pages.opening_words import opening_words, shown_value
from onboarding.plan.catalogue_files import load_catalogue

PRODUCTION = "production"
ANYTHING = "egress-open"


def plain_words(spec: NamespaceSpec) -> tuple[str, ...]:
    """Return who calls it, what it calls, who talks inside, and when it ends."""
    return tuple(_sentences(spec))


def name_remark(name: str, environment: str) -> str:
    """Return that a name says another environment than was chosen; "" where it does not."""
    said = stage_said_by(name)
    chosen = load_catalogue().environments.get(environment)
    if not said or chosen is None or (said in FOR_PRODUCTION) == (environment == PRODUCTION):
        return ""
    words = {"said": said, "environment": chosen.title}
    return _("The name says %(said)s, the environment says %(environment)s. Is that meant?") % words


def _sentences(spec: NamespaceSpec) -> Iterator[str]:
    yield from _who_calls(spec)
    yield from _what_it_calls(spec)
    if spec.scope == Scope.PROJECT:
        label = f"project={spec.project}"
        yield _("Inside, workloads with the label %(label)s reach each other.") % {"label": label}
    else:
        yield _("Inside, all workloads reach each other.")
    yield (
        _("Nobody else gets in.")
        if any(one.template == ANYTHING for one in spec.openings)
        else _("Everything else is blocked, in and out.")
    )
    if spec.lifetime_days:
        words = ngettext(
            "It is meant to end %(days)d day after its approval.",
            "It is meant to end %(days)d days after its approval.",
            spec.lifetime_days,
        )
        yield words % {"days": spec.lifetime_days}
    else:
        yield _("It has no end.")


def _who_calls(spec: NamespaceSpec) -> Iterator[str]:
    inward = _of(spec, OpeningDirection.INGRESS)
    if not inward:
        yield _("Nobody outside can call it.")
    words = _("The cluster’s web entry (%(source)s) can call %(component)s on TCP %(ports)s.")
    for one in inward:
        if one.template == EXPOSURE:
            yield words % {name: shown_value(value) for name, value in one.values.items()}
        else:
            yield _("It lets in %(what)s.") % {"what": opening_words(one)}


def _what_it_calls(spec: NamespaceSpec) -> Iterator[str]:
    outward = _of(spec, OpeningDirection.EGRESS)
    if not outward:
        yield _("It calls nothing outside; it can only look names up (DNS).")
    choices = {choice.template: choice for choice in load_catalogue().egress.values()}
    words = _("It can call outside (%(what)s): %(note)s")
    for one in outward:
        choice = choices.get(one.template)
        title, note = (choice.title, choice.note) if choice else (one.key, opening_words(one))
        yield words % {"what": title, "note": note}


def _of(spec: NamespaceSpec, direction: OpeningDirection) -> list[Opening]:
    """Return the openings of one direction that are on offer."""
    catalogue = load_catalogue()
    found = ((one, catalogue.template_of(one)) for one in spec.openings)
    return [one for one, template in found if template and template.direction is direction]
